"""The live calibrator of a place, applied to scores: a probability, a side of the threshold, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds
from monitor.errors import UsageError
from monitor.logistic import expit, logit
from monitor.operation.attempt.operating_points import limits_of, probability_at
from monitor.operation.live_threshold import finding_of, live_threshold
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import read_plan
from monitor.performance import abstains
from monitor.plan import ChangePlan
from monitor.plan.model import stratum_site
from monitor.records import Calibrator, FloatArray, Place
from monitor.registry import RegistryState


@dataclass(frozen=True)
class Live:
    """What is in use at a place.

    Attributes:
        raw_threshold: Scores from here on are flagged; None when the plan has no operating point.
        probability_threshold: The calibrator's probability there.
        may_abstain: Whether the plan lets the calibrator say that it does not know.
        limits: Raw log-odds the calibrator was fitted on; None for the authorised original.
    """

    place: Place
    calibrator: Calibrator
    raw_threshold: float | None
    probability_threshold: float | None
    may_abstain: bool
    limits: tuple[float, float] | None


@dataclass(frozen=True)
class Answer:
    """What the live calibrator says of one raw score.

    Attributes:
        flagged: Score at or above the threshold; None when the plan has no operating point.
        abstains: Its side of the threshold is not known; None when the plan has no abstention.
    """

    score: float
    probability: float
    flagged: bool | None
    abstains: bool | None

    def as_record(self) -> dict[str, Any]:
        """The machine-readable form."""
        return asdict(self)


def live(path: Path, site: str, finding: str | None = None) -> Live:
    """The deployed calibrator of a site with its threshold; the authorised original where none was deployed.

    Args:
        path: The workspace.
        site: As the logs name it.
        finding: May be left out when the plan has one.

    Raises:
        UsageError: The finding is missing or not in the plan, the site is not in the logs, or it has strata.
    """
    loaded = read_plan(path)
    place = Place(site, one_finding(loaded.plan, finding))
    state = read_state(path, loaded)
    require_stratum(loaded.plan, state, place)
    if place not in {place for place, _ in state.streams}:
        raise UsageError(f"--site {site}: no mature study of this site and finding has been read yet")
    calibrator, planned = state.calibrator(place), finding_of(loaded.plan, place)
    raw = None if planned.operating_point is None else live_threshold(state, planned.operating_point, place)
    deployed = state.deployments.get(place)
    return Live(
        place,
        calibrator,
        raw,
        None if raw is None else probability_at(calibrator, raw),
        planned.abstention is not None,
        limits_of(state.changes[deployed[-1]["change"]].candidate) if deployed else None,
    )


def require_stratum(plan: ChangePlan, state: RegistryState, place: Place) -> None:
    """Each stratum has a calibrator of its own, so the name of their site chooses none.

    Raises:
        UsageError: The name is that of a site with strata; lists those that have been read.
    """
    read = {known.site for known, _ in state.streams if known.finding == place.finding}
    names = [stratum_site(place.site, stratum) for stratum in plan.strata]
    found = [f"'{name}'" for name in names if name in read]
    if found and place.site not in read:
        raise UsageError(
            f"--site {place.site}: the plan has strata inside each site; name one of {', '.join(found)}"
        )


def live_calibrator(path: Path, site: str, finding: str | None = None) -> Calibrator:
    """The calibrator in use at a site; raises as `live` does."""
    return live(path, site, finding).calibrator


def answers(live: Live, scores: Sequence[float]) -> list[Answer]:
    """What is said of each raw score, in their order.

    Raises:
        UsageError: A score is not a number in [0, 1].

    Example:
        >>> from monitor.records import IDENTITY
        >>> original = Live(Place("North", "nodule"), IDENTITY, 0.25, 0.25, True, None)
        >>> [(answer.flagged, answer.abstains) for answer in answers(original, [0.2, 0.25])]
        [(False, False), (True, False)]
    """
    probabilities = calibrated(live.calibrator, scores)
    silent = _abstains(live, logit(np.asarray(scores, dtype=float)))
    return [
        Answer(
            float(score),
            probability,
            None if live.raw_threshold is None else score >= live.raw_threshold,
            None if silent is None else silent[at],
        )
        for at, (score, probability) in enumerate(zip(scores, probabilities, strict=True))
    ]


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


def _abstains(live: Live, x: FloatArray) -> list[bool] | None:
    if not live.may_abstain or live.probability_threshold is None:
        return None
    threshold = float(logit(np.array([live.probability_threshold]))[0])
    return [bool(said) for said in abstains(live.calibrator, x, threshold, live.limits)]
