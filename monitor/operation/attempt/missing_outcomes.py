"""What the outcomes that stayed unknown could have said: the verdict with all of them absent, and present.

A plan that weights outcomes has said beforehand that whether one becomes known depends on the score alone,
and is not asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from monitor.operation.attempt.judging import evidence_of
from monitor.operation.attempt.outcomes_read import eligible_rows
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.workspace import Workspace
from monitor.records import Rows
from monitor.registry import Change
from monitor.validation import judge

NEGLIGIBLE = 0.10
"""Share of missing outcomes up to which they are not asked for their bounds."""


def bounds_of_verdict(
    workspace: Workspace, change: Change, rows: Rows, alpha: float, knowledge: Knowledge
) -> dict[str, Any] | None:
    """The verdict when every missing outcome is 0, and when every one is 1 (Manski's bounds).

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        rows: With known outcomes, that judged it.
        alpha: One-sided, of the look.
        knowledge: Of the night.

    Returns:
        For the record; None where at most one in ten is missing.

    References:
        Manski (1989), Journal of Human Resources 24:343-360.
    """
    eligible = eligible_rows(workspace, change, knowledge)
    missing = np.isnan(eligible.outcome)
    if missing.mean() <= NEGLIGIBLE:
        return None
    criteria = workspace.loaded.plan.evaluation.criteria
    filled = {
        name: replace(eligible, outcome=np.where(missing, value, eligible.outcome))
        for name, value in (("all_absent", 0.0), ("all_present", 1.0))
    }
    verdicts = {
        name: judge(criteria, evidence_of(change, item, None), alpha) for name, item in filled.items()
    }
    return {
        "missing": int(missing.sum()),
        "studies": len(eligible),
        "judged_on": len(rows),
        "verdicts": {name: found.verdict for name, found in verdicts.items()},
    }


def could_decide(found: dict[str, Any] | None) -> str | None:
    """Why an accept cannot stand on these outcomes; None when it can.

    Example:
        >>> verdicts = {"all_absent": "accept", "all_present": "reject"}
        >>> could_decide({"missing": 3, "studies": 9, "verdicts": verdicts})
        'the 3 of 9 outcomes that are missing could decide: with all of them present the verdict is reject'
    """
    if found is None:
        return None
    words = {"all_absent": "absent", "all_present": "present"}
    others = [(words[name], verdict) for name, verdict in found["verdicts"].items() if verdict != "accept"]
    if not others:
        return None
    return (
        f"the {found['missing']} of {found['studies']} outcomes that are missing could decide: "
        f"with all of them {others[0][0]} the verdict is {others[0][1]}"
    )
