"""Whether a deployed change helped, on the studies since."""

from __future__ import annotations

from typing import Any, Final

from monitor.documentation.evidence import Change
from monitor.plan.model import ChangePlan

ANSWERS: Final = {
    "helped": "The change helped: the probabilities since deployment are better than the old ones would be.",
    "harmed": "The change did harm: the old probabilities would be better. A rollback is proposed.",
    "cannot_tell": "The studies since deployment do not show whether the change helped.",
    "not_asked": "Whether the change helped cannot be asked any more.",
}


def follow_up(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """What the plan asks after deployment, and the answer where there is one.

    Returns:
        `planned` is None when the plan does not ask; `found` until the events have come.
    """
    asked = plan.update.follow_up
    return {
        "planned": None if asked is None else asked.model_dump(mode="json"),
        "deployed": change.deployed is not None,
        "found": None if change.followed_up is None else _found(change.followed_up),
    }


def _found(body: dict[str, Any]) -> dict[str, Any]:
    keys = ("answer", "night", "alpha", "comparison", "n", "events", "patients", "from", "to")
    return {
        **{key: body[key] for key in keys},
        "words": ANSWERS[body["answer"]],
        **({"reason": body["reason"]} if body["answer"] == "not_asked" else {}),
        "rollback_proposed": body["rollback_proposed"],
        "data_account": [dict(step) for step in body["data_account"]],
    }
