"""The outcome log: rules, typed rows, revisions, and outcomes that wait for their prediction."""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

from monitor.plan.model import ChangePlan
from monitor.store.connection import Session, literal, run
from monitor.store.contract import Layout
from monitor.store.pseudonym import Pseudonymiser
from monitor.store.rules import Rule, first_broken, label_rules, one_of, time_rules, with_defaults
from monitor.store.study_keys import batches_of_staged
from monitor.store.times import time_of
from monitor.store.working_rows import of_staged_studies

OPTIONAL = ("site", "observed_at", "label_source", "label_version", "ai_influence", "reader_id")
STORED = (
    "site",
    "finding",
    "study",
    "outcome",
    "observed_on",
    "known_on",
    "label_source",
    "label_version",
    "ai_influence",
    "reader_id",
    "revision",
)
INFLUENCES = ("blinded", "aware", "prefilled", "unknown")
BINARY = r"[01](\.0*)?"
CONTENT = (
    "{'outcome': %(t)s.outcome, 'observed_on': %(t)s.observed_on, 'label_source': %(t)s.label_source, "
    "'label_version': %(t)s.label_version, 'ai_influence': %(t)s.ai_influence}"
)


def rules(plan: ChangePlan, layout: Layout) -> tuple[Rule, ...]:
    """In the order in which they are tried."""
    time = time_of(plan, "observed_at", lenient=True)
    site_rules = [Rule("missing_site", "site", "site IS NULL")] if "site" in layout.fields else []
    label_fields = [
        field for field in ("site", "label_source", "label_version", "reader_id") if field in layout.fields
    ]
    return (
        Rule("broken", "", "broken IS NOT NULL"),
        Rule("missing_study", "study_id", "study_id IS NULL"),
        *site_rules,
        Rule("unknown_finding", "finding", f"NOT {one_of('finding', [f.id for f in plan.findings])}"),
        *label_rules([*label_fields, *(["study_id"] if plan.logs.predictions.research_id else [])]),
        Rule(
            "unknown_ai_influence",
            "ai_influence",
            f"ai_influence IS NOT NULL AND NOT {one_of('ai_influence', INFLUENCES)}",
        ),
        *time_rules(layout, "observed_at", time.zone_missing, required=False),
        Rule(
            "outcome_not_0_1",
            "outcome",
            f"outcome IS NOT NULL AND NOT regexp_full_match(outcome, {literal(BINARY)})",
        ),
    )


def judge(plan: ChangePlan, layout: Layout, cells: str, pseudonymiser: Pseudonymiser) -> str:
    """SQL of the judged rows in line order: `fault` and every typed column; parameters as in `ingest`."""
    time = time_of(plan, "observed_at", lenient=True)
    typed = (
        f"SELECT *, {time.day} AS day, {time.last_day} AS last_day "
        f"FROM (SELECT *{with_defaults(layout, OPTIONAL)} FROM ({cells}))"
    )
    study = "study_id" if plan.logs.predictions.research_id else pseudonymiser.sql("study", "study_id")
    reader = pseudonymiser.sql("reader", "reader_id")
    return (
        f"SELECT broken, {first_broken(rules(plan, layout))} AS fault, site, finding, "
        f"{study} AS study, "
        "CASE WHEN outcome[1] = '1' THEN 1 WHEN outcome[1] = '0' THEN 0 END::TINYINT AS outcome, "
        "last_day::DATE AS observed_on, label_source, label_version, "
        f"coalesce(ai_influence, 'unknown') AS ai_influence, {reader} AS reader_id FROM ({typed})"
    )


def classify(connection: Session, layout: Layout) -> None:
    """Fill `accepted` and `refused`: duplicates, revisions, new outcomes, and those that wait."""
    by_site = "site" in layout.fields
    among = batches_of_staged(connection)
    _find_predictions(connection, layout.hospital, among, by_site=by_site)
    if not by_site:
        run(
            connection,
            "INSERT INTO refused SELECT v.line, 'ambiguous_study', 'study_id' FROM judged v JOIN predicted p "
            "ON p.study = v.study AND p.finding = v.finding WHERE v.fault IS NULL AND p.places > 1",
        )
    _find_latest(connection, among)
    _find_repeated(connection)
    _accept(connection, by_site=by_site)


def _find_predictions(connection: Session, hospital: str, among: str, *, by_site: bool) -> None:
    """`predicted`: studies of this file that are predicted or excluded, and in how many places."""
    site = f"p.{hospital}" if by_site else "NULL::VARCHAR"
    run(
        connection,
        f"CREATE OR REPLACE TEMP TABLE predicted AS SELECT {site} AS site, p.finding, p.study, "
        f"count(DISTINCT p.{hospital}) AS places, max(p.cohort_end) AS cohort_end FROM "
        f"(SELECT {hospital}, finding, study, cohort_end FROM predictions WHERE {among} UNION ALL "
        f"SELECT {hospital}, finding, study, cohort_end FROM exclusions UNION ALL "
        f"SELECT {hospital}, finding, study, cohort_end "
        f"FROM ({of_staged_studies('archived_predictions')})) p "
        "SEMI JOIN (SELECT study FROM judged WHERE fault IS NULL) v ON v.study = p.study GROUP BY ALL",
    )


def _find_latest(connection: Session, among: str) -> None:
    """`latest`: the newest stored revision of each key of this file."""
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE latest AS SELECT site, finding, study, reader_id, "
        f"max(revision) AS revision, arg_max({CONTENT % {'t': 'o'}}, revision) AS content FROM "
        f"(FROM outcomes WHERE {among} UNION ALL BY NAME {of_staged_studies('archived_outcomes')}) o "
        "SEMI JOIN (SELECT study FROM judged WHERE fault IS NULL) v ON v.study = o.study "
        "GROUP BY site, finding, study, reader_id",
    )


def _find_repeated(connection: Session) -> None:
    """`repeated`: for keys on several lines, each line's predecessor in the file."""
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE repeated AS SELECT v.line, "
        f"lag({CONTENT % {'t': 'v'}}) OVER keys AS before, lag(v.line) OVER keys AS line_before, "
        f"v.site, v.finding, v.study, v.reader_id "
        "FROM judged v JOIN (SELECT site, finding, study, reader_id FROM judged WHERE fault IS NULL "
        "GROUP BY ALL HAVING count(*) > 1) r "
        "ON r.study = v.study AND r.finding = v.finding AND r.site IS NOT DISTINCT FROM v.site "
        "AND r.reader_id IS NOT DISTINCT FROM v.reader_id "
        "WHERE v.fault IS NULL AND v.line NOT IN (SELECT line FROM refused) "
        "WINDOW keys AS (PARTITION BY v.site, v.finding, v.study, v.reader_id ORDER BY v.line)",
    )


def _accept(connection: Session, *, by_site: bool) -> None:
    """`accepted`: every row that is stored, with its state and its number as a revision.

    A row is a duplicate when it says what the line (or stored revision) just before it says: an export
    that takes a correction back is a revision again, so the last word of a file always stands.
    """
    same_site = "AND p.site = v.site" if by_site else ""
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE accepted AS "
        f"WITH preceded AS (SELECT v.line, p.study IS NOT NULL AS has_prediction, p.cohort_end, "
        f"{CONTENT % {'t': 'v'}} AS content, "
        "CASE WHEN r.line_before IS NULL THEN l.content ELSE r.before END AS before, "
        "r.line_before IS NOT NULL OR l.revision IS NOT NULL AS preceded, "
        "coalesce(l.revision, 0) AS base, r.line IS NOT NULL AS repeats, "
        "v.site, v.finding, v.study, v.reader_id "
        f"FROM judged v LEFT JOIN predicted p ON p.study = v.study AND p.finding = v.finding {same_site} "
        "LEFT JOIN latest l ON l.study = v.study AND l.finding = v.finding "
        "AND l.site IS NOT DISTINCT FROM v.site AND l.reader_id IS NOT DISTINCT FROM v.reader_id "
        "LEFT JOIN repeated r ON r.line = v.line "
        "WHERE v.fault IS NULL AND v.line NOT IN (SELECT line FROM refused)), "
        "fresh AS (SELECT * FROM preceded WHERE NOT preceded OR content IS DISTINCT FROM before) "
        f"SELECT line, {_STATE} AS state, (base + 1)::INTEGER AS revision, cohort_end "
        "FROM fresh WHERE NOT repeats "
        "UNION ALL "
        f"SELECT line, {_STATE}, (base + row_number() OVER (PARTITION BY site, finding, study, reader_id "
        "ORDER BY line))::INTEGER, cohort_end FROM fresh WHERE repeats",
    )


_STATE = "CASE WHEN preceded THEN 'revision' WHEN has_prediction THEN 'stored' ELSE 'waiting' END"
