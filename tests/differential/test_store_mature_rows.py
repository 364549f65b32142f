"""The one SQL statement of `mature_rows` equals a plain reference written row by row."""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from monitor import store
from monitor.plan.model import ChangePlan
from monitor.records import Place
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


days = st.integers(0, 6)
sites, names = st.sampled_from(["a", "b"]), st.sampled_from(["S1", "S2", "S3"])
studies = st.builds(Study, sites, names, days, days)
readings = st.builds(
    Reading,
    sites,
    names,
    st.sampled_from(["1", "0", ""]),
    st.one_of(st.none(), days),
    st.sampled_from(["pathology", "pathology", "radiology"]),
    st.sampled_from(["blinded", "blinded", "aware", "unknown"]),
    st.sampled_from(["", "A", "B"]),
    days,
)


def reference(
    plan: ChangePlan,
    given_studies: list[Study],
    given_readings: list[Reading],
    matured_by: int,
    known_by: int,
) -> dict[Place, list[tuple[str, str, float, str]]]:
    """Row by row, as the contract says it."""
    first: dict[tuple[str, str], Study] = {}
    for study in sorted(given_studies, key=lambda s: s.arrived):
        first.setdefault((study.site, study.name), study)
    found: dict[Place, list[tuple[str, str, float, str]]] = defaultdict(list)
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
        values = {reading.outcome for reading in latest.values()}
        usable = all(
            r.source == "pathology" and r.influence in plan.data.ai_influence.monitoring
            for r in latest.values()
        )
        known = usable and len(values) == 1 and values != {""}
        outcome = float(values.pop()) if known else math.nan
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
                prediction(s.name, "P", s.site, str(ZERO + timedelta(s.day)))
                for s in given_studies
                if s.arrived == day
            ]
            path = desk.file("\n".join([PREDICTIONS, *lines, *[""] * day]), "p.csv")
            opened.ingest(path, received_on=received, record=desk.record)
            path = desk.file(
                "\n".join([HEADER, *(r.line() for r in given_readings if r.arrived == day), *[""] * day]),
                "o.csv",
            )
            opened.ingest(path, received_on=received, record=desk.record)


@given(
    given_studies=st.lists(studies.filter(lambda s: s.day <= s.arrived), max_size=8),
    given_readings=st.lists(
        readings.filter(lambda r: r.observed is None or r.observed <= r.arrived), max_size=14
    ),
    matured_by=st.integers(0, 10),
    known_by=st.integers(0, 7),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mature_rows_equal_the_reference(
    given_studies: list[Study], given_readings: list[Reading], matured_by: int, known_by: int
) -> None:
    plan = make_plan(
        modification_protocol__data_management__0__maturity_days=2,
        logs__outcomes__constants={"label_version": "1"},
        **COLUMNS,
    )
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), plan)
        delivered(desk, given_studies, given_readings)
        with desk.open() as opened:
            found = opened.mature_rows(
                matured_by=ZERO + timedelta(matured_by), known_by=ZERO + timedelta(known_by)
            )
    expected = reference(plan, given_studies, given_readings, matured_by, known_by)
    assert list(found) == list(expected)
    for place, rows in found.items():
        got = list(
            zip(rows.cohort, rows.study, map(repr, rows.outcome.tolist()), rows.ai_influence, strict=True)
        )
        assert got == [
            (cohort, study, repr(outcome), seen) for cohort, study, outcome, seen in expected[place]
        ]
