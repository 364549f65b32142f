"""Every night one past night is rebuilt from its rows; a difference stops the night."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from math import isclose

from monitor.drift import visits
from monitor.errors import EvidenceError
from monitor.hashing import sha256_text
from monitor.operation.live_threshold import finding_of
from monitor.operation.watching.features import features_of
from monitor.operation.watching.site import Reading, Seen, SiteNight, see
from monitor.operation.watching.specs import AGREEMENT, PREVALENCE
from monitor.operation.watching.watch import ARRIVALS, Watch
from monitor.records import Place, Unread
from monitor.store import MeanLook

CLOSE = 1e-9
UNTOLD = (PREVALENCE, AGREEMENT)
"""Features whose past values depend on more than the predictions: outcomes, and the threshold then in use."""


def check_a_past_night(watch: Watch, night: str) -> str | None:
    """Rebuild what one past night added to the streams of predictions and compare it with what is stored.

    Which night is drawn by a hash, so that a replay checks the same ones.

    Args:
        watch: The streams of a workspace that is open for writing; nothing is changed.
        night: The one that is being run.

    Returns:
        The night that was checked; None where there is none, or its rows have left the database.

    Raises:
        EvidenceError: The stored sums are not those of the rows.
    """
    workspace = watch.workspace
    state = workspace.state
    nights = [number for number, body in enumerate(state.nights) if "due" in body]
    if not nights:
        return None
    drawn = nights[int(sha256_text(f"self-check {workspace.loaded.sha256} {night}")[:12], 16) % len(nights)]
    checked = state.nights[drawn]["night"]
    if checked <= state.archived_after:
        return None
    after = state.marks[drawn - 1] if drawn else None
    rows = workspace.store.unread(after, state.marks[drawn])
    stored = workspace.store.mean_looks(night=date.fromisoformat(checked))
    told = {look.place: look.rows for look in stored if look.stream == ARRIVALS}
    if told != {place: len(found) for place, found in rows.items()}:
        raise _differs(checked, "the number of predictions of some place")
    looks: defaultdict[Place, list[MeanLook]] = defaultdict(list)
    for look in stored:
        looks[look.place].append(look)
    watch.make_streams(rows)
    for place, found in rows.items():
        _compare(looks[place], see(_read_again(watch, found, looks[place])), checked)
    return checked


def _read_again(watch: Watch, rows: Unread, stored: list[MeanLook]) -> SiteNight:
    """What the streams of predictions that are stored read at a place then; nothing is bet."""
    plan, names = watch.plan, {look.stream for look in stored}
    readings = tuple(
        Reading(spec.name, spec.feature, watch.stream_of(spec, rows.place), None)
        for spec in watch.specs
        if spec.feature not in UNTOLD and spec.name in names
    )
    return SiteNight(
        features_of(plan, finding_of(plan, rows.place), rows, None), visits(rows.patient), readings
    )


def _compare(stored: list[MeanLook], seen: Mapping[str, Seen], checked: str) -> None:
    for look in stored:
        if look.stream in seen and not _same(seen[look.stream].sums, look.sums):
            raise _differs(checked, f"{look.site} {look.finding} {look.stream}")


def _same(found: Sequence[float], stored: Sequence[float]) -> bool:
    """A handful of sums each, of thousands of streams: too few at a time for arrays."""
    return len(found) == len(stored) and all(
        isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE) for one, other in zip(found, stored, strict=True)
    )


def _differs(night: str, what: str) -> EvidenceError:
    return EvidenceError(
        f"self-check of the night {night}: expected the stored sums of {what} to be those of its rows, found "
        "others; delete monitor.duckdb, the next run makes it again from archive and ledger"
    )
