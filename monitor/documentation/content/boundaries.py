"""How the change hangs together with its plan, and where this document ends."""

from __future__ import annotations

from typing import Any, Final

from monitor.documentation.evidence import Change
from monitor.documentation.wording import REQUIRE_WORDS, counted, listed
from monitor.plan.model import ChangePlan

APPROVES: Final = {
    "manual": "A person approves",
    "automatic": "Implemented without a person inside every guardrail",
}


def traceability(plan: ChangePlan, change: Change) -> list[dict[str, Any]]:
    """From the modification to each part of the protocol, what it demands and what this change did."""
    done = {"data_management": _data_done, "retraining": _fit_done, "performance_evaluation": _judged}
    rows: list[dict[str, Any]] = []
    for row in plan.traceability:
        for part, demands in _demands(plan).items():
            result = done[part](change) if part in done else _deployed(change)
            rows.append(
                {
                    "modification": row.modification,
                    "part": part,
                    "items": list(getattr(row, part)),
                    "demands": demands,
                    "done": result,
                }
            )
    return rows


def impact_assessment(plan: ChangePlan) -> list[dict[str, Any]]:
    """Benefits, risks and mitigations as the plan states them."""
    return [item.model_dump(mode="json") for item in plan.impact_assessment]


def update_procedure(plan: ChangePlan) -> dict[str, Any]:
    """How an approved change reaches its site and its users."""
    return {**plan.update.model_dump(mode="json"), "implementation": plan.modification.implementation}


def labeling(plan: ChangePlan) -> dict[str, Any]:
    """Sections of the labeling that this modification touches, and how users are told."""
    return {
        "sections": list(plan.modification.labeling_sections),
        "users_informed_by": plan.update.users_informed_by,
    }


def limits(plan: ChangePlan) -> list[str]:
    """What was not evaluated and what this document is not."""
    excluded = listed([item.replace("_", " ") for item in plan.modification.excluded])
    return [
        "This is the output of a software tool. It is not a regulatory determination, and the tool is not a "
        "medical device.",
        f"Not evaluated: {_left_out(plan)}effect on readers and patients.",
        "The estimates describe this site, this finding and these cohorts. They assume that the outcomes "
        "used are the reference standard of the plan and that patients are independent of each other.",
        f"{_judged_at(plan)} Intervals in figures are for reading and decide nothing.",
        f"Outside this plan: {excluded}.",
    ]


def _left_out(plan: ChangePlan) -> str:
    """What this plan asks nothing about, as the first part of a list."""
    at_a_threshold = (
        "sensitivity, specificity, predictive values and alert volume at an operating point; net benefit"
    )
    named = {
        "subgroups": plan.evaluation.subgroups is not None,
        at_a_threshold: all(finding.operating_point is not None for finding in plan.findings),
        "non-inferiority of the AUC": any(item.metric == "auc" for item in plan.evaluation.criteria),
    }
    return "".join(f"{what}; " for what, evaluated in named.items() if not evaluated)


def _judged_at(plan: ChangePlan) -> str:
    looks = len(plan.evaluation.looks.events)
    if looks == 1:
        return "The criteria were judged at one look."
    return f"The criteria are judged at no more than {looks} looks, which share the attempt's alpha."


def _demands(plan: ChangePlan) -> dict[str, str]:
    data, evaluation = plan.data, plan.evaluation
    style = listed([f"{item.id} {REQUIRE_WORDS[item.require]}" for item in evaluation.criteria])
    return {
        "data_management": (
            f"Outcomes from {data.reference_standard.source}, version {data.reference_standard.version}, "
            f"mature after {counted(data.maturity_days, 'day')}; patients never in both windows."
        ),
        "retraining": (
            "After a calibration alarm, from at least "
            f"{counted(plan.retraining.events_for.least, 'event')}; unchanged: "
            f"{listed([item.replace('_', ' ') for item in plan.retraining.frozen])}."
        ),
        "performance_evaluation": (
            f"{_looks(evaluation.looks.events)}, at least "
            f"{counted(evaluation.minimum_patients, 'patient')}; required: {style}."
        ),
        "update_procedures": (
            f"{APPROVES[plan.modification.implementation]}; deployed at "
            f"{listed([item.replace('_', ' ') for item in plan.update.deploy_to])} only; users informed by "
            f"{plan.update.users_informed_by.replace('_', ' ')}."
        ),
    }


def _looks(events: tuple[int, ...]) -> str:
    if len(events) == 1:
        return f"One look at {counted(events[0], 'event')}"
    return f"Looks at {listed([f'{count:,}' for count in events])} events"


def _data_done(change: Change) -> str:
    validation = (change.verdict or {}).get("validation")
    if not validation:
        return "No validation window was completed."
    removed = counted(validation["patients_removed"], "patient")
    studies = counted(validation["n"], "study", "studies")
    return f"{studies} for validation; {removed} of the fitting window removed."


def _fit_done(change: Change) -> str:
    if change.candidate is None:
        return "No candidate was fitted."
    fit = change.candidate["fit"]
    return (
        f"Candidate frozen from {counted(fit['n'], 'study', 'studies')} ({counted(fit['events'], 'event')})."
    )


def _judged(change: Change) -> str:
    record = change.verdict or {}
    if not record.get("criteria"):
        return "No look was reached."
    judged = counted(len(record["criteria"]), "criterion", "criteria")
    return f"Look {record['look']}: {judged}, verdict {record['verdict']}."


def _deployed(change: Change) -> str:
    if change.deployed is None:
        return "Not deployed."
    return f"Deployed, first night {change.deployed['night']}."
