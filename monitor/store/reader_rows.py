"""What readers decided about predictions, in the words of the log."""

from __future__ import annotations

import numpy as np

from monitor.errors import EvidenceError
from monitor.records import Rows, TextArray
from monitor.store.connection import Session, rows

_DECISIONS = """
SELECT study, reader_decision FROM predictions
WHERE site = $site AND finding = $finding AND cohort BETWEEN $first AND $last
"""


def reader_decisions(connection: Session, wanted: Rows) -> TextArray:
    """The reader's decision on some rows of one place, in their order; None where the log has none.

    Raises:
        EvidenceError: The store does not hold some of the rows: their silence would look like the reader's.
    """
    found = np.empty(len(wanted), dtype=object)
    if len(wanted) == 0:
        return found
    span = {"first": str(wanted.cohort.min()), "last": str(wanted.cohort.max())}
    said = dict(rows(connection, _DECISIONS, {**wanted.place._asdict(), **span}))
    missing = sum(study not in said for study in wanted.study.tolist())
    if missing:
        where = f"{wanted.place.site} {wanted.place.finding}"
        raise EvidenceError(f"{where}: {missing} of {len(wanted)} studies are not in the store")
    found[:] = [said[study] for study in wanted.study.tolist()]
    return found
