"""Subgroups and guardrails: who is certified, who is harmed, and for whom nothing can be said."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Cell, Drawing, Mark, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.subgroup_forest import LEGEND
from monitor.documentation.numbers import Number

MARKS = {"certified": "met", "harmed": "contradicted", "not_evaluable": "insufficient"}


def subgroups_section(dossier: Record) -> Section:
    """Each subgroup of the plan with its bound and one claim, and the guardrails."""
    part = dossier["subgroups"]
    blocks: list[Block] = []
    if part["rule"] is None:
        blocks.append(Sentence("The plan names no subgroup, so nothing is claimed about any."))
    elif part["found"] is None:
        blocks.append(Sentence("No look was held, so no subgroup was evaluated."))
    else:
        blocks.append(Sentence(_rule(part["rule"])))
        if part["found"]:
            blocks.append(Drawing("subgroups", LEGEND))
        blocks.append(_table(part["found"]))
        if part["counts_withheld"]:
            blocks.append(Aside("Counts are withheld: one of them is below the plan's small-cell minimum."))
    blocks += _guardrails(dossier["guardrails"])
    return Section("subgroups", "Subgroups and guardrails", tuple(blocks))


def _rule(rule: Record) -> str:
    return (
        f"Harm is a loss beyond {-100 * rule['harm']['margin_relative']:g} % of the log loss of the "
        f"calibrator in use. Claims of harm share {rule['alpha']:g} by Holm, claims of no harm by "
        "Bonferroni. A harmed subgroup rejects the candidate; one that is not certified shows nothing either "
        "way."
    )


def _table(found: list[Record]) -> Table:
    columns = (
        "Subgroup",
        "Studies",
        "With the outcome",
        "Log loss saved",
        "Lower bound",
        "Half-width",
        "Margin",
        "Claim",
    )
    rows = tuple(_row(row) for row in found)
    return Table("subgroups", "Subgroups named beforehand", columns, rows, wide=True)


def _row(row: Record) -> tuple[Cell, ...]:
    numbers = (Number(row[key], 4) for key in ("value", "bound", "half_width", "margin"))
    claim = Mark(MARKS.get(row["status"], "not_contradicted"), row["words"])
    return row["name"], Number(row["n"]), Number(row["n_pos"]), *numbers, claim


def _guardrails(part: Record) -> list[Block]:
    allowed, found = part["allowed"], part["found"]
    if allowed is None:
        return [Sentence("The plan sets no guardrail on how far probabilities may move.")]
    rows: list[tuple[Cell, ...]] = []
    for key, name, of_found in (
        ("slope", "Slope of the log-odds", "slope"),
        ("maximum_probability_change", "Largest change of a probability", "probability_change"),
        ("maximum_alert_change", "Change of the number of alerts", "alert_change"),
    ):
        if allowed[key] is not None:
            rows.append((name, _limit(allowed[key]), Number(found[of_found] if found else None, 3)))
    return [Table("guardrails", "Guardrails", ("Quantity", "Allowed", "Candidate"), tuple(rows))]


def _limit(value: float | list[float]) -> str:
    return f"{value[0]:g} to {value[1]:g}" if isinstance(value, list) else f"at most {value:g}"
