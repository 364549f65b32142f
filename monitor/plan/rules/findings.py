"""The operating point of a finding: what is frozen decides which of its keys mean something."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.device import Finding, OperatingPoint
from monitor.plan.fault import Key, Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules.rule import Rule

FINDINGS: Key = ("findings",)
NEEDED = {
    "sensitivity": "floor",
    "ppv": "floor",
    "alert_rate": "alerts_per_100_studies",
    "raw_threshold": None,
}
"""The number that says how much of the frozen quantity is to be kept."""


def operating_points(plan: ChangePlan) -> Iterator[Problem]:
    """Each operating point has the number its frozen quantity needs, and none that would be ignored."""
    for position, finding in enumerate(plan.findings):
        if finding.operating_point is not None:
            yield from _numbers(("findings", position, "operating_point"), finding.operating_point)
            yield from _rates(("findings", position, "operating_point"), finding.operating_point)


def abstention(plan: ChangePlan) -> Iterator[Problem]:
    """Abstention is about a threshold: which side of it a study lies on."""
    for position, finding in enumerate(plan.findings):
        if _abstains_about_nothing(finding):
            key = ("findings", position, "abstention")
            yield Problem(key, "abstention without a threshold", "operating_point beside it", on_key=True)


def _numbers(key: Key, point: OperatingPoint) -> Iterator[Problem]:
    needed = NEEDED[point.frozen]
    if needed is not None and getattr(point, needed) is None:
        expected = f"{needed} beside frozen: {point.frozen}"
        yield Problem((*key, "frozen"), "nothing says how much is to be kept", expected, "text")
    given = {"floor", "alerts_per_100_studies"} - {needed}
    given |= set() if needed == "floor" else {"confidence"}
    for name in sorted(given):
        if getattr(point, name) is not None:
            message = f"has no meaning with frozen: {point.frozen}"
            yield Problem((*key, name), message, "no such key", "number", on_key=True)


def _rates(key: Key, point: OperatingPoint) -> Iterator[Problem]:
    kept, limit = point.alerts_per_100_studies, point.alert_limit_per_100_studies
    if kept is not None and limit is not None and kept > limit:
        message = "keeps more alerts than the limit allows"
        yield Problem((*key, "alerts_per_100_studies"), message, "at most the limit", "number")


def _abstains_about_nothing(finding: Finding) -> bool:
    return finding.abstention is not None and finding.operating_point is None


RULES = (Rule((FINDINGS,), operating_points), Rule((FINDINGS,), abstention))
