"""How often a candidate of known worth passes each look, judged by the plan's own criteria."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.plan import ChangePlan
from monitor.rehearsal.candidates import (
    Candidate,
    draw_proposal,
    draw_validation,
    evidence_of,
    look_rows,
    patients,
    rows_for,
    volume_of,
)
from monitor.rehearsal.sites import SiteProfile
from monitor.validation import LookBound, judge, look_bounds


@dataclass(frozen=True)
class Share:
    """A share of runs with its Monte Carlo standard error.

    Example:
        >>> share = Share(80, 100)
        >>> f"{share.value:.2f} {share.error:.2f}"
        '0.80 0.04'
    """

    count: int
    runs: int

    @property
    def value(self) -> float:
        return self.count / self.runs

    @property
    def error(self) -> float:
        return math.sqrt(self.value * (1.0 - self.value) / self.runs)

    def as_record(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {"value": self.value, "error": self.error, "runs": self.runs}


@dataclass(frozen=True)
class LookPassing:
    """One look of one candidate, all looks up to it together.

    Attributes:
        events: Of the rarer class, as planned.
        reached: Share of runs whose site had the events in time, at this look.
        accepted, rejected: Share of all runs that were decided at this look or before.
    """

    events: int
    reached: Share
    accepted: Share
    rejected: Share

    def as_record(self) -> dict[str, Any]:
        """The form of `--json`."""
        shares = {"reached": self.reached, "accepted": self.accepted, "rejected": self.rejected}
        return {"events": self.events, **{name: share.as_record() for name, share in shares.items()}}


def bounds_of(plan: ChangePlan, attempt: int = 1) -> tuple[LookBound, ...]:
    """The bound of each look of an attempt, counted from 1."""
    looks = plan.evaluation.looks
    return look_bounds(looks.events, plan.evaluation.attempt_alpha[attempt - 1], looks.spending)


def passing(
    plan: ChangePlan, site: SiteProfile, candidate: Candidate, runs: int, seed: int
) -> tuple[LookPassing, ...]:
    """Simulate first attempts at a site.

    Args:
        plan: Its looks, alpha and criteria.
        site: Where.
        candidate: What is put forward in every run.
        runs: How many attempts.
        seed: Site and candidate have streams of their own, so that another site changes nothing.

    Returns:
        One per look. A run without a candidate, or whose site has too few events in time, is not passed.
    """
    rng = np.random.default_rng([seed, zlib.crc32(repr(site).encode()), zlib.crc32(candidate.name.encode())])
    ends = [_attempt(rng, plan, site, candidate) for _ in range(runs)]
    return tuple(
        LookPassing(
            events,
            Share(sum(end.reached > look for end in ends), runs),
            Share(sum(end.verdict == "accept" and end.decided_at <= look for end in ends), runs),
            Share(sum(end.verdict == "reject" and end.decided_at <= look for end in ends), runs),
        )
        for look, events in enumerate(plan.evaluation.looks.events)
    )


@dataclass(frozen=True)
class _End:
    """How an attempt ended: its verdict, the look it came at, and how many looks had their events."""

    verdict: str
    decided_at: int
    reached: int


def _attempt(rng: np.random.Generator, plan: ChangePlan, site: SiteProfile, candidate: Candidate) -> _End:
    evaluation, volume = plan.evaluation, volume_of(plan, site)
    events = evaluation.looks.events
    rows = draw_validation(
        rng, rows_for(events[-1], evaluation.minimum_patients, volume, site), site, candidate
    )
    lengths = look_rows(rows, volume.cohort, events, evaluation.minimum_patients)
    reached = sum(length is not None for length in lengths)
    proposal = draw_proposal(rng, plan, site, candidate)
    if proposal is None:
        return _End("none", len(events), reached)
    for look, (length, bound) in enumerate(zip(lengths, bounds_of(plan), strict=True)):
        if length is None:
            break
        if length in lengths[look + 1 :]:
            continue  # the rows reach a later look as well, which is then the one that judges
        evidence = evidence_of(rows.first(length), patients(length), proposal)
        verdict = judge(evaluation.criteria, evidence, bound.nominal_alpha).verdict
        if verdict != "insufficient":
            return _End(verdict, look, reached)
    return _End("insufficient", len(events), reached)
