"""Criteria, verdict, attempt and approvals: what was required, what was found, who decides."""

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
from monitor.documentation.numbers import MINUS, Interval, Number, faithful_decimals, level_text, rounded
from monitor.documentation.wording import (
    COMPARATOR_WORDS,
    METRIC_NAMES,
    REQUIRE_WORDS,
    counted,
    listed,
    spaced,
)

DECIMALS = {"log_loss_difference": 4, "observed_expected_ratio": 2, "calibration_slope": 2}
SCORES = (
    ("Log loss (nats per study)", "log_loss", 4),
    ("Brier score", "brier", 4),
    ("Calibration error, ECE (ten groups; above 0 even by chance)", "ece", 4),
)
MAPS = ("original", "last_deployed", "candidate")


def criteria_section(dossier: Record) -> Section:
    """Every criterion with its limit fixed beforehand and what the studies showed."""
    plan = dossier["plan"]
    level = level_text(dossier["attempt"]["alpha"])
    columns = (
        "Criterion",
        "What it means",
        "Against",
        "Required to be",
        "Limit, fixed beforehand",
        f"Estimate ({level} interval)",
        "Studies",
        "Status",
        "Events still needed",
    )
    rows = tuple(_criterion(row) for row in dossier["criteria"])
    style = plan["criteria_style"]
    caption = f"Criteria of the plan, {style['name']}: {style['words']}"
    note = "Events still needed: if the estimate stays where it is."
    return Section(
        "criteria", "Criteria", (Table("criteria", caption, columns, rows, wide=True), Sentence(note))
    )


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
                    Mark(_judged(row), row["id"], f": {row['status_words']}") for row in dossier["criteria"]
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
                "Observed / expected outcomes, likewise",
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
    return Section("attempt", "Attempt and error probability", (Facts(tuple(rows)),))


def approval_section(dossier: Record) -> Section:
    """Approval records, and the commands where a person can still decide."""
    approvals = dossier["approvals"]
    blocks: list[Block] = [Sentence(approvals["note"])]
    if approvals["records"]:
        columns = ("Signer", "Role", "Decision", "Time", "Meaning", "Key", "Simulated")
        rows = tuple(_approval(record) for record in approvals["records"])
        blocks.append(Table("approvals", "Approval record", columns, rows))
    else:
        blocks.append(Sentence("No approval or refusal is recorded."))
    if approvals["commands"]:
        roles = listed([role["role"] for role in approvals["roles"]], "or")
        blocks.append(Sentence(f"To approve or to decline, with ROLE being {roles}:"))
        blocks.append(Commands(tuple(approvals["commands"])))
        if not any(role["keys"] for role in approvals["roles"]):
            blocks.append(Aside("The plan lists no key for any role: these commands will be refused."))
    return Section("approvals", "Approvals", tuple(blocks))


def limit_text(row: Record) -> Cell:
    """The limit as the plan fixed it, and as the number it became.

    Example:
        >>> limit_text({"pre_specified": {"limits": [0.8, 1.25]}, "limit": None})
        '0.8 to 1.25'
    """
    fixed = row["pre_specified"]
    if "limits" in fixed:
        low, high = fixed["limits"]
        return f"{low:g} to {high:g}"
    if "limit" in fixed:
        return f"above {fixed['limit']:g}".replace("-", MINUS)
    share = rounded(100 * fixed["margin_relative"], 6).rstrip("0").rstrip(".")
    relative = f"above {share} % of the {COMPARATOR_WORDS[row['against']]}'s log loss"
    return relative if row["limit"] is None else Stack((relative, Number(row["limit"], 4, "nats per study")))


def criterion_decimals(row: Record) -> int:
    """Digits of one criterion's estimate, enough to show on which side of its limit each bound lies."""
    estimate = row["estimate"]
    limits = row["limits"] or [row["limit"]]
    return faithful_decimals([estimate["low"], estimate["high"]], limits, DECIMALS[row["metric"]])


def _criterion(row: Record) -> tuple[Cell, ...]:
    estimate = row["estimate"]
    found: Cell = "—"
    counts: Cell = "—"
    if estimate is not None:
        decimals = criterion_decimals(row)
        interval = Interval(estimate["value"], estimate["low"], estimate["high"], decimals)
        found = Stack((interval, row["unit"], estimate["method"]))
        counts = Stack((Number(estimate["n"]), Number(estimate["events"], unit="events")))
    return (
        Stack((row["id"], METRIC_NAMES[row["metric"]])),
        row["meaning"],
        spaced(row["against"] or "—"),
        REQUIRE_WORDS[row["require"]],
        limit_text(row),
        found,
        counts,
        Mark(_judged(row), row["status_words"]),
        _needed(row),
    )


def _judged(row: Record) -> str:
    return "met" if row["met"] else row["status"]


def _needed(row: Record) -> Cell:
    if row["missing_events"] is not None and row["status"] != "contradicted":
        return Stack((Number(row["missing_events"]), f"{row['needed_events']:,} in all"))
    return "none would do" if row["status"] == "not_contradicted" and not row["met"] else "—"


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
