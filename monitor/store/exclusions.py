"""Studies that the prediction log names as excluded: what is accepted, and where it is stored.

A row whose mapped exclusion column holds a text is an exclusion. It needs all that a prediction needs but
the score, goes to a table of its own, and is read by no stream, fit or verdict. The first word about a study
stands, in both directions:

* A study that was excluded never becomes a prediction: the later row is refused as `conflicting_exclusion`.
* A study that is stored as a prediction stays one, in whatever has read it and in whatever will. Its later
  exclusion is stored beside it and counted as `excluded_after_prediction`. Were it taken out again, a study
  could be dropped once its outcome is known, and what the nights have read would change behind them.
"""
# ruff: noqa: S608  (statements are built from constants of this package)

from __future__ import annotations

from monitor.plan.model import ChangePlan
from monitor.store import study_keys
from monitor.store.connection import Session, rows, run, scalar
from monitor.store.contract import Layout
from monitor.store.rules import one_of
from monitor.store.working_rows import DIGEST

TABLE = "exclusions"
FIELD = "exclusion"
"""The contract's field, and the column of the archived batches of plans that map it."""
COUNTS = "({row}.fault IS NULL AND {row}.exclusion IS NULL)"
"""SQL condition: a valid row about a study that is not excluded."""
ACCEPTED = "fault IS NULL AND line NOT IN (SELECT line FROM compared)"
CONFLICT = "conflicting_exclusion"

_EXCLUDED = "v.fault IS NULL AND v.exclusion IS NOT NULL AND v.line NOT IN (SELECT line FROM compared)"
_SAME_KEY = (
    "{a}.study = v.study AND {a}.{hospital} = v.{hospital} AND {a}.finding = v.finding "
    "AND {a}.model_version = v.model_version"
)
_SAME_WORDS = (
    "{a}.reason = v.exclusion AND {a}.patient = v.patient AND {a}.day IS NOT DISTINCT FROM v.day "
    "AND {a}.score IS NOT DISTINCT FROM v.score"
)


def no_score(plan: ChangePlan) -> str:
    """SQL condition over `score` and `score_value`: an excluded study that the device did not score."""
    sentinel = one_of("score_value", plan.logs.predictions.sentinels)
    return f"(exclusion IS NOT NULL AND (score IS NULL OR {sentinel}))"


def present(connection: Session) -> bool:
    """False for a snapshot that an earlier version of the program has published."""
    found = rows(
        connection,
        f"SELECT 1 FROM duckdb_tables() WHERE database_name = 'store' AND table_name = '{TABLE}'",
    )
    return bool(found)


def refuse_predictions(connection: Session, layout: Layout) -> None:
    """Refuse predictions of studies that are stored as excluded, or that the file has excluded before.

    Those of a study that is stored as a prediction are in `compared` by now, and are not looked at.
    """
    if not _in_use(connection, layout):
        return
    key = f"{layout.hospital}, finding, study, model_version"
    excluded = (
        f"SELECT {key} FROM {TABLE} UNION SELECT {key} FROM judged WHERE fault IS NULL GROUP BY {key} "
        "HAVING min(line) FILTER (exclusion IS NOT NULL) < min(line) FILTER (exclusion IS NULL)"
    )
    run(
        connection,
        f"INSERT INTO refused SELECT v.line, '{CONFLICT}', 'study_id' FROM judged v SEMI JOIN ({excluded}) e "
        f"ON {_same_key('e', layout)} WHERE {COUNTS.format(row='v')} "
        "AND v.line NOT IN (SELECT line FROM compared)",
    )
    run(
        connection,
        f"INSERT INTO compared SELECT line, NULL FROM refused WHERE reason = '{CONFLICT}'",
    )


def classify(connection: Session, layout: Layout) -> None:
    """Add to `compared` and `refused` which exclusions repeat a known one and which contradict what is known.

    To be called when the predictions of the file are settled.
    """
    if FIELD not in layout.fields:
        return
    _compare_with_stored(connection, layout)
    _compare_with_predictions(connection, layout)
    _compare_within_file(connection, layout)
    run(
        connection,
        f"INSERT INTO refused SELECT line, '{CONFLICT}', 'study_id' FROM compared "
        "WHERE NOT same AND line NOT IN (SELECT line FROM refused)",
    )


def _compare_with_stored(connection: Session, layout: Layout) -> None:
    run(
        connection,
        f"INSERT INTO compared SELECT v.line, bool_and({_SAME_WORDS.format(a='e')}) "
        f"FROM judged v JOIN {TABLE} e ON {_same_key('e', layout)} WHERE {_EXCLUDED} GROUP BY v.line",
    )


def _compare_with_predictions(connection: Session, layout: Layout) -> None:
    """An exclusion must not contradict the prediction of its study; of archived ones only keys are held."""
    run(
        connection,
        f"INSERT INTO compared SELECT DISTINCT v.line, false FROM judged v JOIN ({_predicted(layout)}) p "
        f"ON {_same_key('p', layout)} WHERE {_EXCLUDED} AND (p.patient <> v.patient "
        "OR p.day IS DISTINCT FROM v.day OR coalesce(p.score <> v.score, false))",
    )


def _compare_within_file(connection: Session, layout: Layout) -> None:
    key = f"{layout.hospital}, finding, study, model_version"
    first = (
        f"SELECT {key}, patient, day, score, exclusion AS reason, line FROM judged v WHERE {_EXCLUDED} "
        f"QUALIFY line = min(line) OVER (PARTITION BY {key})"
    )
    run(
        connection,
        f"INSERT INTO compared SELECT v.line, {_SAME_WORDS.format(a='f')} FROM ({first}) f "
        f"JOIN judged v ON {_same_key('f', layout)} WHERE {_EXCLUDED} AND v.line > f.line",
    )


def _predicted(layout: Layout) -> str:
    """SQL of the predictions that are stored, and of those of this file that will be."""
    names = f"{layout.hospital}, finding, study, model_version, patient, day, score"
    accepted = f"SELECT {names} FROM judged WHERE exclusion IS NULL AND {ACCEPTED}"
    return f"SELECT {names} FROM predictions UNION ALL {accepted}"


def _same_key(row: str, layout: Layout) -> str:
    return _SAME_KEY.format(a=row, hospital=layout.hospital)


def _in_use(connection: Session, layout: Layout) -> bool:
    """Also under a plan whose amendment took the column away."""
    return FIELD in layout.fields or bool(scalar(connection, f"SELECT count(*) FROM {TABLE}"))


def notes(connection: Session, layout: Layout) -> dict[str, int]:
    """How many accepted rows of the staged file are exclusions, and of studies that count all the same."""
    if FIELD not in layout.fields:
        return {}
    accepted = "judged v JOIN accepted a ON a.line = v.line"
    archived = _same_key("p", layout).replace("v.study", DIGEST.format(row="v"))
    after = (
        f"EXISTS (FROM ({_predicted(layout)}) p WHERE {_same_key('p', layout)}) "
        f"OR EXISTS (FROM archived_predictions p WHERE {archived})"
    )
    excluded, scored = rows(
        connection,
        f"SELECT count(*), count(*) FILTER (after) FROM (SELECT {after} AS after FROM {accepted} "
        "WHERE v.exclusion IS NOT NULL)",
    )[0]
    return {"excluded": excluded, "excluded_after_prediction": scored}


def insert(connection: Session, accepted: str, batch: int) -> None:
    """Put the accepted rows of a prediction log that has the column into the tables they belong to.

    Args:
        connection: Of the store, inside a transaction.
        accepted: SQL of the rows, as archived.
        batch: The number of their batch.
    """
    run(
        connection,
        f"INSERT INTO predictions BY NAME SELECT * EXCLUDE ({FIELD}), {batch} AS batch FROM ({accepted}) "
        f"WHERE {FIELD} IS NULL",
    )
    study_keys.insert(connection, f"SELECT * FROM ({accepted}) WHERE {FIELD} IS NULL", batch)
    run(
        connection,
        f"INSERT INTO {TABLE} BY NAME SELECT * EXCLUDE ({FIELD}), {FIELD} AS reason, {batch} AS batch "
        f"FROM ({accepted}) WHERE {FIELD} IS NOT NULL",
    )


def are_among(connection: Session, accepted: str) -> bool:
    """Whether the rows come from a log with the column."""
    return FIELD in {name for name, *_ in rows(connection, f"DESCRIBE {accepted}")}
