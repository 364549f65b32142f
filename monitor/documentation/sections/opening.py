"""Plan, trigger and data: under which rules, why at all, and on what."""

from __future__ import annotations

from monitor.documentation.blocks import (
    Aside,
    Block,
    Bullets,
    Cell,
    Code,
    Drawing,
    Facts,
    Section,
    Sentence,
    Table,
)
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Number
from monitor.documentation.wording import capitalised, listed, spaced


def plan_section(dossier: Record) -> Section:
    """Identity of the plan, its device and the style of its criteria."""
    plan = dossier["plan"]
    device, modification = plan["device"], plan["modification"]
    rows: list[tuple[str, Cell]] = [
        ("Plan", f"{plan['title']}"),
        ("Identity", f"{plan['id']}, version {plan['version']}"),
        ("SHA-256 of the plan", Code(plan["sha256"])),
        ("Authorization", _authorization(plan)),
        ("Made by", plan["actor_words"]),
        ("Criteria style", f"{plan['criteria_style']['name']}: {plan['criteria_style']['words']}"),
        ("Device", f"{device['name']}, model {device['model_version']} (frozen)"),
        ("Intended use", device["intended_use"]),
        ("Must not change", listed([spaced(item) for item in plan["invariants"]])),
        ("Modification", f"{modification['id']}: {modification['title']}"),
        (
            "Scope",
            f"{modification['scope']}; local factors: {listed(_spaced(modification['local_factors']))}",
        ),
        ("Safe without any change", f"claimed; evidence {device['safe_and_effective_without_change']}"),
    ]
    return Section("plan", "Plan", (Facts(tuple(rows)),))


def trigger_section(dossier: Record) -> Section:
    """The alarm that opened the change and how often such an alarm is false."""
    trigger = dossier["trigger"]
    rows: list[tuple[str, Cell]] = [
        ("Alarm", f"{trigger['alarm']}, {trigger['stream']} stream, night {trigger['night']}"),
        ("Cohort at the alarm", str(trigger["cohort"])),
        ("Estimated start of the change", str(trigger["change_cohort"])),
        ("Evidence, log R", Number(trigger["log_r"], 2)),
        ("Limit for an alarm, log R", Number(trigger["log_limit"], 2)),
        ("Alternative with the most evidence", str(trigger["bet"])),
        ("Studies up to the alarm", Number(trigger["rows"])),
        ("Of the rarer class", Number(trigger["events"])),
    ]
    tolerance = trigger["tolerance"]
    band = (
        f"Errors within {tolerance['logit']:g} log-odds plus {tolerance['standard_errors']:g} × the standard "
        "error of the deployed calibrator are tolerated and raise no alarm."
    )
    return Section(
        "trigger", "Trigger", (Facts(tuple(rows)), Sentence(_false_alarm(dossier)), Sentence(band))
    )


def data_section(dossier: Record) -> Section:
    """Windows, counts, exclusions and hashes."""
    account = dossier["data_account"]
    blocks: list[Block] = [_windows(account)] if account["fit"] or account["validation"] else []
    if not account["fit_complete"]:
        blocks.append(Aside(_no_fit(dossier)))
    if account["waterfall"]:
        blocks.append(_waterfall(account["waterfall"]))
        blocks.append(Drawing("waterfall", "Studies, and events among them, left after each filter."))
    blocks.append(_truth(account))
    return Section("data", "Data account", tuple(blocks))


def _no_fit(dossier: Record) -> str:
    if dossier["headline"]["state"] == "withdrawn":
        return "No candidate was put forward, and the ledger describes no fitting window."
    minimum = dossier["data_account"]["minimum"]["fit_events"]
    return f"The fitting window is not complete. A candidate needs {minimum:,} events of the rarer class."


def _authorization(plan: Record) -> str:
    details = plan["authorization"]
    letter = [details.get(key) for key in ("pathway", "number", "date") if details.get(key)]
    return plan["authorization_words"] + (f" ({', '.join(letter)})" if letter else "")


def _spaced(names: list[str]) -> list[str]:
    return [spaced(name) for name in names]


def _false_alarm(dossier: Record) -> str:
    chance = dossier["trigger"]["false_alarm"]
    looks = (
        f"{chance['horizon_looks']:,} {chance['cadence']} looks"
        if chance["horizon_looks"] > 1
        else "one look"
    )
    over = f"over {looks}"
    several = [word for word in ("findings", "strata") if chance.get(word, 1) > 1]
    shared = f" for all its {' and '.join(several)} together" if several else ""
    return (
        "As long as the deployed probabilities at a site are right within the tolerance, this stream raises "
        f"a false alarm there with probability at most {chance['at_most']:.6g} {over}{shared} (alpha "
        f"{chance['probability']:g} times the stream's weight {chance['weight']:g})."
    )


def _windows(account: Record) -> Table:
    names = ("fit", "validation")
    windows = [account[name] or {} for name in names]
    rows: list[tuple[Cell, ...]] = [
        ("First cohort", *(str(window.get("from") or "—") for window in windows)),
        ("Last cohort", *(str(window.get("to") or "—") for window in windows)),
        *((label, *(Number(window.get(key)) for window in windows)) for label, key in _COUNTS),
        (
            "Prevalence of the outcome",
            *(Number(window.get("prevalence"), 1, percent=True) for window in windows),
        ),
        ("Outcome known at maturity", "—", Number(windows[1].get("ascertainment"), 1, percent=True)),
        ("Patients removed, they were in the fit", "—", Number(windows[1].get("patients_removed"))),
        ("Outcomes as known by", *(str(window.get("known_by") or "—") for window in windows)),
        ("SHA-256 of the rows", *(_hash(window.get("rows_sha256")) for window in windows)),
        ("SHA-256 of the patients", *(_hash(window.get("patients_sha256")) for window in windows)),
    ]
    fitting = "Fitting" if account["fit_complete"] else "Fitting, collected so far"
    return Table("windows", "Fitting and validation window", ("Window", fitting, "Validation"), tuple(rows))


_COUNTS = (("Studies", "n"), ("Events (studies of the rarer class)", "events"), ("Patients", "patients"))


def _hash(digest: str | None) -> Cell:
    return Code(digest) if digest else "—"


def _waterfall(steps: list[Record]) -> Table:
    rows = tuple(
        (capitalised(str(step["step"])), Number(step.get("rows")), Number(step.get("events")))
        for step in steps
    )
    return Table("waterfall", "What became of the studies", ("Step", "Studies", "Events"), rows)


def _truth(account: Record) -> Bullets:
    standard, allowed, split = (
        account["reference_standard"],
        account["ai_influence_allowed"],
        account["split"],
    )
    kept_apart = (
        "later cohorts validate" if split["order"] == "time" else "patients are split by a keyed hash"
    )
    return Bullets(
        (
            f"Reference standard: {standard['definition'].rstrip('.')} (source {standard['source']}, version "
            f"{standard['version']}).",
            f"Outcomes allowed by the reader's exposure to the AI: fitting {listed(allowed['fitting'])}; "
            f"validation {listed(allowed['validation'])}; monitoring {listed(allowed['monitoring'])}.",
            f"An outcome counts {account['maturity_days']:,} days after its cohort; at least "
            f"{100 * account['minimum_ascertainment']:.4g} % of the outcomes must be known for a change to "
            "be accepted.",
            f"Patients are kept whole and in one window only; {kept_apart}.",
        )
    )
