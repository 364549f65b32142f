"""What no program may decide: laid out as questions, with what the record has to say to each."""

from __future__ import annotations

from typing import Any, Final

from monitor.documentation.evidence import Case, Record
from monitor.documentation.wording import as_sentence

SIDE_CHECKS: Final = (
    (
        "21 CFR 806",
        "Is the change a correction or removal to reduce a risk to health? Then report it within 10 working "
        "days, else keep the record that 806.20 asks for.",
    ),
    (
        "21 CFR 803",
        "Did the drift, or probabilities given before the change, contribute to a death, a serious injury or "
        "a malfunction that must be reported? The plan does not replace these reports.",
    ),
    (
        "21 CFR 807.81(a)(3) or 814.39",
        "Does the change need a submission of its own because it is not made under an authorized plan?",
    ),
    (
        "EU AI Act, Article 43(4)",
        "Is the change one that was pre-determined and assessed at the initial conformity assessment? Else "
        "it may be a substantial modification.",
    ),
    ("Health Canada", "Does the change need an amendment of the device licence?"),
    (
        "Corrective action",
        "Was the version in use below its authorized performance? Then a recalibration that passes does not "
        "close the matter.",
    ),
)


def side_checks(case: Case) -> list[dict[str, str]]:
    """Questions of law that the change raises; none is answered here."""
    known = _known(case)
    return [
        {"rule": rule, "question": text, "recorded": known.get(rule, "nothing")} for rule, text in SIDE_CHECKS
    ]


def udi(case: Case) -> dict[str, Any]:
    """What a determination of the device identifier has to decide.

    References:
        21 CFR 830.50: a new version or model needs a new device identifier.
    """
    if not case.may_come and case.change.rolled_back is None:
        return {
            "statement": "No version was released, so there is none to identify.",
            "recorded": None,
            "person": None,
        }
    return {
        "statement": "The program makes no determination, and the plan holds no device identifier.",
        "recorded": (
            f"Calibrator version {case.version} at {case.change.place.site}; model "
            f"{case.plan.device.model_version} unchanged."
        ),
        "person": "decide under 21 CFR 830.50 whether this version needs a new device identifier, and why",
    }


def impact_recheck(case: Case) -> list[dict[str, str]]:
    """The plan's impact assessment, element by element, beside what this change showed."""
    shared = case.shared
    harmed = [row["name"] for row in shared["subgroups"]["found"] or [] if row["status"] == "harmed"]
    groups = "No subgroup was judged." if not shared["subgroups"]["found"] else f"Harmed: {len(harmed)}."
    return [
        {"element": element, "planned": " ".join(map(as_sentence, planned)), "found": found}
        for item in case.plan.impact_assessment
        for element, planned, found in (
            ("Benefits", item.benefits, _against(shared, "last_deployed")),
            ("Risks and mitigations", (*item.risks, *item.mitigations), _risks(case)),
            ("Bias", (item.bias,), groups),
            ("Interaction", (item.interaction,), "The plan describes one modification."),
            ("Cumulative effect", (item.cumulative,), _against(shared, "original")),
        )
    ]


RISK_FILE: Final = "decide whether the result adds or alters a risk or a mitigation, and update the risk file"
VERIFICATION: Final = (
    "attach the record of the tests run for the installed version, and any difference from the verification "
    "plan of the authorized device"
)


def _known(case: Case) -> dict[str, str]:
    below = [
        item["corrective_action"]
        for item in case.history.corrective_actions
        if (item["site"], item["finding"]) == tuple(case.change.place)
    ]
    return {
        "21 CFR 807.81(a)(3) or 814.39": (
            f"authorization of the plan: {case.shared['plan']['authorization_words']}; actor: "
            f"{case.shared['plan']['actor_words']}"
        ),
        "Corrective action": ", ".join(below) or "no corrective action is open or was opened at this place",
    }


def _against(shared: Record, comparator: str) -> str:
    rows = [row for row in shared["criteria"] if row["against"] == comparator]
    told = [f"{row['id']} {row['status_words']}" for row in rows]
    return "; ".join(told) + "." if told else "No criterion of the plan measures it."


def _risks(case: Case) -> str:
    if not case.looked:
        return "Not evaluated: no look was reached."
    if case.verdict == "accept":
        return "Every criterion is met; see the results."
    return "Not every criterion is met; the change is not implemented."
