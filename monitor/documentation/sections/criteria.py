"""The criteria table: what was required beforehand, what was found, and what is still missing."""

from __future__ import annotations

from monitor.documentation.blocks import Cell, Mark, Section, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import MINUS, Interval, Number, faithful_decimals, level_text, rounded
from monitor.documentation.wording import COMPARATOR_WORDS, METRIC_NAMES, REQUIRE_WORDS, spaced

DECIMALS = {
    "log_loss_difference": 4,
    "brier_score_difference": 4,
    "observed_expected_ratio": 2,
    "calibration_slope": 2,
}
SHARE_DECIMALS = 3


def criteria_section(dossier: Record) -> Section:
    """Every criterion with its limit fixed beforehand and what the studies showed."""
    plan = dossier["plan"]
    level = level_text(dossier["verdict"]["alpha"])
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
    side = "below" if row.get("metric") == "alert_rate" else "above"
    for key in ("limit", "margin"):
        if key in fixed:
            return f"{side} {fixed[key]:g}".replace("-", MINUS)
    share = rounded(100 * fixed["margin_relative"], 6).rstrip("0").rstrip(".")
    loss = "Brier score" if row.get("metric") == "brier_score_difference" else "log loss"
    relative = f"above {share} % of the {COMPARATOR_WORDS[row['against']]}'s {loss}"
    return relative if row["limit"] is None else Stack((relative, Number(row["limit"], 4, row["unit"])))


def criterion_decimals(row: Record) -> int:
    """Digits of one criterion's estimate, enough to show on which side of its limit each bound lies."""
    estimate = row["estimate"]
    limits = row["limits"] or [row["limit"]]
    return faithful_decimals(
        [estimate["low"], estimate["high"]], limits, DECIMALS.get(row["metric"], SHARE_DECIMALS)
    )


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
        Mark(mark_of(row), row["status_words"]),
        _needed(row),
    )


def mark_of(row: Record) -> str:
    """The sign of a criterion: "met" whatever shows it, else its status."""
    return "met" if row["met"] else row["status"]


def _needed(row: Record) -> Cell:
    if row["missing_events"] is not None and row["status"] != "contradicted":
        return Stack((Number(row["missing_events"]), f"{row['needed_events']:,} in all"))
    return "none would do" if row["status"] == "not_contradicted" and not row["met"] else "—"
