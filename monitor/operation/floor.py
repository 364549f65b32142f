"""The floor of the version in use: too little discrimination opens a corrective action.

Recalibration cannot mend it, because ranks do not change, and does not close it. The k-th check of a place is
made when enough studies have come since the check before, and uses those alone: `minimum_events` of the
rarer class for the first, as many again for the second, then twice as many each time, so that the studies
ever checked double. It may err with probability alpha / 2**k, where alpha is the plan's
`false_alarm_probability`, shared by the strata of a site where the plan has some; over all checks that
ever come these sum to at most alpha, spent apart from the streams.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.operation.attempt.windows import Knowledge, describe, read_rows
from monitor.operation.workspace import Workspace
from monitor.records import Estimate, Place
from monitor.store import CohortCount


def events_for_check(number: int, minimum_events: int) -> int:
    """Studies of the rarer class that the k-th check needs, all since the one before.

    Example:
        >>> [events_for_check(number, 200) for number in (1, 2, 3, 4)]
        [200, 200, 400, 800]
    """
    return minimum_events * 2 ** max(0, number - 2)


def alpha_of_check(number: int, alpha: float) -> float:
    """Probability with which the k-th check may call a version below its floor that is not.

    Example:
        >>> [alpha_of_check(number, 0.05) for number in (1, 2, 3)]
        [0.025, 0.0125, 0.00625]
    """
    return alpha / 2**number


class FloorChecks:
    """Counts what has come since each place's last check, and checks when it is enough."""

    def __init__(self, workspace: Workspace) -> None:
        """Take up where the ledger's last checks left off."""
        self.workspace = workspace
        checked = {place: self._checked_to(place) for place in self._places_checked()}
        self.since = workspace.store.outcomes_since(checked)

    def add(self, count: CohortCount) -> None:
        """Take one more mature cohort of a place into account."""
        if count.cohort <= self._checked_to(count.place):
            return
        known, positives = self.since.get(count.place, (0, 0))
        self.since[count.place] = (known + count.known, positives + count.positives)

    def check(self, knowledge: Knowledge) -> None:
        """Check every place that has enough studies; an undated log is checked once."""
        plan = self.workspace.loaded.plan
        if plan.monitoring.floor_of_live_version is None:
            return
        for place, (known, positives) in sorted(self.since.items()):
            number = self._checks(place) + 1
            enough = events_for_check(number, plan.evaluation.minimum_events)
            if min(positives, known - positives) >= enough and not (plan.undated and number > 1):
                self._check(place, number, knowledge)
                self.since[place] = (0, 0)

    def _check(self, place: Place, number: int, knowledge: Knowledge) -> None:
        after = self._checked_to(place)
        first = after or self.workspace.loaded.plan.monitoring.first_cohort
        rows = read_rows(self.workspace, place, knowledge, first)
        if rows is None:
            return
        rows = rows.where(rows.cohort > after).known()
        plan = self.workspace.loaded.plan
        strata = max(1, len(plan.strata))
        alpha = alpha_of_check(number, plan.monitoring.false_alarm_probability / strata)
        from monitor.performance import area_under_curve  # few nights have a check

        area = area_under_curve(rows.score, rows.outcome, rows.patient, level=1.0 - 2.0 * alpha)
        night = knowledge.matured_by.isoformat()
        body = {
            "site": place.site,
            "finding": place.finding,
            "check": number,
            "night": night,
            "known_by": knowledge.known_by.isoformat(),
            "metric": "auc",
            "estimate": asdict(area),
            "floor": self._floor(),
            "alpha": alpha,
            "status": status_of(area, self._floor()),
            **describe(rows),
        }
        self.workspace.record("floor_check", night, body)
        if body["status"] == "below":
            self._open_corrective_action(body)

    def _open_corrective_action(self, check: dict[str, Any]) -> None:
        place = Place(check["site"], check["finding"])
        keys = ("site", "finding", "check", "metric", "estimate", "floor", "alpha", "night")
        body = {
            "corrective_action": f"CA-{len(self.workspace.state.corrective_actions) + 1:04d}",
            **{key: check[key] for key in keys},
            "calibrator": self.workspace.state.calibrator(place).version,
        }
        self.workspace.record("corrective_action", check["night"], body)

    def _floor(self) -> float:
        floor = self.workspace.loaded.plan.monitoring.floor_of_live_version
        return floor.auc if floor else 0.0

    def _checks(self, place: Place) -> int:
        return self.workspace.state.floor_checks.get(place, {}).get("check", 0)

    def _places_checked(self) -> set[Place]:
        return {*self.workspace.state.floor_checks, *self.workspace.state.archived}

    def _checked_to(self, place: Place) -> str:
        checked = self.workspace.state.floor_checks.get(place, {}).get("to", "")
        return max(checked, self.workspace.state.archived_to(place))


def status_of(area: Estimate, floor: float) -> str:
    """below: shown to be under the floor; not_below: not shown; no_estimate: no interval exists.

    Example:
        >>> status_of(Estimate(0.7, 0.6, 0.8, 900, 200, "m"), 0.85)
        'below'
        >>> status_of(Estimate(0.7, None, None, 2, 1, "m"), 0.85)
        'no_estimate'
    """
    if area.high is None:
        return "no_estimate"
    return "below" if area.high < floor else "not_below"
