"""When a place will next be decided about, at its own volume: by whom, at which look, or never and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.plan import ChangePlan
from monitor.records import Place
from monitor.registry import Change, RegistryState
from monitor.registry.change import CALIBRATION


@dataclass(frozen=True)
class Waiting:
    """Events that a change, or one that would be opened now, still waits for.

    Attributes:
        stage: The window that is being filled: "fit" or "look".
        have: Events of the rarer class in it.
        need: Events at which it is full.
        still_to_come: Events of the look that follows a fit.
    """

    stage: str
    have: int
    need: int
    still_to_come: int = 0

    @property
    def missing(self) -> int:
        """Events until the look."""
        return max(self.need - self.have, 0) + self.still_to_come


def next_decision(
    plan: ChangePlan, state: RegistryState, counts: OutcomeCounts, place: Place, night: date
) -> dict[str, Any]:
    """What is decided next at a place and when.

    Args:
        plan: In force, under which an open change is judged.
        state: Of the ledger.
        counts: Usable outcomes of mature cohorts.
        place: The site and finding.
        night: The last finished night, from which time is counted.

    Returns:
        `state`: "sign" (a person decides now), "approved", "collecting" (an open change waits for events),
        "no_change" (none is open; the numbers are those of one opened now) or "no_attempt_left". `change`;
        `on`: forecast day of the look, None for never; `months`, `events_per_month` and what is missing;
        `deadline`: the day after which an open change ends as insufficient.
    """
    changes = [change for change in state.changes.values() if change.place == place]
    change = next((item for item in reversed(changes) if item.state in OPEN), None)
    if change is not None:
        return {"change": change.id, **of_change(plan, change, counts, night)}
    deferred = state.deferred.get(state.open_alarm(place, CALIBRATION) or "", {}).get("reason")
    begun = {"change": None, "deferred": deferred}
    if len(changes) >= len(plan.evaluation.attempt_alpha):
        return {**begun, "state": "no_attempt_left", "attempts": len(changes), "on": None}
    waiting = Waiting("fit", 0, plan.retraining.events_for.least, plan.evaluation.looks.events[0])
    deadline = night + timedelta(days=plan.evaluation.maximum_wait_days)
    return {**begun, "state": "no_change", **_forecast(waiting, counts, place, (night, deadline))}


OPEN = {"collecting": "collecting", "proposed": "sign", "approved": "approved"}
"""States in which a change is not decided, and what is awaited in each."""


def of_change(plan: ChangePlan, change: Change, counts: OutcomeCounts, night: date) -> dict[str, Any]:
    """What an open change waits for."""
    if change.state != "collecting":
        return {"state": OPEN[change.state], "on": night.isoformat()}
    opened = date.fromisoformat(change.opened.get("opened_on", change.alarm["night"]))
    deadline = opened + timedelta(days=plan.evaluation.maximum_wait_days)
    waiting = awaited(plan, change, counts)
    look = {"look": change.looks_held + 1, "looks": len(plan.evaluation.looks.events)}
    return {
        "state": "collecting",
        **look,
        **_forecast(waiting, counts, change.place, (night, deadline)),
    }


def awaited(plan: ChangePlan, change: Change, counts: OutcomeCounts) -> Waiting:
    """Events that a collecting change has and needs, in the window that it fills now."""
    look = plan.evaluation.looks.events[change.looks_held]
    if change.candidate is None:
        have = counts.events(change.place, change.opened["fit_from"])
        return Waiting("fit", have, plan.retraining.events_for.least, look)
    return Waiting("look", counts.events(change.place, change.candidate["fit"]["to"], after=True), look)


def _forecast(
    waiting: Waiting, counts: OutcomeCounts, place: Place, days: tuple[date, date]
) -> dict[str, Any]:
    (night, deadline), rate = days, counts.events_per_month(place)
    reached = counts.reached_on(place, waiting.missing, night)
    return {
        "stage": waiting.stage,
        "have": waiting.have,
        "need": waiting.need,
        "still_to_come": waiting.still_to_come,
        "missing": waiting.missing,
        "events_per_month": round(rate, 2),
        "months": None if reached is None else round(waiting.missing / rate, 1),
        "on": None if reached is None else reached.isoformat(),
        "deadline": deadline.isoformat(),
        "in_time": reached is not None and reached <= deadline,
    }
