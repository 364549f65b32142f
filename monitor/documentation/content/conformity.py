"""Was the change specified in the plan and made as the protocol says? Clause by clause, from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from monitor.documentation.evidence import Case, Record
from monitor.documentation.wording import listed, spaced

HOLDS: Final = {
    "yes": "yes",
    "no": "no",
    "not_reached": "not reached",
    "not_told": "not told by the record",
    "simulated": "simulated only",
}
DETERMINATION: Final = (
    "decide whether the change conforms to the authorized plan; the program decides no such thing"
)


class Found(NamedTuple):
    """Whether a clause holds, and on what evidence."""

    holds: str
    evidence: str


def conformity(case: Case) -> dict[str, Any]:
    """The two questions of Figure 1 as clauses that the ledger can answer, and what follows from them.

    Args:
        case: The change with its plan and history.

    Returns:
        `clauses`, each with `question`, `clause`, `holds` and `evidence`; `result` is in_plan, simulated,
        deviation or outside_plan, as far as the program can tell; `person` is what it cannot.

    References:
        FDA, Marketing Submission Recommendations for a Predetermined Change Control Plan (2025), V.D,
        Figure 1.
    """
    clauses = [
        {"question": question, "clause": clause, **_told(find(case))} for question, clause, find in CLAUSES
    ]
    result = _result(clauses)
    return {"clauses": clauses, "result": result, "words": _words(case, result), "person": DETERMINATION}


def _result(clauses: Sequence[Record]) -> str:
    failed = {item["question"] for item in clauses if item["holds"] == "no"}
    if "specified" in failed:
        return "outside_plan"
    if failed:
        return "deviation"
    return "simulated" if any(item["holds"] == "simulated" for item in clauses) else "in_plan"


def _told(found: Found) -> dict[str, str]:
    return {"holds": found.holds, "holds_words": HOLDS[found.holds], "evidence": found.evidence}


def _words(case: Case, result: str) -> str:
    ends = {
        "in_plan": "The ledger contradicts no clause: the change lies within the plan as far as it went.",
        "simulated": (
            "No clause is contradicted, but the approval was simulated by a replay: nothing was implemented "
            "under the plan."
        ),
        "deviation": "A clause of the protocol does not hold: to be handled as a deviation by a person.",
        "outside_plan": "The change is not one that the plan specifies: it lies outside the plan.",
    }
    left = "" if case.change.deployed else " Nothing was implemented, which is never a deviation."
    return ends[result] + left


def _yes(holds: bool, evidence: str) -> Found:
    return Found("yes" if holds else "no", evidence)


def _modification(case: Case) -> Found:
    asked, listed_one = case.change.opened["modification"], case.plan.modification.id
    return _yes(asked == listed_one, f"The change is {asked}; the plan describes {listed_one}.")


def _plan(case: Case) -> Found:
    bound = case.change.plan_sha256
    if bound is None:
        return Found("not_told", "The record of the change names no plan.")
    return _yes(
        bound == case.loaded.sha256, "The plan bound when the change was opened is the one documented."
    )


def _method(case: Case) -> Found:
    if case.change.candidate is None:
        return Found("not_reached", "No candidate was frozen.")
    kind = case.change.candidate["candidate"]["kind"]
    allowed = case.plan.modification.methods
    return _yes(kind in allowed, f"Candidate of kind {spaced(kind)}; the plan lists {listed(allowed)}.")


def _place(case: Case) -> Found:
    deployed = case.change.deployed
    if deployed is None:
        return Found("not_reached", "The change was not deployed anywhere.")
    same = (deployed["site"], deployed["finding"]) == tuple(case.change.place)
    return _yes(same, "Deployed at the site and for the finding where it was judged, and nowhere else.")


def _trigger(case: Case) -> Found:
    alarm, wanted = case.change.alarm, case.plan.retraining.trigger.stream
    fired = alarm["stream"] == wanted and alarm["log_r"] >= alarm["log_limit"]
    return _yes(fired, f"Alarm {alarm['alarm']} of the {alarm['stream']} stream, at or above its limit.")


def _fitted(case: Case) -> Found:
    if case.change.candidate is None:
        return Found("not_reached", "No candidate was fitted.")
    enough = case.change.candidate["fit"]["events"] >= case.plan.retraining.events_for.least
    return _yes(enough, "The fitting window holds at least the events that the plan asks for.")


def _apart(case: Case) -> Found:
    window, candidate = (case.change.verdict or {}).get("validation"), case.change.candidate
    if not window or candidate is None:
        return Found("not_reached", "No validation window was completed.")
    later = case.plan.data.split.order == "hash" or window["from"] > candidate["fit"]["to"]
    return _yes(
        later, "Patients of the fit were removed; dated validation cohorts are later than those of the fit."
    )


def _frozen_first(case: Case) -> Found:
    places = {kind: sequence for sequence, _, kind in reversed(case.change.entries)}
    if "candidate_frozen" not in places or not case.looked:
        return Found("not_reached", "No candidate was judged.")
    ended = places.get("verdict", places["candidate_frozen"])
    return _yes(places["candidate_frozen"] < ended, "The candidate is on the ledger before the verdict.")


def _criteria(case: Case) -> Found:
    if not case.looked:
        return Found("not_reached", "No look was reached, so no criterion was evaluated.")
    judged = [item["id"] for item in (case.change.verdict or {})["criteria"]]
    planned = [item.id for item in case.plan.evaluation.criteria]
    return _yes(judged == planned, f"Criteria {listed(planned)}, all evaluated at the same look.")


def _comparators(case: Case) -> Found:
    compared = case.plan.evaluation.comparators
    both = {"original", "last_deployed"} <= set(compared)
    if both and not case.looked:
        return Found("not_reached", "The plan names both comparators; no look was reached.")
    return _yes(both, "Compared with the original and with the last deployed version.")


def _alpha(case: Case) -> Found:
    number, alphas = case.change.opened["attempt"], case.plan.evaluation.attempt_alpha
    right = number <= len(alphas) and case.change.opened["alpha"] == alphas[number - 1]
    return _yes(right, f"Attempt {number} of at most {len(alphas)}, with the alpha the plan gives it.")


def _failure(case: Case) -> Found:
    if case.verdict == "accept":
        return Found("not_reached", "The change did not fail.")
    return _yes(case.change.deployed is None, "Not accepted, recorded, and not implemented.")


def _approved(case: Case) -> Found:
    if case.change.deployed is None:
        return Found("not_reached", "The change was not deployed.")
    if any(record.get("simulated") for record in case.change.approvals):
        return Found("simulated", "The approval was simulated by a replay: no person approved.")
    signed = case.change.fully_signed or case.change.implemented is not None
    return _yes(signed, "Every role signed, or the plan implements the change automatically.")


def _same(case: Case) -> Found:
    if case.change.deployed is None or case.change.candidate is None:
        return Found("not_reached", "The change was not deployed.")
    same = case.change.deployed["calibrator"] == case.change.candidate["candidate"]
    return _yes(same, "The calibrator in use is the candidate that was judged, number for number.")


def _deviations(case: Case) -> Found:
    names = [
        item["deviation"]
        for item in case.history.deviations
        if item["change"] == case.change.id and item["is_deviation"]
    ]
    if not names:
        return Found("yes", "No deviation is on record for this change.")
    return Found("no", f"On record: {listed(names)}.")


CLAUSES: Final[tuple[tuple[str, str, Callable[[Case], Found]], ...]] = (
    ("specified", "The modification is described in the plan", _modification),
    ("specified", "The plan in force is the one documented here", _plan),
    ("specified", "The method is one the plan lists", _method),
    ("specified", "The change stays at the site where it was judged", _place),
    ("implemented", "Retraining: the trigger fired", _trigger),
    ("implemented", "Retraining: enough events to fit", _fitted),
    ("implemented", "Data: fitting and validation are kept apart", _apart),
    ("implemented", "Evaluation: the candidate was frozen before it was judged", _frozen_first),
    ("implemented", "Evaluation: every criterion of the plan, and no other", _criteria),
    ("implemented", "Evaluation: both comparators", _comparators),
    ("implemented", "Evaluation: the alpha of the attempt", _alpha),
    ("implemented", "Failure clause: recorded and not implemented", _failure),
    ("implemented", "Update: approved before it was deployed", _approved),
    ("implemented", "Update: the judged calibrator is the one released", _same),
    ("implemented", "No deviation was recorded", _deviations),
)
