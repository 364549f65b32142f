"""The outcome log of a site as text: late, indeterminate, revised, repeated and orphaned results too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor.records import IntArray
from monitor.simulation.clock import NOON, stamps
from monitor.simulation.files import Line, accession, pick, repeated
from monitor.simulation.studies import LONGEST_PROMPT_DELAY_DAYS, SiteLog

HEADER = "accession,hospital,ptx_confirmed,confirmed_at,source"
LABEL_SOURCE = "ct_or_two_readers"
CONFIRMED_AFTER_SECONDS = 5400
REVISED_AFTER_DAYS = 2
REVISED_SHARE = 0.003
ORPHAN_SHARE = 0.001


def outcome_lines(log: SiteLog, rng: np.random.Generator) -> list[Line]:
    """Lines of the outcome log, in no particular order."""
    confirmed = log.confirmation.delay_days >= 0
    prompt = (
        confirmed
        & (log.confirmation.delay_days <= LONGEST_PROMPT_DELAY_DAYS)
        & ~log.confirmation.indeterminate
    )
    revised = prompt & (rng.random(len(log)) < REVISED_SHARE)
    lines = _confirmations(log, np.flatnonzero(confirmed & ~revised))
    lines += _revisions(log, np.flatnonzero(revised))
    lines += _orphans(log, np.flatnonzero(rng.random(len(log)) < ORPHAN_SHARE))
    return repeated(lines, rng)


def _confirmations(log: SiteLog, study: IntArray) -> list[Line]:
    results = pick(log.outcome[study] == 1.0, "1", "0")
    for place in np.flatnonzero(log.confirmation.indeterminate[study]).tolist():
        results[place] = ""
    return _lines(log, study, log.night[study] + log.confirmation.delay_days[study], results)


def _revisions(log: SiteLog, study: IntArray) -> list[Line]:
    """First the opposite result, then the right one, still within the follow-up."""
    day = log.night[study] + log.confirmation.delay_days[study]
    event = log.outcome[study] == 1.0
    first = _lines(log, study, day, pick(event, "0", "1"))
    return first + _lines(log, study, day + REVISED_AFTER_DAYS, pick(event, "1", "0"))


def _orphans(log: SiteLog, like: IntArray) -> list[Line]:
    """Results of studies the model never saw."""
    numbers = (len(log) + 1 + like).tolist()
    day = log.night[like]
    times = stamps(day, np.full(len(day), NOON))
    return [
        Line(at, NOON, f"{accession(number)},{log.truth.site},0,{time},{LABEL_SOURCE}")
        for at, number, time in zip(day.tolist(), numbers, times, strict=True)
    ]


def _lines(log: SiteLog, study: IntArray, day: IntArray, results: Sequence[str]) -> list[Line]:
    second = log.second[study] + CONFIRMED_AFTER_SECONDS
    site = log.truth.site
    rows = zip(day.tolist(), second.tolist(), (study + 1).tolist(), results, stamps(day, second), strict=True)
    return [
        Line(at, moment, f"{accession(number)},{site},{result},{time},{LABEL_SOURCE}")
        for at, moment, number, result, time in rows
    ]
