"""The SQL statements of `mature_rows` and `reads` equal a plain reference written row by row."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from monitor import store
from monitor.logistic import cluster_numbers
from monitor.plan.model import ChangePlan
from monitor.records import Place, Rows, Scored
from tests.build_plan import make_plan
from tests.ingesting import KEY, PREDICTIONS, Desk, prediction

HEADER = "study_id,site,outcome,observed_at,label_source,ai_influence,reader_id"
ZERO = date(2026, 1, 1)
EXPOSURE = ("blinded", "aware", "prefilled", "unknown")
COLUMNS = {f"logs__outcomes__columns__{name}": name for name in ("label_source", "ai_influence", "reader_id")}


@dataclass(frozen=True)
class Study:
    site: str
    name: str
    day: int
    arrived: int


@dataclass(frozen=True)
class Reading:
    site: str
    study: str
    outcome: str
    observed: int | None
    source: str
    influence: str
    reader: str
    arrived: int

    def line(self) -> str:
        observed = "" if self.observed is None else str(ZERO + timedelta(self.observed))
        return ",".join(
            [self.study, self.site, self.outcome, observed, self.source, self.influence, self.reader]
        )


def random_case(seed: int) -> tuple[list[Study], list[Reading]]:
    """Few names, sites, readers and days, so that everything collides."""
    draw = random.Random(seed)
    names = [f"S{i}" for i in range(40)]
    studies = [
        Study(draw.choice("ab"), draw.choice(names), day, min(6, day + draw.choice([0, 0, 1, 3])))
        for day in draw.choices(range(6), k=60)
    ]
    readings = []
    for arrived in draw.choices(range(7), k=160):
        observed = None if draw.random() < 0.15 else draw.randint(max(0, arrived - 3), arrived)
        source = "radiology" if draw.random() < 0.1 else "pathology"
        influence = draw.choice(["blinded", "blinded", "blinded", "aware", "aware", "unknown"])
        outcome, reader = draw.choice(["1", "1", "1", "0", ""]), draw.choice(["", "A", "B"])
        place = draw.choice("ab"), draw.choice(names)
        readings.append(Reading(*place, outcome, observed, source, influence, reader, arrived))
    return studies, readings


Latest = list[tuple[Study, dict[str, Reading]]]


def latest_readings(
    plan: ChangePlan,
    given_studies: list[Study],
    given_readings: list[Reading],
    matured_by: int,
    known_by: int,
) -> Latest:
    """Each mature study with what each reader said last of it, row by row."""
    first: dict[tuple[str, str], Study] = {}
    for study in sorted(given_studies, key=lambda s: s.arrived):
        first.setdefault((study.site, study.name), study)
    found: Latest = []
    for study in first.values():
        limit = study.day + plan.data.maturity_days
        if study.arrived > known_by or limit > matured_by:
            continue
        latest: dict[str, Reading] = {}
        for reading in sorted(given_readings, key=lambda r: r.arrived):
            same = (reading.site, reading.study) == (study.site, study.name)
            observed = reading.arrived if reading.observed is None else reading.observed
            if same and reading.arrived <= known_by and observed <= limit:
                latest[reading.reader] = reading
        found.append((study, latest))
    return found


def allowed(plan: ChangePlan, reading: Reading) -> bool:
    return reading.source == "pathology" and reading.influence in plan.data.ai_influence.monitoring


def agreed(plan: ChangePlan, latest: dict[str, Reading]) -> float:
    """The outcome that the plan's consensus makes of the readers; NaN without one."""
    standard = plan.data.reference_standard
    said = [reading.outcome for reading in latest.values()]
    definite = [outcome for outcome in said if outcome]
    if len(definite) < standard.readers or not all(allowed(plan, r) for r in latest.values()):
        return math.nan
    if standard.indeterminate is None and "" in said:
        return math.nan
    for answer in "01":
        votes = definite.count(answer)
        enough = votes > len(definite) / 2 if standard.consensus == "majority" else votes == len(definite)
        if enough:
            return float(answer)
    return math.nan


def reference(plan: ChangePlan, mature: Latest) -> dict[Place, list[tuple[str, str, float, str]]]:
    """What `mature_rows` must give, as the contract says it."""
    found: dict[Place, list[tuple[str, str, float, str]]] = defaultdict(list)
    for study, latest in mature:
        outcome = agreed(plan, latest)
        known = not math.isnan(outcome)
        influence = max((r.influence for r in latest.values()), key=EXPOSURE.index) if known else ""
        row = (
            str(ZERO + timedelta(study.day)),
            store.pseudonym(KEY, "study", study.name),
            outcome,
            influence,
        )
        found[Place(study.site, "lesion")].append(row)
    return {place: sorted(found[place]) for place in sorted(found)}


def delivered(desk: Desk, given_studies: list[Study], given_readings: list[Reading]) -> None:
    """Each day's arrivals as one file per log, in the order of the lists."""
    with desk.open() as opened:
        for day in range(7):
            received = ZERO + timedelta(day)
            lines = [
                prediction(s.name, f"P{number % 7}", s.site, str(ZERO + timedelta(s.day)), f"0.{number:02}")
                for s in given_studies
                for number in [int(s.name[1:])]
                if s.arrived == day
            ]
            path = desk.file("\n".join([PREDICTIONS, *lines, *[""] * day]), "p.csv")
            opened.ingest(path, received_on=received, record=desk.record)
            path = desk.file(
                "\n".join([HEADER, *(r.line() for r in given_readings if r.arrived == day), *[""] * day]),
                "o.csv",
            )
            opened.ingest(path, received_on=received, record=desk.record)


def said_at(plan: ChangePlan, mature: Latest, place: Place) -> list[tuple[str, str, str]]:
    """What `reads` must give of a place: each reader's last answer, of the reference standard alone."""
    return sorted(
        (
            store.pseudonym(KEY, "study", study.name),
            store.pseudonym(KEY, "reader", reader) if reader else "",
            repr(float(reading.outcome)) if reading.outcome else "nan",
        )
        for study, latest in mature
        for reader, reading in latest.items()
        if study.site == place.site and allowed(plan, reading)
    )


RULES = (
    {},
    {"readers": 2},
    {"consensus": "majority"},
    {"readers": 2, "consensus": "majority", "indeterminate": "exclude_and_report"},
    {"indeterminate": "exclude_and_report"},
    {"readers": 3, "consensus": "majority"},
)


def numbered(rows: Rows | Scored) -> tuple[Any, ...]:
    """What both kinds of rows say of a place."""
    patients = cluster_numbers(rows.patient).tolist()
    return rows.place, rows.cohort.tolist(), patients, rows.score.tolist(), repr(rows.outcome.tolist())


@pytest.mark.parametrize(("seed", "rules"), list(enumerate(RULES)))
def test_rows_and_reads_equal_the_reference_on_every_night(
    seed: int, rules: dict[str, Any], tmp_path: Path
) -> None:
    prefix = "modification_protocol__data_management__0__"
    keys: dict[str, Any] = {
        **{f"{prefix}reference_standard__{name}": value for name, value in rules.items()},
        **{f"{prefix}maturity_days": 2, "logs__outcomes__constants": {"label_version": "1"}},
        **COLUMNS,
    }
    plan = make_plan(None, **keys)
    given_studies, given_readings = random_case(seed)
    desk = Desk(tmp_path, plan)
    delivered(desk, given_studies, given_readings)
    known = 0
    with desk.open() as opened:
        for matured_by, known_by in product(range(9), range(7)):
            found = opened.mature_rows(
                matured_by=ZERO + timedelta(matured_by), known_by=ZERO + timedelta(known_by)
            )
            mature = latest_readings(plan, given_studies, given_readings, matured_by, known_by)
            expected = reference(plan, mature)
            assert list(found) == list(expected)
            scored = opened.scored_rows(
                matured_by=ZERO + timedelta(matured_by), known_by=ZERO + timedelta(known_by)
            )
            assert list(map(numbered, scored.values())) == list(map(numbered, found.values()))
            for place, rows in found.items():
                outcomes = map(repr, rows.outcome.tolist())
                got = list(zip(rows.cohort, rows.study, outcomes, rows.ai_influence, strict=True))
                assert got == [(cohort, study, repr(o), seen) for cohort, study, o, seen in expected[place]]
                known += len(rows.known())
                reads = opened.reads(
                    rows, matured_by=ZERO + timedelta(matured_by), known_by=ZERO + timedelta(known_by)
                )
                said = zip(reads.study, reads.reader, map(repr, reads.positive.tolist()), strict=True)
                assert list(said) == said_at(plan, mature, place)
    assert known > (5 if rules else 100)
