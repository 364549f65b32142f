"""Predictions that no look has read yet: what came due or came late since the look before."""
# ruff: noqa: S608  (statements are built from quoted names of this package; values are parameters)

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.plan.logs import Covariate
from monitor.plan.model import ChangePlan
from monitor.records import Arrived, Categories, Mark, Place, Unread
from monitor.store.bulk import of_places
from monitor.store.connection import Session, columns, quoted, rows

MOST_LEVELS = 1000
"""Texts of a column up to which the engine looks each up in a list; more are looked up here."""

_READ = "cohort_end <= $due AND known_on <= $known_by AND batch <= $batch"
# What the look before did not read, in disjoint parts: each is a range of one column, so that the engine
# passes over the row groups that lie outside it, and a night costs its new rows whatever the history.
_UNREAD = (
    "batch > $before_batch",
    "batch <= $before_batch AND known_on > $before_known_by",
    "batch <= $before_batch AND known_on <= $before_known_by AND cohort_end > $before_due",
)


def arrived(
    connection: Session, plan: ChangePlan, after: Mark | None, upto: Mark, place: Place | None
) -> dict[Place, Arrived]:
    """Predictions that a look up to one mark reads and one up to an earlier mark did not, by place.

    Args:
        connection: Of the store.
        plan: For its covariates and its first cohort.
        after: Of the look before; None when there was none.
        upto: Of the look.
        place: One place instead of all.

    Returns:
        Rows ordered by site, finding, cohort, study.
    """
    source, parameters = _unread(plan, after, upto, place)
    cells = "".join(f", {quoted(_column(item))}" for item in plan.logs.covariates)
    found = columns(
        connection,
        f"SELECT site, finding, cohort, patient, score, reader_decision{cells} FROM {source} "
        "ORDER BY site, finding, cohort, study",
        parameters,
    )
    return {item.place: item for item in _by_place(plan, found)}


def unread(
    connection: Session, plan: ChangePlan, after: Mark | None, upto: Mark, place: Place | None
) -> dict[Place, Unread]:
    """The same predictions as a look reads them: without a text, which would cost ten times as much.

    Args:
        connection, plan, after, upto, place: As for `arrived`.

    Returns:
        Rows by site and finding, in no order.
    """
    source, parameters = _unread(plan, after, upto, place)
    levels = {name: _levels(connection, name, source, parameters) for name in _texts(plan)}
    numbers = ["score", *(_column(item) for item in plan.logs.covariates if item.kind == "continuous")]
    listed = [_number_of(name, len(found)) for name, found in levels.items()]
    few = {name: list(found) for name, found in levels.items() if len(found) <= MOST_LEVELS}
    # A hash stands for a patient: of a million at a place, two share one in one look of forty million.
    found = columns(
        connection,
        f"SELECT hash(patient) AS patient, {', '.join([*listed, *map(quoted, numbers)])} FROM {source}",
        parameters | {f"of_{name}": known for name, known in few.items()},
    )
    return _unread_by_place(plan, levels, found)


def cohorts(connection: Session, plan: ChangePlan, upto: Mark, place: Place) -> tuple[str, str]:
    """The first and the last cohort of what a look up to a mark has read of a place; it read something."""
    source, parameters = _unread(plan, None, upto, place)
    first, last = rows(connection, f"SELECT min(cohort), max(cohort) FROM {source}", parameters)[0]
    return first, last


def _texts(plan: ChangePlan) -> list[str]:
    """Columns of text that a look reads; the readers' decisions where the plan says what they mean."""
    decided = ["reader_decision"] * (plan.logs.predictions.reader_decisions is not None)
    categorical = [_column(item) for item in plan.logs.covariates if item.kind == "categorical"]
    return ["site", "finding", *decided, *categorical]


def _unread(
    plan: ChangePlan, after: Mark | None, upto: Mark, place: Place | None
) -> tuple[str, dict[str, Any]]:
    """SQL of the table of these predictions, and its parameters."""
    conditions, parameters = [_READ], _parameters("", upto)
    parts = ("true",) if after is None else _UNREAD
    if after is not None:
        parameters |= _parameters("before_", after)
    if plan.monitoring.first_cohort is not None:
        conditions.append("cohort >= $first")
        parameters["first"] = plan.monitoring.first_cohort
    if place is not None:
        there, which = of_places([place])
        conditions.append(there)
        parameters |= which
    where = " AND ".join(conditions)
    return (
        f"({' UNION ALL '.join(f'FROM predictions WHERE {where} AND {part}' for part in parts)})",
        parameters,
    )


def _parameters(prefix: str, mark: Mark) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in mark._asdict().items()}


def _column(item: Covariate) -> str:
    return f"covariate_{item.name}"


def _levels(connection: Session, name: str, source: str, parameters: dict[str, Any]) -> tuple[str, ...]:
    """The texts of a column; one after the other costs less than all columns in one statement."""
    found = rows(connection, f"SELECT DISTINCT {quoted(name)} FROM {source}", parameters)
    return tuple(sorted(text for (text,) in found if text is not None))


def _number_of(name: str, levels: int) -> str:
    """SQL of a text's place among its levels, counted from one; of the text where they are many."""
    cell, kind = quoted(name), "TINYINT" if levels < 128 else "SMALLINT"
    return cell if levels > MOST_LEVELS else f"list_position($of_{name}::VARCHAR[], {cell})::{kind} AS {cell}"


def _unread_by_place(
    plan: ChangePlan, levels: Mapping[str, tuple[str, ...]], found: dict[str, NDArray[Any]]
) -> dict[Place, Unread]:
    """What was found of each place; `found` is emptied."""
    places = [Place(*pair) for pair in product(levels["site"], levels["finding"])]
    site, finding = (_typed(found.pop(name), levels[name]) for name in ("site", "finding"))
    number = site.astype(np.int64) * len(levels["finding"]) + finding
    order, typed = np.argsort(number.astype(np.min_scalar_type(len(places))), kind="stable"), {}
    for name in [*found]:  # a column's memory serves the next one: new memory costs more than the copy
        typed[name] = _typed(found.pop(name), levels.get(name)).take(order)
    ends = np.cumsum(np.bincount(number, minlength=len(places))).tolist()
    return {
        place: _unread_of(plan, place, levels, {name: values[low:high] for name, values in typed.items()})
        for place, (low, high) in zip(places, pairwise([0, *ends]), strict=True)
        if low < high
    }


def _typed(values: NDArray[Any], levels: tuple[str, ...] | None) -> NDArray[Any]:
    """A column of numbers with NaN, or of places among the levels with -1."""
    if levels is None:
        hashes = values.dtype == np.uint64
        return np.asarray(values).view(np.int64) if hashes else feature_values(values, "continuous")
    if values.dtype != object:
        return np.ma.filled(values, 0) - 1
    number = {level: place for place, level in enumerate(levels)}
    return np.array([number.get(text, -1) for text in values.tolist()])


def _unread_of(
    plan: ChangePlan, place: Place, levels: Mapping[str, tuple[str, ...]], part: Mapping[str, NDArray[Any]]
) -> Unread:
    read: dict[str, Any] = {
        name: Categories(levels[name], part[name]) if name in levels else part[name] for name in part
    }
    features = {item.name: read[_column(item)] for item in plan.logs.covariates}
    return Unread(place, read["patient"], read["score"], read.get("reader_decision"), features)


def _by_place(plan: ChangePlan, found: dict[str, NDArray[Any]]) -> list[Arrived]:
    site, finding = (np.asarray(found[name], dtype=object) for name in ("site", "finding"))
    if not len(site):
        return []
    starts = np.flatnonzero((site[1:] != site[:-1]) | (finding[1:] != finding[:-1])) + 1
    typed = {
        item.name: feature_values(found[f"covariate_{item.name}"], item.kind) for item in plan.logs.covariates
    }
    return [
        Arrived(
            Place(str(site[low]), str(finding[low])),
            np.array(found["cohort"][low:high], dtype=object),
            np.array(found["patient"][low:high], dtype=object),
            np.array(found["score"][low:high], dtype=np.float64),
            feature_values(found["reader_decision"][low:high], "categorical"),
            {name: values[low:high] for name, values in typed.items()},
        )
        for low, high in pairwise([0, *starts.tolist(), len(site)])
    ]


def feature_values(values: NDArray[Any], kind: str) -> NDArray[Any]:
    """A missing number as NaN, a missing level as None."""
    if kind == "continuous":
        return np.ma.filled(values.astype(np.float64, copy=False), np.nan)
    # `filled(None)` would put NumPy's own "?" in the place of a missing level.
    return np.array(np.ma.asarray(values, dtype=object).tolist(), dtype=object)


def late(connection: Session, days: int) -> dict[Place, int]:
    """Predictions of each place that became known later than so many days after their cohort ended."""
    found = rows(
        connection,
        "SELECT site, finding, count(*) FILTER (known_on > cohort_end + ?::INTEGER) FROM predictions "
        "GROUP BY site, finding ORDER BY site, finding",
        [days],
    )
    return {Place(site, finding): count for site, finding, count in found}
