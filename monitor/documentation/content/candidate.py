"""The change itself: original, last deployed and candidate map, and how the candidate was chosen."""

from __future__ import annotations

import math
from typing import Any

from monitor.documentation.evidence import Change, Record
from monitor.documentation.wording import METHOD_WORDS
from monitor.plan.model import ChangePlan


def proposed_change(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """The maps with their standard errors, the tests that chose the method, and what stays as it is."""
    frozen = change.candidate or change.verdict or {}
    chosen = frozen.get("candidate")
    return {
        "modification": plan.modification.id,
        "modification_title": plan.modification.title,
        "calibrators": {
            "original": calibrator(change.opened["original"]),
            "last_deployed": calibrator(change.opened["last_deployed"]),
            "candidate": None if chosen is None else calibrator(chosen),
        },
        "closed_test": None if not frozen.get("closed_test") else _closed_test(frozen["closed_test"]),
        "pooling": dict(frozen["pooling"]) if frozen.get("pooling") else None,
        "cross_validation": _cross_validation(frozen.get("cross_validation")),
        "winsorised_logit": list(frozen.get("winsorised_logit") or []),
        "methods_allowed": list(plan.modification.methods),
    }


def calibrator(record: Record) -> dict[str, Any]:
    """A calibrator of the ledger with the standard errors of its two numbers, in log-odds.

    Example:
        >>> record = {"version": "v1", "kind": "platt", "covariance": [[0.04, 0], [0, 0.09]]}
        >>> calibrator(record)["standard_errors"]
        {'intercept': 0.2, 'slope': 0.3}
    """
    covariance = record["covariance"]
    return {
        **record,
        "kind_words": METHOD_WORDS.get(record["kind"], record["kind"]),
        "standard_errors": {
            "intercept": math.sqrt(max(0.0, covariance[0][0])),
            "slope": math.sqrt(max(0.0, covariance[1][1])),
        },
    }


def reliability(change: Change) -> dict[str, Any] | None:
    """Groups of validation studies by predicted probability; None when no look was reached."""
    groups = (change.verdict or {}).get("reliability")
    return None if not groups else {name: [dict(group) for group in groups[name]] for name in sorted(groups)}


def score_histogram(change: Change) -> dict[str, Any] | None:
    """Counts of raw scores by outcome on the validation studies; None when no look was reached."""
    histogram = (change.verdict or {}).get("score_histogram")
    return dict(histogram) if histogram else None


def _cross_validation(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    named = [{**score, "method_words": METHOD_WORDS[score["method"]]} for score in record["scores"]]
    return {**record, "chosen_words": METHOD_WORDS[record["chosen"]], "scores": named}


def _closed_test(record: Record) -> dict[str, Any]:
    return {
        "chosen": record["chosen"],
        "chosen_words": METHOD_WORDS.get(record["chosen"], record["chosen"]),
        "level": 0.05,
        "steps": [dict(step) for step in record["steps"]],
    }
