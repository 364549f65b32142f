"""The live calibrator of a place, applied to scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from monitor.calibrators import calibrated_log_odds
from monitor.errors import UsageError
from monitor.logistic import expit, logit
from monitor.operation.status import read_state
from monitor.operation.workspace import read_plan
from monitor.plan import ChangePlan
from monitor.records import Calibrator, Place


def live_calibrator(path: Path, site: str, finding: str | None = None) -> Calibrator:
    """The deployed calibrator of a site, or the authorised original where none was deployed.

    Args:
        path: The workspace.
        site: As the logs name it.
        finding: May be left out when the plan has one.

    Raises:
        UsageError: The finding is missing or not in the plan, or the site is not in the logs.
    """
    loaded = read_plan(path)
    place = Place(site, one_finding(loaded.plan, finding))
    state = read_state(path, loaded)
    if place not in {place for place, _ in state.streams}:
        raise UsageError(f"--site {site}: no mature study of this site and finding has been read yet")
    return state.calibrator(place)


def one_finding(plan: ChangePlan, finding: str | None) -> str:
    """The finding that was named, or the plan's only one.

    Raises:
        UsageError: None was named and there are several, or the plan does not list it.
    """
    findings = [item.id for item in plan.findings]
    if finding is None and len(findings) > 1:
        raise UsageError(f"name one of the plan's findings with --finding: {', '.join(findings)}")
    chosen = finding or findings[0]
    if chosen not in findings:
        raise UsageError(f"--finding {chosen}: the plan lists {', '.join(findings)}")
    return chosen


def calibrated(calibrator: Calibrator, scores: Sequence[float]) -> list[float]:
    """Calibrated probabilities of raw scores, in their order.

    Raises:
        UsageError: A score is not a number in [0, 1].

    Example:
        >>> from monitor.records import IDENTITY
        >>> [round(value, 6) for value in calibrated(IDENTITY, [0.25, 0.5])]
        [0.25, 0.5]
    """
    values = np.asarray(scores, dtype=float)
    if np.isnan(values).any() or (values < 0).any() or (values > 1).any():
        raise UsageError("a score must be a number from 0 to 1")
    mapped = expit(calibrated_log_odds(calibrator, logit(values)))
    return [float(value) for value in mapped]
