"""The data dictionary of a plan: every delivered and every stored column, by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import duckdb

from monitor.plan.model import ChangePlan, ContinuousCovariate
from monitor.store.connection import Session, rows, run
from monitor.store.contract import ROLES, layout
from monitor.store.meanings import EVERYWHERE, LAYER_OF, ONLY, Layer
from monitor.store.migrations import MIGRATIONS, migrate
from monitor.store.strata import HOSPITAL

COVARIATE = "covariate_"
LAYER_OF_LOG: dict[str, Layer] = {"predictions": "raw", "outcomes": "annotation"}


@dataclass(frozen=True)
class Entry:
    """One column.

    Attributes:
        layer: raw, annotation, analysis or bookkeeping.
        place: The log as delivered, or the table of the store.
        column: Its name there; of a delivered file the sender's own.
        type: DuckDB's type, or what a delivered cell must hold.
        may_be_empty: Whether a row without a value is taken.
        meaning: What it says, with unit, levels or range.
    """

    layer: Layer
    place: str
    column: str
    type: str
    may_be_empty: bool
    meaning: str

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def dictionary(plan: ChangePlan) -> tuple[Entry, ...]:
    """Every column that a workspace of this plan receives or keeps.

    Delivered columns come from the plan's `logs`, stored ones from a store made for the plan in memory,
    their meaning from the schema's comments.

    Raises:
        PlanError: A field that every row needs is neither a column nor a constant.
    """
    return (*_delivered(plan), *_stored(plan))


def _delivered(plan: ChangePlan) -> Iterator[Entry]:
    for role in ROLES:
        log = plan.logs.predictions if role == "predictions" else plan.logs.outcomes
        found, described = layout(plan, role), type(log.columns).model_fields
        place, layer = f"{role} log as delivered", LAYER_OF_LOG[role]
        for field, column in found.fields.items():
            meaning = (described[field].description or "").removeprefix("Column with ")
            yield Entry(
                layer, place, column, _cell(plan, field), _optional(plan, field), f"{field}: {meaning}"
            )
        for field, value in found.constants.items():
            yield Entry(layer, place, f"({field})", "constant", False, f"not in the file; always {value!r}")
        if role == "predictions":
            for covariate in plan.logs.covariates:
                column = found.covariates[covariate.name]
                yield Entry(layer, place, column, _kind(covariate), True, _values(covariate))


def _cell(plan: ChangePlan, field: str) -> str:
    """What a cell of a delivered field must hold."""
    precision = plan.logs.predictions.time_precision
    return {
        "score": "number in [0, 1]",
        "outcome": "1, 0 or missing",
        "predicted_at": f"time, to the {precision}",
        "observed_at": f"time, to the {precision} or finer",
        "finding": " or ".join(finding.id for finding in plan.findings),
        "model_version": plan.device.model_version,
        "ai_influence": "blinded, aware, prefilled or unknown",
    }.get(field, "text")


def _optional(plan: ChangePlan, field: str) -> bool:
    needed = {"study_id", "patient_id", "site", "finding", "model_version", "predicted_at", "score"}
    return field not in needed or (field == "score" and plan.logs.predictions.columns.exclusion is not None)


def _kind(covariate: Any) -> str:
    return f"number, {covariate.unit}" if isinstance(covariate, ContinuousCovariate) else "level"


def _values(covariate: Any) -> str:
    role = covariate.role or "patient or acquisition"
    if isinstance(covariate, ContinuousCovariate):
        low, high = covariate.range
        return f"covariate {covariate.name} ({role}); plausible {low:g} to {high:g} {covariate.unit}"
    return f"covariate {covariate.name} ({role}): {', '.join(covariate.levels)}"


def _kept(covariate: Any) -> str:
    if isinstance(covariate, ContinuousCovariate):
        return "null when missing or not plausible"
    return "another level as it came; null when missing"


def _stored(plan: ChangePlan) -> Iterator[Entry]:
    comments = _comments()
    covariates = {f"{COVARIATE}{covariate.name}": covariate for covariate in plan.logs.covariates}
    with duckdb.connect(":memory:") as connection:
        found = _columns(connection, plan)
    order = list(LAYER_OF)
    for table, column, kind, empty in sorted(found, key=lambda row: order.index(row[0])):
        if column in covariates:
            meaning = f"{_values(covariates[column])}; {_kept(covariates[column])}"
        elif column == HOSPITAL:
            meaning = EVERYWHERE["hospital"]
        else:
            meaning = ONLY.get((table, column)) or comments.get((table, column)) or EVERYWHERE[column]
        yield Entry(LAYER_OF[table], table, column, kind, empty, meaning)


def _columns(connection: Session, plan: ChangePlan) -> list[tuple[str, str, str, bool]]:
    """Table, column, type and whether null is allowed, in the schema's order."""
    run(connection, "ATTACH ':memory:' AS store")
    run(connection, "USE store")
    migrate(connection, plan)
    return [
        (str(table), str(column), str(kind), bool(empty))
        for table, column, kind, empty in rows(
            connection,
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE database_name = 'store' ORDER BY table_oid, column_index",
        )
    ]


def _comments() -> dict[tuple[str, str], str]:
    """What the schema's scripts say behind a column."""
    found: dict[tuple[str, str], str] = {}
    for _, script in MIGRATIONS:
        text = files("monitor.store").joinpath(script).read_text("utf-8")
        for table, body in re.findall(r"CREATE TABLE (\w+) \(\n(.*?)\n\);", text, re.DOTALL):
            for column, comment in re.findall(r"^ +(\w+) .*?-- (.+)$", body, re.MULTILINE):
                found[table, column] = comment
    return found
