"""Verdict, attempt and approvals: what was decided, what it may have cost, who decides next."""

from __future__ import annotations

from monitor.documentation.blocks import (
    Aside,
    Block,
    Bullets,
    Cell,
    Change,
    Code,
    Commands,
    Facts,
    Mark,
    Marks,
    Section,
    Sentence,
    Stack,
    Table,
)
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Interval, Number, Share
from monitor.documentation.sections.criteria import mark_of
from monitor.documentation.wording import (
    counted,
    listed,
)

SCORES = (
    ("Log loss (nats per study)", "log_loss", 4),
    ("Brier score", "brier", 4),
    ("Calibration error, ECE (ten groups; above 0 even by chance)", "ece", 4),
)
MAPS = ("original", "last_deployed", "candidate")


def verdict_section(dossier: Record) -> Section:
    """The verdict, its rule in one sentence, and performance before and after."""
    verdict = dossier["verdict"]
    rows: list[tuple[str, Cell]] = [
        ("Verdict", Mark(verdict["verdict"] or "none", verdict["words"])),
        ("State", verdict["state_words"]),
        ("Rule", verdict["rule"]),
        ("On failure", verdict["on_failure"]),
    ]
    needed = verdict["needed"]
    if needed.get("events") is not None:
        rows.append(("Events still needed", Number(needed["events"])))
        rows.append(("Forecast", str(needed.get("forecast") or "none can be made")))
    blocks: list[Block] = [Facts(tuple(rows))]
    if verdict["reasons"]:
        blocks += [Sentence("Reasons as they stand in the ledger:"), Bullets(tuple(verdict["reasons"]))]
    blocks.extend(_performance(dossier["performance"]))
    return Section("verdict", "Verdict", tuple(blocks))


def headline_facts(dossier: Record) -> Facts:
    """The few facts that stand beside the verdict: state, plan, attempt, criteria, before and after."""
    plan, attempt = dossier["plan"], dossier["attempt"]
    rows: list[tuple[str, Cell]] = [
        ("State", dossier["headline"]["state_words"]),
        (
            "Criteria",
            Marks(
                tuple(
                    Mark(mark_of(row), row["id"], f": {row['status_words']}") for row in dossier["criteria"]
                )
            ),
        ),
    ]
    performance = dossier["performance"]
    if performance is not None:
        rows.append(
            (
                "Log loss, deployed to candidate",
                _before_and_after(performance, "log_loss", 4, "nats per study"),
            )
        )
        rows.append(
            (
                "Observed / expected, likewise",
                _before_and_after(performance, "observed_expected", 3, ""),
            )
        )
    rows.append(("Attempt at this site", f"{attempt['number']} of at most {attempt['of']}"))
    rows.append(
        ("Plan", f"{plan['id']}, version {plan['version']}, {plan['criteria_style']['name']} criteria")
    )
    rows.append(("SHA-256 of the plan", Code(plan["sha256"])))
    return Facts(tuple(rows))


def _before_and_after(performance: Record, measure: str, decimals: int, unit: str) -> Change:
    before, after = (performance[name][measure] for name in ("last_deployed", "candidate"))
    return Change(Number(before, decimals), Number(after, decimals, unit))


def attempt_section(dossier: Record) -> Section:
    """Which attempt this is and what it may spend."""
    attempt = dossier["attempt"]
    look = f"{attempt['look']} of {attempt['looks_planned']}" if attempt["look"] else "none reached"
    rows: list[tuple[str, Cell]] = [
        ("Attempt at this site", f"{attempt['number']} of at most {attempt['of']}"),
        ("One-sided alpha of this attempt", f"{attempt['alpha']:g}"),
        ("Alpha of all attempts", listed([f"{alpha:g}" for alpha in attempt["attempt_alpha"]])),
        ("Look", look),
        ("Longest wait for the look", counted(attempt["maximum_wait_days"], "day")),
    ]
    blocks: list[Block] = [Facts(tuple(rows))]
    if attempt["looks_held"]:
        blocks.append(_looks(attempt))
    return Section("attempt", "Attempt and error probability", tuple(blocks))


def _looks(attempt: Record) -> Table:
    """Each look that was held, with its bound; the bounds are fixed by the planned events alone."""
    rows = tuple(
        (
            f"{look['look']} of {attempt['looks_planned']}",
            Number(attempt["look_events"][look["look"] - 1]),
            Number(look["events"]),
            Number(look["z"], 4),
            Share(look["alpha"]),
            Share(look["alpha_spent"]),
            look["verdict"] or "none, the change collects on",
        )
        for look in attempt["looks_held"]
    )
    columns = ("Look", "Planned events", "Events", "Bound (z)", "Alpha of the look", "Alpha spent", "Verdict")
    return Table("looks", "Looks, alpha spent by the O'Brien-Fleming-type function", columns, rows)


def approval_section(dossier: Record) -> Section:
    """Approval records, and the commands where a person can still decide."""
    approvals = dossier["approvals"]
    blocks: list[Block] = [Sentence(approvals["note"])]
    if approvals["records"]:
        columns = ("Signer", "Role", "Decision", "Time", "Meaning", "Key", "Simulated")
        rows = tuple(_approval(record) for record in approvals["records"])
        blocks.append(Table("approvals", "Approval record", columns, rows))
    elif approvals["implemented"]:
        blocks.append(_implemented(approvals["implemented"]))
    else:
        blocks.append(Sentence("No approval or refusal is recorded."))
    if not approvals["implemented"]:
        blocks += [Sentence(_signed(role)) for role in approvals["roles"]]
    if approvals["rolled_back"]:
        blocks.append(_rollback(approvals["rolled_back"]))
    if approvals["commands"]:
        roles = listed([role["role"] for role in approvals["roles"]], "or")
        blocks.append(Sentence(f"To approve or to decline, with ROLE being {roles}:"))
        blocks.append(Commands(tuple(approvals["commands"])))
        if not any(role["keys"] for role in approvals["roles"]):
            blocks.append(Aside("The plan lists no key for any role: these commands will be refused."))
    return Section("approvals", "Approvals", tuple(blocks))


def _implemented(record: Record) -> Facts:
    rows: tuple[tuple[str, Cell], ...] = (
        ("Implemented by", f"{record['by']}, a service; no person approved this change"),
        ("Basis", str(record["basis"])),
        ("Record", Code(str(record["record_sha256"]))),
    )
    return Facts(rows)


def _signed(role: Record) -> str:
    return f"{role['role']}: {role['have']} of {counted(role['need'], 'signature')}."


def _rollback(record: Record) -> Facts:
    key = record["key_id"]
    rows: list[tuple[str, Cell]] = [
        ("Rolled back", f"from {record['from']} to {record['to']} on {record['night']}"),
        ("Reason", str(record["reason"])),
        ("By", f"{record['signer']}, {record['role']}, {record['at']}"),
        ("Key", Code(str(key)) if key else "none"),
    ]
    return Facts(tuple(rows))


def _performance(performance: Record | None) -> list[Block]:
    if performance is None:
        return []
    rows: list[tuple[Cell, ...]] = [
        (label, *(Number(performance[name][key], digits) for name in MAPS)) for label, key, digits in SCORES
    ]
    rows.append(
        (
            "Observed / expected outcomes",
            *(Number(performance[name]["observed_expected"], 3) for name in MAPS),
        )
    )
    auc = performance["auc"]
    table = Table(
        "performance",
        "Performance on the validation studies (lower is better; observed / expected: 1 is ideal)",
        ("Measure", "Original", "Last deployed", "Candidate"),
        tuple(rows),
    )
    facts: tuple[tuple[str, Cell], ...] = (
        ("AUC of the raw score (95 % interval)", Interval(auc["value"], auc["low"], auc["high"], 3)),
        ("Studies", Stack((Number(auc["n"]), Number(auc["events"], unit="events")))),
        ("Method", str(auc["method"])),
    )
    same = "Every map is strictly increasing, so ranks and AUC are identical before and after."
    return [table, Facts(facts), Sentence(same)]


def _approval(record: Record) -> tuple[Cell, ...]:
    key = record["key_id"]
    return (
        str(record["signer"]),
        str(record["role"]),
        str(record["decision"]),
        str(record["at"] or "not recorded"),
        str(record["meaning"]),
        Code(str(key)) if key else "none",
        "yes: no person approved" if record["simulated"] else "no",
    )
