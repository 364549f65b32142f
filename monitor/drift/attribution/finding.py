"""What is said of a shift: the explanations that remain, or why none may be named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from monitor.drift.attribution.hypotheses import EXPLANATIONS, Explanation, PValues
from monitor.drift.decomposition import Decomposition
from monitor.hashing import finite_or_none

Status = Literal["none", "single", "cannot_tell", "mixed", "insufficient", "unresolved", "not_estimable"]

REMEDY: Mapping[Explanation, str] = {
    "none": "close the incident",
    "covariate": "no recalibration; check subgroups and the range of scores the calibrator was fitted on",
    "label": "move the intercept by the change of the prevalence's log-odds; check the threshold policy",
    "concept": "refit the calibrator",
    "acquisition": "refit per vendor or ask the vendor; aligning scores needs its own row in the plan",
}
REFIT = frozenset[Explanation]({"concept", "acquisition"})


@dataclass(frozen=True)
class Interaction:
    """Whether the vendors of the window need lines of their own, logit P(y) = a_v + b_v * log-odds.

    Attributes:
        vendors: Those compared.
        statistic: Chi-square, likelihood ratio or Wald.
        degrees_of_freedom: Two per vendor beyond the first.
        p: Of one line for all.
        method: How it was tested.
    """

    vendors: tuple[str, ...]
    statistic: float
    degrees_of_freedom: int
    p: float
    method: str


@dataclass(frozen=True)
class Attribution:
    """Which explanations of a shift remain possible.

    Attributes:
        status: Which kind of answer this is.
        explanations: Not rejected, "none" first; empty when all are rejected (mixed), and when no set is
            claimed (insufficient, unresolved, not estimable).
        p_values: By explanation; None where outcomes needed for the test are missing.
        verdict: The answer as a sentence.
        remedy: What to do when one explanation is left, or two that call for the same; else None.
        n, events: Studies of the window, and those of the rarer class among known outcomes.
        reference_n, reference_events: The same of the reference.
        events_needed: In the window, to tell the explanations apart or to be sufficient; None when no
            number would do, or none is needed.
        assumption: What the p-values rest on where outcomes are missing, else None.
        decomposition: Of the change of prevalence; None when there is nothing to compare.
        vendors: The same for each vendor, or each pool of small ones.
        interaction: None without two vendors that can be compared.
    """

    status: Status
    explanations: tuple[Explanation, ...]
    p_values: PValues
    verdict: str
    remedy: str | None
    n: int
    events: int
    reference_n: int
    reference_events: int
    events_needed: int | None
    assumption: str | None
    decomposition: Decomposition | None
    vendors: Mapping[str, Attribution]
    interaction: Interaction | None

    def as_record(self) -> dict[str, Any]:
        """Plain JSON; numbers that JSON cannot carry are None."""
        own = {name: getattr(self, name) for name in _PLAIN}
        return own | {
            "explanations": list(self.explanations),
            "p_values": {name: _number(self.p_values.get(name)) for name in EXPLANATIONS},
            "decomposition": self.decomposition.as_record() if self.decomposition else None,
            "vendors": {name: found.as_record() for name, found in self.vendors.items()},
            "interaction": _interaction_record(self.interaction),
        }


_PLAIN = (
    "status",
    "verdict",
    "remedy",
    "n",
    "events",
    "reference_n",
    "reference_events",
    "events_needed",
    "assumption",
)


def _number(value: float | None) -> float | None:
    return None if value is None else finite_or_none(value)


def _interaction_record(found: Interaction | None) -> dict[str, Any] | None:
    return asdict(found) | {"vendors": list(found.vendors)} if found else None
