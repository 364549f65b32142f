"""The looks of the streams as readers want them: the last few whole, of all others only the evidence."""

from __future__ import annotations

from typing import Any

from monitor.records import Place
from monitor.store.connection import Session, rows
from monitor.store.mean_streams import MeanLook

Past = list[dict[str, Any]]
"""Night (ISO 8601), studies `n` and `log_r` of each look, in order."""

_RECENT = """
SELECT site, finding, stream, epoch, night, rows, patients, sums, squares, log_r FROM mean_looks
QUALIFY row_number() OVER (PARTITION BY site, finding, stream, epoch ORDER BY night DESC) <= $most
ORDER BY site, finding, stream, epoch, night
"""
_EVIDENCE = """
SELECT site, finding, stream, epoch, arg_max(log_r, night) FROM mean_looks WHERE log_r IS NOT NULL
GROUP BY site, finding, stream, epoch
"""
_PAST = """
SELECT site, finding, stream, list({'night': night::VARCHAR, 'n': rows, 'log_r': log_r} ORDER BY epoch, night)
FROM mean_looks GROUP BY site, finding, stream
UNION ALL
SELECT site, finding, stream,
    list({'night': night::VARCHAR, 'n': rows, 'log_r': log_r_mixture} ORDER BY epoch, night, cohort)
FROM stream_state GROUP BY site, finding, stream
"""


def recent_looks(connection: Session, most: int) -> list[MeanLook]:
    """The last looks of every epoch of every stream, in the order of place, stream and night."""
    return [_look(*values) for values in rows(connection, _RECENT, {"most": most})]


def _look(*values: Any) -> MeanLook:
    site, finding, stream, epoch, night, studies, patients, sums, squares, log_r = values
    reading = tuple(sums), tuple(squares), log_r
    return MeanLook(site, finding, stream, epoch, night, studies, patients, *reading)


def evidence(connection: Session) -> dict[tuple[Place, str, int], float]:
    """What every epoch of every stream had when it was last told, by place, stream and epoch."""
    found = rows(connection, _EVIDENCE)
    return {(Place(site, finding), stream, epoch): log_r for site, finding, stream, epoch, log_r in found}


def past(connection: Session) -> dict[Place, dict[str, Past]]:
    """Every look of every stream, that of calibration too."""
    found: dict[Place, dict[str, Past]] = {}
    for site, finding, stream, told in rows(connection, _PAST):
        found.setdefault(Place(site, finding), {})[stream] = told
    return found
