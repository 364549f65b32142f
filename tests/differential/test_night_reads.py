"""What a night reads as new equals what a plain loop over all rows ever delivered finds new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from monitor import store
from monitor.records import Categories, Mark, Place
from monitor.store import arrivals
from tests.build_plan import make_plan
from tests.ingesting import KEY, Desk, prediction

ZERO = date(2026, 3, 1)
NIGHTS, MATURITY = 12, 28


class Row(NamedTuple):
    patient: str
    site: str
    day: date
    arrived: date
    batch: int


def delivered(desk: Desk, seed: int) -> list[Row]:
    """A file on most days; some rows are days late, so that cohorts fill up after they were read."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(NIGHTS):
        if rng.random() < 0.2:
            continue
        arrived, batch = ZERO + timedelta(number), len({row.batch for row in rows}) + 1
        late = rng.choice([0, 1, 2, 5], size=rng.integers(1, 9), p=[0.6, 0.2, 0.1, 0.1])
        fresh = [
            Row(f"P{len(rows) + k}", str(rng.choice(["north", "south"])), day, arrived, batch)
            for k, day in enumerate(arrived - timedelta(int(days)) for days in late)
        ]
        lines = [prediction(f"S{row.patient}", row.patient, row.site, str(row.day)) for row in fresh]
        desk.predictions(*lines, received=arrived)
        rows += fresh
    return rows


def before(row: Row, mark: Mark) -> bool:
    return row.day <= mark.due and row.arrived <= mark.known_by and row.batch <= mark.batch


def repeats(found: Mapping[Place, Any]) -> dict[Place, Counter[int]]:
    """Of each place, how many patients have so many rows."""
    return {place: Counter(Counter(part.patient.tolist()).values()) for place, part in found.items()}


@pytest.mark.parametrize("seed", range(6))
def test_new_predictions_are_those_that_no_earlier_look_has_read(seed: int, tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan())
    rows = delivered(desk, seed)
    rng = np.random.default_rng(seed + 100)
    # A look may come after a batch whose rows it must not know yet, as when nights are caught up.
    marks = [
        Mark(
            day - timedelta(1), day, max((row.batch for row in rows if row.arrived <= day), default=0) + extra
        )
        for day, extra in ((ZERO + timedelta(n), int(rng.integers(0, 2))) for n in range(NIGHTS + 6))
    ]
    seen: Counter[str] = Counter()
    with desk.open() as opened:
        for after, upto in pairwise([None, *marks]):
            found = opened.arrived(after, upto) if upto is not None else {}
            told = Counter(str(name) for part in found.values() for name in part.patient)
            wanted = [r for r in rows if before(r, upto) and not (after and before(r, after))] if upto else []
            assert told == Counter(store.pseudonym(KEY, "patient", row.patient) for row in wanted)
            looked = opened.unread(after, upto) if upto is not None else {}
            assert repeats(looked) == repeats(found)
            seen += told
    assert sum(seen.values()) == len(rows)


@pytest.mark.parametrize("referred", [(), ("north",), ("north", "south", "west")])
@pytest.mark.parametrize("most", [0, 1000])
def test_numbers_stand_for_the_texts_of_the_same_rows(
    most: int, referred: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many levels a column has, whichever sites have a reference; rows are known by their scores."""
    monkeypatch.setattr(arrivals, "MOST_LEVELS", most)
    desk, rng = Desk(tmp_path, make_plan()), np.random.default_rng(7)
    lines = [
        prediction(
            f"S{number}",
            f"P{rng.integers(60)}",
            str(rng.choice(["north", "south"])),
            str(ZERO + timedelta(int(rng.integers(3)))),
            f"{number / 1000}",
            ("m1", str(rng.choice(["60", "71", "999", ""])), str(rng.choice(["PA", "ap", "it's odd", ""]))),
        )
        for number in range(200)
    ]
    upto = Mark(ZERO + timedelta(9), ZERO + timedelta(9), 1)
    desk.predictions(*lines, received=ZERO + timedelta(5))
    nothing = np.empty(0), ("odd before",), np.empty(0, dtype=np.int64), 1, np.empty(0)
    plan = make_plan()
    with desk.open() as opened:
        column = next(item.name for item in plan.logs.covariates if item.kind == "categorical")
        frozen = [
            store.ReferenceRow(site, plan.findings[0].id, column, "categorical", *nothing)
            for site in referred
        ]
        opened.put_mean_looks([], [], frozen)
        texts, numbers = opened.arrived(None, upto), opened.unread(None, upto)
        cohorts = {place: opened.cohorts_read(upto, place) for place in numbers}
    assert list(texts) == list(numbers)
    assert sum(map(len, texts.values())) == 200
    for place, rows in texts.items():
        found = numbers[place]
        order = np.argsort(found.score)[np.argsort(np.argsort(rows.score))]
        assert np.array_equal(found.score[order], rows.score)
        assert cohorts[place] == (min(rows.cohort), max(rows.cohort))
        for name, values in rows.features.items():
            column = found.features[name]
            if isinstance(column, Categories):
                assert column.texts()[order].tolist() == values.tolist()
            else:
                assert np.array_equal(column[order], values, equal_nan=True)
        pairs = set(zip(found.patient[order].tolist(), rows.patient.tolist(), strict=True))
        assert len(pairs) == len(set(rows.patient.tolist())) == len({number for number, _ in pairs})


@pytest.mark.parametrize("seed", range(6))
def test_cohorts_to_consider_are_those_that_matured_or_changed(seed: int, tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan())
    rows = delivered(desk, seed)
    with desk.open() as opened:
        for day in (ZERO + timedelta(MATURITY + n) for n in range(-6, NIGHTS)):
            yesterday = day - timedelta(1)
            for batch in (0, 3, max(row.batch for row in rows)):
                found = opened.cohorts(day, store.Considered(yesterday, batch))
                ripe = {row for row in rows if row.day + timedelta(MATURITY) <= day}
                known = {r for r in ripe if r.batch <= batch and r.day + timedelta(MATURITY) <= yesterday}
                assert [cohort.end for cohort in found] == sorted({row.day for row in ripe - known})
            assert [cohort.end for cohort in opened.cohorts(day)] == sorted({row.day for row in ripe})
