"""Predictions that no look has read yet: what came due or came late since the look before."""
# ruff: noqa: S608  (statements are built from quoted names of this package; values are parameters)

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.plan.model import ChangePlan
from monitor.records import Arrived, Mark, Place
from monitor.store.connection import Session, columns, quoted, rows

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
    conditions, parameters = [_READ], _parameters("", upto)
    parts = ("true",) if after is None else _UNREAD
    if after is not None:
        parameters |= _parameters("before_", after)
    if plan.monitoring.first_cohort is not None:
        conditions.append("cohort >= $first")
        parameters["first"] = plan.monitoring.first_cohort
    if place is not None:
        conditions.append("site = $site AND finding = $finding")
        parameters |= place._asdict()
    cells = "".join(f", {quoted(f'covariate_{item.name}')}" for item in plan.logs.covariates)
    wanted = f"site, finding, cohort, patient, score, reader_decision{cells}"
    where = " AND ".join(conditions)
    unread = " UNION ALL ".join(
        f"SELECT {wanted}, study FROM predictions WHERE {where} AND {part}" for part in parts
    )
    found = columns(
        connection, f"SELECT {wanted} FROM ({unread}) ORDER BY site, finding, cohort, study", parameters
    )
    return {item.place: item for item in _by_place(plan, found)}


def _parameters(prefix: str, mark: Mark) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in mark._asdict().items()}


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
        return np.ma.filled(values.astype(np.float64), np.nan)
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
