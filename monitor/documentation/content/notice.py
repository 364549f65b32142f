"""What users, the public and the labeling are told: in plain words, and nothing that was not implemented."""

from __future__ import annotations

from typing import Any, Final

from monitor.documentation.content.past import version_history
from monitor.documentation.evidence import Case, Record
from monitor.documentation.wording import METHOD_WORDS, listed, spaced

NOT_IN_USE: Final = "nothing was put into use, and a label says nothing of a change that is not implemented"


def labeling_delta(case: Case) -> dict[str, Any]:
    """Sections of the labeling with the text each would need, and the history of versions.

    Returns:
        `changes` is empty, with `reason`, unless the candidate is in use or waits for a decision.
    """
    reason = None if case.may_come else _out_of_use(case)
    return {
        "status": "in use"
        if case.in_use
        else "draft, to be used only once deployed"
        if case.may_come
        else None,
        "reason": reason,
        "changes": []
        if reason
        else [
            {"section": name, "text": _text(case, name)} for name in case.plan.modification.labeling_sections
        ],
        "version_history": version_history(case),
        "person": None
        if reason
        else "approve the final label text; check that it matches the released version and UDI",
    }


def release_note(case: Case) -> dict[str, Any]:
    """What users read: what changed, why, how it was tested, what it means, what stays, since when.

    Returns:
        `parts` with a heading and a text each, from the figures of this dossier; empty, with `reason`, where
        nothing changes for users.
    """
    if case.change.rolled_back is not None:
        return _returned(case, case.change.rolled_back)
    if not case.may_come:
        reason = f"nothing changes for users: {NOT_IN_USE}"
        return {"status": None, "reason": reason, "parts": [], "person": None}
    parts = {
        "What changed": _changed(case),
        "Why": _why(case),
        "How it was tested": _tested(case),
        "What it means for you": _meaning(case),
        "What did not change": (
            f"The model ({case.plan.device.model_version}) and the order in which it ranks studies. Earlier "
            "patients keep the probabilities they were given."
        ),
        "Since when": _since(case),
        "What is not known": "Whether readers decide better or patients fare better was not evaluated.",
    }
    return {
        "status": "in use" if case.in_use else "draft, not to be sent before deployment",
        "reason": None,
        "parts": [{"heading": heading, "text": text} for heading, text in parts.items()],
        "person": (
            "release the note by the plan's way "
            f"({spaced(case.plan.update.users_informed_by)}), with a contact, and decide whether users need "
            "training"
        ),
    }


def public_summary(case: Case) -> list[dict[str, str]]:
    """The four parts of the paragraph for the public, from the plan; figures of this change are not in it.

    References:
        FDA PCCP guidance (2025), V.C.
    """
    modification, evaluation = case.plan.modification, case.plan.evaluation
    demands = listed([f"{row['name'][0].lower()}{row['name'][1:]}" for row in case.shared["criteria"]])
    return [
        {
            "part": "Planned modifications",
            "text": (
                f"{modification.title}: at one site at a time, the probability that the device shows may be "
                "adjusted to what is later confirmed there. The model itself stays as it is."
            ),
        },
        {
            "part": "Testing methods",
            "text": (
                "An adjustment is fitted on one group of patients and tested on other patients of the same "
                "site, against both the original and the version in use. The reference is: "
                f"{case.plan.data.reference_standard.definition.rstrip('.')}."
            ),
        },
        {
            "part": "Validation and performance requirements",
            "text": (
                f"At least {evaluation.minimum_patients:,} patients and {evaluation.minimum_events:,} "
                f"studies of the rarer class; limits fixed in advance for: {demands}. A change that does not "
                "meet them is not used."
            ),
        },
        {
            "part": "How users are informed",
            "text": (
                f"By {spaced(case.plan.update.users_informed_by)} and in these sections of the labeling: "
                f"{listed([spaced(item) for item in modification.labeling_sections])}."
            ),
        },
    ]


def model_card_delta(case: Case) -> dict[str, Any]:
    """What a model card would say differently; empty where nothing is in use or may come."""
    if not case.may_come:
        return {"rows": [], "reason": _out_of_use(case)}
    before = case.change.opened["last_deployed"]["version"]
    rows = [
        ("Version at this site", before, str(case.version)),
        (
            "Method",
            _kind(case.change.opened["last_deployed"]),
            _kind((case.change.candidate or {})["candidate"]),
        ),
        ("Data of the fit", "as for its version", f"cohorts {_span((case.change.candidate or {})['fit'])}"),
        (
            "Data of the test",
            "as for its version",
            f"cohorts {_span((case.change.verdict or {})['validation'])}",
        ),
        *_scores(case.shared["performance"]),
    ]
    return {
        "rows": [{"entry": entry, "before": old, "after": new} for entry, old, new in rows],
        "reason": None,
    }


def _out_of_use(case: Case) -> str:
    if case.change.rolled_back is None:
        return NOT_IN_USE
    back = case.change.rolled_back["to"]["version"]
    return f"the version was taken out of use again, and the label returns to that of version {back}"


def _returned(case: Case, record: Record) -> dict[str, Any]:
    """The note after a rollback; why is in the record of approvals, in the words of the person."""
    place, back = case.change.place, record["to"]["version"]
    text = (
        f"At {place.site} the probability shown for {place.finding} is again that of version {back}; version "
        f"{case.version} is out of use since {record['night']}."
    )
    return {
        "status": "rolled back",
        "reason": None,
        "parts": [{"heading": "What changed", "text": text}],
        "person": f"tell users by {spaced(case.plan.update.users_informed_by)} of the return, and why",
    }


def _span(window: Record) -> str:
    return f"{window['from']} to {window['to']}"


def _kind(calibrator: Record) -> str:
    kind = str(calibrator["kind"])
    return METHOD_WORDS.get(kind, kind)


def _scores(performance: Record | None) -> list[tuple[str, str, str]]:
    if performance is None:
        return []
    old, new = performance["last_deployed"], performance["candidate"]
    names = (("Log loss on the test studies", "log_loss"), ("Observed over expected", "observed_expected"))
    return [(name, f"{old[key]:.3f}", f"{new[key]:.3f}") for name, key in names if _known(old[key], new[key])]


def _known(*values: float | None) -> bool:
    return all(value is not None for value in values)


def _text(case: Case, section: str) -> str:
    place = case.change.place
    if section == "version_history":
        return (
            f"Add version {case.version} for {place.finding} at {place.site}; see the version history below."
        )
    if section == "performance":
        return f"At {place.site}, {place.finding}: {_tested(case)} {_meaning(case)}"
    return f"State what version {case.version} changes for {spaced(section)}; the plan prescribes no words."


def _changed(case: Case) -> str:
    place = case.change.place
    return (
        f"At {place.site} the probability shown for {place.finding} is adjusted (version {case.version}; "
        f"{_kind((case.change.candidate or {})['candidate'])})."
    )


def _why(case: Case) -> str:
    return (
        "The probabilities no longer matched what was later confirmed at this site, since about "
        f"{case.change.alarm['change_cohort']}."
    )


def _tested(case: Case) -> str:
    window = (case.change.verdict or {})["validation"]
    told = [
        f"{row['name'][0].lower()}{row['name'][1:]} ({row['id']}) {row['status_words']}"
        for row in case.shared["criteria"]
    ]
    return (
        f"Tested on patients of this site whom the adjustment had not seen ({_span(window)}), with limits "
        f"fixed before: {listed(told)}."
    )


def _meaning(case: Case) -> str:
    performance = case.shared["performance"]
    if performance is None:
        return "Figures are withheld."
    old, new = (performance[name]["observed_expected"] for name in ("last_deployed", "candidate"))
    if not _known(old, new):
        return "Read probabilities of before and after the change with care: they are not on the same scale."
    return (
        f"For every 100 outcomes that the old probabilities foretold, {100 * old:.0f} occurred; for the new "
        f"ones it is {100 * new:.0f}. Counted is the rarer of the two outcomes."
    )


def _since(case: Case) -> str:
    if case.change.deployed is None:
        return "Not in use yet; it needs the approvals of the plan first."
    return f"In use since {case.change.deployed['night']}."
