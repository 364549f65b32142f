"""What came before: attempts at this place, failures and deviations, versions, and every executed change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from monitor.documentation.content.outcome import verdict_words
from monitor.documentation.evidence import Case, Change, Record
from monitor.documentation.wording import STATE_WORDS, spaced

FAILED: Final = ("rejected", "insufficient", "void", "rolled_back")
"""States of a change that ask for a cause."""


def earlier_attempts(case: Case) -> list[dict[str, Any]]:
    """Every earlier change at this site and finding, failures among them, with the alpha each could spend."""
    return [_attempt(change) for change in case.at_this_place[:-1]]


def failures(case: Case) -> dict[str, Any]:
    """What failed or departed from the plan about this change, and what became of it."""
    about = [item for item in case.history.deviations if item["change"] == case.change.id]
    place = case.change.place
    actions = [
        item["corrective_action"]
        for item in case.history.corrective_actions
        if (item["site"], item["finding"]) == tuple(place)
    ]
    failed = case.change.state in FAILED
    return {
        "failed": failed,
        "disposition": STATE_WORDS[case.change.state],
        "records": [_deviation(item) for item in about],
        "corrective_actions": actions,
        "retest": None
        if case.plan.evaluation.retest is None
        else case.plan.evaluation.retest.model_dump(mode="json"),
        "person": "state the root cause and the disposition in the quality system"
        if failed or about
        else None,
    }


def version_history(case: Case) -> list[dict[str, Any]]:
    """Versions that were in use at this site for this finding: the original first, in order of deployment."""
    original = {
        "version": case.change.opened["original"]["version"],
        "from": "authorized with the device",
        "change": None,
        "simulated": False,
        "state_words": "original",
    }
    return [original, *(_version(change) for change in _deployed(case.at_this_place))]


def execution_history(case: Case) -> list[dict[str, Any]]:
    """Every change that this plan has put into use so far, at any place, with its present state.

    References:
        FDA PCCP guidance (2025), V.F: required in the next marketing submission.
    """
    known = case.history.changes or (case.change,)
    return [
        {
            "site": change.place.site,
            "finding": change.place.finding,
            "modification": change.opened["modification"],
            "kind": (change.deployed or {})["calibrator"]["kind"],
            **_version(change),
        }
        for change in _deployed(known)
    ]


def plan_versions(case: Case) -> list[dict[str, Any]]:
    """Every version of the plan that was bound, oldest first."""
    keys = ("id", "version", "sha256")
    return [{key: item.get(key) for key in keys} for item in case.history.plans]


def _deployed(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.deployed is not None]


def _version(change: Change) -> dict[str, Any]:
    deployed = change.deployed or {}
    return {
        "version": deployed["calibrator"]["version"],
        "from": deployed["night"],
        "change": change.id,
        "simulated": bool(deployed.get("simulated")) or any(map(_simulated, change.approvals)),
        "state_words": STATE_WORDS[change.state],
    }


def _simulated(approval: Record) -> bool:
    return bool(approval.get("simulated"))


def _attempt(change: Change) -> dict[str, Any]:
    return {
        "change": change.id,
        "attempt": change.opened["attempt"],
        "alpha": change.opened["alpha"],
        "alarm_night": change.alarm["night"],
        "verdict_words": verdict_words(change),
        "state_words": STATE_WORDS[change.state],
    }


def _deviation(body: Record) -> dict[str, Any]:
    return {
        "id": body["deviation"],
        "category": spaced(body["category"]),
        "is_deviation": body["is_deviation"],
        "role": body.get("role"),
        "at": body.get("at"),
    }
