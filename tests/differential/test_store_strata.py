"""A store with strata equals one without whose logs name the strata as sites: rows, counts, archive."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor.plan.model import ChangePlan
from tests.build_plan import DROP, make_plan
from tests.ingesting import OUTCOMES, PREDICTIONS, Desk, prediction

ZERO = date(2026, 3, 1)
PREFIX = "modification_protocol__data_management__0__"
LEVELS = {"PA": "PA", "ap": "AP", "": "other", "LATERAL": "other"}
DELIVERIES, BATCH = 4, 30
LEAVES_AFTER, BEFORE = 2, ZERO + timedelta(2)


@dataclass(frozen=True)
class Scan:
    """One line of a prediction log."""

    study: str
    hospital: str
    view: str
    day: int
    score: str

    def line(self, site: str) -> str:
        rest = ("m1", "60", self.view)
        return prediction(
            self.study, f"P{self.study[-1]}", site, str(ZERO + timedelta(self.day)), self.score, rest
        )


@dataclass(frozen=True)
class Found:
    """One line of an outcome log."""

    study: str
    hospital: str
    outcome: str
    day: int


def random_case(seed: int) -> list[tuple[list[Scan], list[Found]]]:
    """Deliveries with few names, days and scores, so that studies repeat, conflict, wait and change level."""
    draw = random.Random(seed)
    deliveries: list[tuple[list[Scan], list[Found]]] = []
    for _ in range(DELIVERIES):
        names = [(f"S{draw.randrange(60)}", draw.choice(["a", "a / PA"])) for _ in range(2 * BATCH)]
        scans = [
            Scan(*name, draw.choice(list(LEVELS)), hash_day(name), draw.choice(["0.5"] * 5 + ["0.6"]))
            for name in names[:BATCH]
        ]
        found = [Found(*name, draw.choice("01"), hash_day(name)) for name in names[BATCH:]]
        deliveries.append((scans, found))
    return deliveries


def hash_day(name: tuple[str, str]) -> int:
    """The day of a study, the same in every delivery."""
    return sum(map(ord, "".join(name))) % 5


def plans(globally_unique: bool) -> tuple[ChangePlan, ChangePlan]:
    """The plan with strata and the plan without; each with outcomes that name their site or do not."""
    keys = {f"{PREFIX}maturity_days": 1}
    if globally_unique:
        keys |= {"logs__outcomes__study_id_globally_unique": True, "logs__outcomes__columns__site": DROP}
    return make_plan(logs__strata={"covariate": "view"}, **keys), make_plan(**keys)


def delivered(desk: Desk, deliveries: list[tuple[list[str], list[str]]]) -> list[tuple[object, ...]]:
    """What each delivery reports, and what the store says after it; rows leave on the way."""
    said: list[tuple[object, ...]] = []
    for number, (scans, found) in enumerate(deliveries):
        for header, lines, name in ((PREDICTIONS, scans, "p.csv"), (desk_header(desk), found, "o.csv")):
            text = "\n".join([header, *lines, *[""] * number]) + "\n"
            report = desk.deliver(text, name)
            said.append(
                (report.stored, report.duplicates, report.revisions, report.waiting, dict(report.reasons))
            )
            said.append(tuple(sorted((k, v) for k, v in report.notes.items() if k.startswith("of_archived"))))
        with desk.open() as opened:
            if number == LEAVES_AFTER:
                with opened.transaction():
                    removed = opened.remove_rows(opened.cohort_rows(BEFORE), 3)
                said.append((removed.predictions, removed.outcomes))
            said.append(tuple(opened.counts().items()))
            said.append(tuple(opened.site_counts(date.max).items()))
            rows = opened.mature_rows(
                matured_by=date(2026, 6, 1), known_by=date.max, repeat_days=2, held=True
            )
            said += [
                (place, *(getattr(of, name).astype(str).tolist() for name in ("study", "outcome", "repeat")))
                for place, of in rows.items()
            ]
    return said


def desk_header(desk: Desk) -> str:
    return OUTCOMES if desk.plan.logs.outcomes.columns.site else OUTCOMES.replace("site,", "")


@pytest.mark.parametrize("globally_unique", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_strata_equal_sites_of_their_names(seed: int, globally_unique: bool, tmp_path: Path) -> None:
    with_strata, without = plans(globally_unique)
    place: dict[tuple[str, str], str] = {}
    case = random_case(seed)
    for scans, _ in case:
        for scan in scans:
            place.setdefault((scan.study, scan.hospital), f"{scan.hospital} / {LEVELS[scan.view]}")
    divided: list[tuple[list[str], list[str]]] = []
    named: list[tuple[list[str], list[str]]] = []
    for scans, found in case:
        divided.append(
            ([s.line(s.hospital) for s in scans], [line(f, f.hospital, globally_unique) for f in found])
        )
        named.append(
            (
                [s.line(place[s.study, s.hospital]) for s in scans],
                [
                    line(f, place.get((f.study, f.hospital), f"{f.hospital} / ?"), globally_unique)
                    for f in found
                ],
            )
        )
    (tmp_path / "divided").mkdir()
    (tmp_path / "named").mkdir()
    said = delivered(Desk(tmp_path / "divided", with_strata), divided)
    assert said == delivered(Desk(tmp_path / "named", without), named)
    assert any("other" in str(item) for item in said)


def line(found: Found, site: str, globally_unique: bool) -> str:
    at = str(ZERO + timedelta(found.day))
    return (
        f"{found.study},{found.outcome},{at}"
        if globally_unique
        else f"{found.study},{site},{found.outcome},{at}"
    )
