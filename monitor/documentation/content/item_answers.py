"""The answer to each of the thirty items, from the parts of the dossier that are there already."""

from __future__ import annotations

from typing import NamedTuple

from monitor.documentation.content.for_a_person import RISK_FILE, VERIFICATION
from monitor.documentation.evidence import Case
from monitor.documentation.wording import counted, listed, spaced


class Answer(NamedTuple):
    """What is said to one item; `person` is what is left for a person to decide, if anything."""

    status: str
    text: str
    person: str | None = None


NO_LOOK = "no look was reached, so nothing was measured"
NO_CANDIDATE = "no candidate was put forward"


def _evidence(text: str, person: str | None = None) -> Answer:
    return Answer("evidence", text, person)


def _absent(reason: str, person: str | None = None) -> Answer:
    return Answer("not_applicable", f"Not applicable because {reason}.", person)


def _for_a_person(text: str, person: str) -> Answer:
    return Answer("needs_person", text, person)


def identity(case: Case) -> Answer:
    plan = case.plan
    version = case.version or "none"
    return _evidence(
        f"{plan.device.name}, model {plan.device.model_version}; {case.change.place.site}; original "
        f"{case.change.opened['original']['version']}, last deployed "
        f"{case.change.opened['last_deployed']['version']}, candidate {version}; plan {plan.plan.id} "
        f"{plan.plan.version}; {case.change.opened['modification']}, {case.change.id}.",
        "state the device identifier (UDI-DI); the plan holds none",
    )


def conformity(case: Case) -> Answer:
    found = case.shared["conformity"]
    return _evidence(found["words"], found["person"])


def trigger(case: Case) -> Answer:
    alarm = case.change.alarm
    return _evidence(f"Alarm {alarm['alarm']} of the {alarm['stream']} stream, night {alarm['night']}.")


def change(case: Case) -> Answer:
    if case.version is None:
        return _absent(NO_CANDIDATE)
    kept = case.shared["operating_point"]["planned"]
    effect = (
        "alerts before and after" if kept else "the plan has no operating point, so alerts are not counted"
    )
    return _evidence(f"Original, last deployed and candidate map side by side; {effect}.")


def local(case: Case) -> Answer:
    found = case.shared["local_adaptation"]
    factors = listed([spaced(item) for item in found["factors"]])
    return _evidence(
        f"Listed local factors: {factors}. {found['shown']} {found['not_shown']}", found["person"]
    )


def data(_: Case) -> Answer:
    return _evidence(
        "Windows with dates, counts and hashes, and the account of every exclusion, as far as collected.",
        "judge whether these studies represent the intended population",
    )


def reference(case: Case) -> Answer:
    standard = case.plan.data.reference_standard
    return _evidence(
        f"As in the plan: {standard.source}, version {standard.version}; outcomes of another source or "
        "version judge nothing. Readers' exposure to the AI and their agreement stand there where they "
        "were recorded."
    )


def sequestration(case: Case) -> Answer:
    found = case.shared["sequestration"]
    return _evidence(
        f"Looks held {found['looks_held']} of {found['looks_planned']}; attempt "
        f"{found['attempts_at_this_place']} of {found['attempts_planned']} at this place; one-sided alpha "
        f"committed {found['alpha_committed']:g} of {found['alpha_planned']:g}.",
        found["person"],
    )


def provenance(case: Case) -> Answer:
    found = case.shared["provenance"]
    same = {
        True: "The released calibrator has the hash of the tested one.",
        False: "Nothing was released, so there is nothing to compare with what was tested.",
    }[found["released_sha256"] is not None and found["released_sha256"] == found["tested_sha256"]]
    return _evidence(
        f"Hashes of plan and rows, program version, and a command that derives all again. {same}",
        found["person"],
    )


def results(case: Case) -> Answer:
    if not case.looked:
        return _absent(f"{NO_LOOK}; each criterion is listed as not evaluated")
    told = [f"{row['id']} {row['status_words']}" for row in case.shared["criteria"]]
    return _evidence(f"{listed(told)}; against the original and the last deployed version.")


def unmodified(case: Case) -> Answer:
    found = case.shared["unmodified"]
    return _evidence(" ".join([*found["evidence"], found["trade_off"] or ""]).strip(), found["person"])


def subgroups(case: Case) -> Answer:
    if case.plan.evaluation.subgroups is None and case.plan.evaluation.challenging_cases is None:
        return _absent(
            "the plan names neither subgroups nor challenging cases, so nothing is claimed about any",
            "decide whether a subgroup or the uncertainty of the reference standard needs a look of its own",
        )
    if not case.looked:
        return _absent(NO_LOOK)
    return _evidence("Each subgroup and the challenging cases of the plan, with what their studies showed.")


def earlier(case: Case) -> Answer:
    rows = case.shared["earlier_attempts"]
    if not rows:
        return _evidence("This is the first attempt at this site for this finding.")
    return _evidence(
        f"Earlier attempts here: {listed([row['change'] for row in rows])}, with verdict and alpha."
    )


def failures(case: Case) -> Answer:
    found = case.shared["failures"]
    if not found["failed"] and not found["records"]:
        return _absent("the change did not fail and no deviation is on record for it")
    records = listed([row["id"] for row in found["records"]]) or "no deviation"
    return _evidence(f"Disposition: {found['disposition']}. On record: {records}.", found["person"])


def cumulative(case: Case) -> Answer:
    found = case.shared["cumulative"]
    anchored = listed([f"{row['id']} {row['status_words']}" for row in found["criteria"]])
    against = anchored or "the plan has no criterion against it"
    return _evidence(f"Against the original: {against}. {found['words']}")


def versions(case: Case) -> Answer:
    if case.shared["versions"] is None:
        return _absent("no matrix of versions was recorded" if case.looked else NO_LOOK)
    return _evidence("Each version on each window: what was learned, and what only the data changed.")


def impact(_: Case) -> Answer:
    return _evidence("The plan's assessment, element by element, beside what this change showed.", RISK_FILE)


def verification(case: Case) -> Answer:
    tests = sum(len(row["tests"]) for row in case.shared["traceability"])
    return _evidence(
        f"{counted(tests, 'specification test')} named against the protocol; their run is not part of this "
        "record.",
        VERIFICATION,
    )


def labeling(case: Case) -> Answer:
    found = case.shared["labeling"]
    if found["reason"]:
        return _absent(found["reason"])
    return _evidence(
        f"Text for each section the plan names ({found['status']}), and the version history.", found["person"]
    )


def notice(case: Case) -> Answer:
    found = case.shared["release_note"]
    if found["reason"]:
        return _absent(found["reason"])
    return _evidence(
        f"Release note in plain words, from the figures of this dossier ({found['status']}).", found["person"]
    )


def udi(case: Case) -> Answer:
    if case.shared["udi"]["person"] is None:
        return _absent("no version was released, so there is none to identify")
    return _for_a_person(case.shared["udi"]["statement"], case.shared["udi"]["person"])


def deployment(case: Case) -> Answer:
    found = case.shared["deployment"]
    if found is None:
        return _absent("the change was not deployed")
    simulated = " Simulated by a replay." if found["simulated"] else ""
    return _evidence(
        f"{found['version']} at {found['site']}, first night {found['night']}; the way back leads to "
        f"{found['rollback_point']}.{simulated}",
        found["person"],
    )


def monitoring(case: Case) -> Answer:
    found = case.shared["monitoring_of_version"]
    if found["version"] is None:
        return _absent("this version is not in use; the streams go on for the version that is")
    names = listed([spaced(row["stream"]) for row in found["streams"]])
    return _evidence(f"{found['cadence'].capitalize()} looks, streams: {names}.", found["person"])


def side_checks(case: Case) -> Answer:
    return _for_a_person(
        "Laid out as questions, with what is on record to each; none is answered by the program.",
        "answer " + listed([row["rule"] for row in case.shared["side_checks"]]),
    )


def approvals(case: Case) -> Answer:
    if case.verdict != "accept":
        return _absent("only an accepted change can be approved")
    found = case.shared["approvals"]
    if found["implemented"]:
        return _evidence("Implemented by the service inside every guardrail; no person approved.")
    if not found["records"]:
        return _for_a_person(
            "Nobody has approved or declined yet.", "approve or decline, in each role of the plan"
        )
    told = [f"{row['role']} {row['decision']}" for row in found["records"]]
    return _evidence(f"{listed(told)}. {found['note']}")


def summary(_: Case) -> Answer:
    return _evidence(
        "Four parts in plain words: planned modifications, testing, requirements, how users are informed.",
        "publish it only with the words of the authorization",
    )


def execution(case: Case) -> Answer:
    rows = case.shared["execution_history"]
    known = counted(len(rows), "change", "changes")
    return _evidence(f"{known} put into use under this plan so far, at all sites.")


def complete(_: Case) -> Answer:
    return _evidence(
        "The checklist counts evidence, items that do not apply, and questions still open.",
        "confirm that the open questions are answered before the dossier is used as evidence",
    )


def card(case: Case) -> Answer:
    if case.shared["model_card_delta"]["reason"]:
        return _absent(case.shared["model_card_delta"]["reason"])
    return _evidence("Entries of a model card that differ for this site.")


def limits(case: Case) -> Answer:
    marks = listed([banner["text"].lower() for banner in case.shared["banners"]]) or "none"
    return _evidence(f"What was not evaluated, and what this document is not. Marks on every page: {marks}.")
