"""Mature rows as numbers, for readers of all of them: names cost more than all that is computed of them."""
# ruff: noqa: S608  (statements are built from constants of this package; values are parameters)

from __future__ import annotations

from itertools import groupby

import numpy as np

from monitor.plan.model import ChangePlan
from monitor.records import Place, Scored
from monitor.store.connection import Session, columns, rows
from monitor.store.reading import Selection, agreed_outcomes

_CELLS = "SELECT DISTINCT site, finding, cohort FROM studies"
# A patient's number is the first 60 bits of the pseudonym, a digest: of a million patients of a place two
# share one in one of two million reads.
_SCORED = f"""
, cells AS (SELECT *, row_number() OVER (ORDER BY site, finding, cohort) AS cell FROM ({_CELLS}))
SELECT c.cell, ('0x' || left(s.patient, 15))::BIGINT AS patient, s.score,
    coalesce(a.outcome, 'NaN'::DOUBLE) AS outcome
FROM studies s JOIN cells c ON c.site = s.site AND c.finding = s.finding AND c.cohort = s.cohort
    LEFT JOIN agreed a ON a.number = s.number
ORDER BY s.study
"""


def scored_rows(connection: Session, plan: ChangePlan, wanted: Selection) -> dict[Place, Scored]:
    """The rows that `mature_rows` gives for the same selection, in the same order."""
    agreed, parameters = agreed_outcomes(connection, plan, wanted, "predictions")
    cells = rows(connection, f"{agreed} {_CELLS} ORDER BY site, finding, cohort", parameters)
    found = columns(connection, agreed + _SCORED, parameters)
    cell = np.asarray(found["cell"]) - 1
    # To put short numbers in order takes a fraction of what the engine takes to sort by two keys.
    order = np.argsort(cell.astype(np.min_scalar_type(len(cells))), kind="stable")
    patient, score, outcome = (np.asarray(found[name])[order] for name in ("patient", "score", "outcome"))
    counts = np.bincount(cell, minlength=len(cells)).tolist()
    read: dict[Place, Scored] = {}
    high = 0
    for place, listed in groupby(zip(cells, counts, strict=True), key=lambda cell: cell[0][:2]):
        cohorts, sizes = zip(*((cohort, size) for (*_, cohort), size in listed), strict=True)
        low, high = high, high + sum(sizes)
        read[Place(*place)] = Scored(
            Place(*place),
            np.repeat(np.array(cohorts, dtype=object), sizes),
            patient[low:high].copy(),
            score[low:high].copy(),
            outcome[low:high].copy(),
        )
    return read
