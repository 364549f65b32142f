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
from monitor.store.connection import Session, columns, filled, quoted, rows

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
    levels = _met(connection, plan)
    found = dict[str, NDArray[Any]]()
    asked = [name for name, met in levels.items() if not 0 < len(met) <= MOST_LEVELS]
    while asked or not found:
        levels |= {name: _levels(connection, name, source, parameters) for name in asked}
        found = _numbers(connection, plan, levels, source, parameters)
        asked = [name for name in levels if found[name].dtype != object and not found[name].all()]
    return _unread_by_place(plan, levels, found)


def _numbers(
    connection: Session,
    plan: ChangePlan,
    levels: Mapping[str, tuple[str, ...]],
    source: str,
    parameters: dict[str, Any],
) -> dict[str, NDArray[Any]]:
    """The columns of a look; a text that is not among the levels is 0."""
    named = ["score", *(_column(item) for item in plan.logs.covariates if item.kind == "continuous")]
    numbers = [f"coalesce({cell}, 'NaN'::DOUBLE) AS {cell}" for cell in map(quoted, named)]
    listed = [_number_of(name, len(found)) for name, found in levels.items()]
    few = {name: [None, *found] for name, found in levels.items() if len(found) <= MOST_LEVELS}
    # A hash stands for a patient: of a million at a place, two share one in one look of forty million.
    return columns(
        connection,
        f"SELECT hash(patient) AS patient, {', '.join([*listed, *numbers])} FROM {source}",
        parameters | {f"of_{name}": known for name, known in few.items()},
    )


def cohorts(connection: Session, plan: ChangePlan, upto: Mark, place: Place) -> tuple[str, str]:
    """The first and the last cohort of what a look up to a mark has read of a place; it read something."""
    source, parameters = _unread(plan, None, upto, place)
    first, last = rows(connection, f"SELECT min(cohort), max(cohort) FROM {source}", parameters)[0]
    return first, last


def _met(connection: Session, plan: ChangePlan) -> dict[str, tuple[str, ...]]:
    """Texts that a look's columns are likely to hold: what the plan lists, and what the references have.

    To ask which a column does hold takes the engine half as long as all of a look's numbers.
    """
    met: dict[str, set[str]] = {name: set() for name in ("site", "finding")}
    if plan.logs.predictions.reader_decisions is not None:
        met["reader_decision"] = set()  # in whatever spelling
    met |= {_column(item): {*item.levels} for item in plan.logs.covariates if item.kind == "categorical"}
    for site, finding, feature, levels in rows(
        connection, "SELECT site, finding, feature, levels FROM reference_features"
    ):
        met["site"].add(site)
        met["finding"].add(finding)
        if (column := f"covariate_{feature}") in met:
            met[column].update(levels)
    return {name: tuple(sorted(texts)) for name, texts in met.items()}


def _unread(
    plan: ChangePlan, after: Mark | None, upto: Mark, place: Place | None
) -> tuple[str, dict[str, Any]]:
    """SQL of the table of these predictions, and its parameters."""
    conditions, parameters = [_READ], _parameters("", upto)
    parts = ["true"]
    if after is not None:
        newer = upto.batch > after.batch, upto.known_by > after.known_by, upto.due > after.due
        parts = [part for part, may_be in zip(_UNREAD, newer, strict=True) if may_be] or ["false"]
        before = _parameters("before_", after)
        parameters |= {
            name: value for name, value in before.items() if any(f"${name}" in part for part in parts)
        }
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
    """SQL of a text's place among its levels, counted from two, one for none; of the text where many are."""
    cell, kind = quoted(name), "TINYINT" if levels < 127 else "SMALLINT"
    place = f"coalesce(list_position($of_{name}::VARCHAR[], {cell}), 0)::{kind}"
    return cell if levels > MOST_LEVELS else f"{place} AS {cell}"


def _unread_by_place(
    plan: ChangePlan, levels: Mapping[str, tuple[str, ...]], found: dict[str, NDArray[Any]]
) -> dict[Place, Unread]:
    """What was found of each place; `found` is emptied."""
    places = [Place(*pair) for pair in product(levels["site"], levels["finding"])]
    site, finding = (_typed(found.pop(name), levels[name]) for name in ("site", "finding"))
    number = site.astype(np.int64) * len(levels["finding"]) + finding
    goes_to, typed = np.empty(len(number), dtype=np.intp), {}
    order = np.argsort(number.astype(np.min_scalar_type(len(places))), kind="stable")
    goes_to[order] = np.arange(len(number))
    for name in [*found]:  # a column's memory serves the next one: new memory costs more than the copy
        values = _typed(found.pop(name), levels.get(name))
        typed[name] = np.empty_like(values)
        typed[name][goes_to] = values  # rows of a place are written together, where to take them jumps about
    ends = np.cumsum(np.bincount(number, minlength=len(places))).tolist()
    return {
        place: _unread_of(plan, place, levels, {name: values[low:high] for name, values in typed.items()})
        for place, (low, high) in zip(places, pairwise([0, *ends]), strict=True)
        if low < high
    }


def _typed(values: NDArray[Any], levels: tuple[str, ...] | None) -> NDArray[Any]:
    """A column of numbers with NaN, put into their memory, or of places among the levels with -1."""
    if levels is None:
        return values.view(np.int64) if values.dtype == np.uint64 else values
    if values.dtype != object:
        return values - 2
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
        return filled(values.astype(np.float64, copy=False), np.nan)
    # `filled(None)` would put NumPy's own "?" in the place of a missing level.
    return np.array(values.tolist(), dtype=object)


def late(connection: Session, days: int) -> dict[Place, int]:
    """Predictions of each place that became known later than so many days after their cohort ended."""
    found = rows(
        connection,
        "SELECT site, finding, count(*) FILTER (known_on > cohort_end + ?::INTEGER) FROM predictions "
        "GROUP BY site, finding ORDER BY site, finding",
        [days],
    )
    return {Place(site, finding): count for site, finding, count in found}
