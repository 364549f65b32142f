"""The four public data sets, delivered as they are: nothing is lost and nothing is invented."""

from __future__ import annotations

import csv
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor.plan.model import ChangePlan
from monitor.records import Rows
from tests.build_plan import DROP, make_plan
from tests.ingesting import Desk

pytestmark = pytest.mark.data
FAR = date(2100, 1, 1)
TIMED = {"logs__predictions__columns__predicted_at": "timestamp"}
UNDATED: dict[str, Any] = {
    "logs__predictions__time_precision": "none",
    "logs__predictions__columns__predicted_at": DROP,
    "monitoring__cadence": "once",
}


def plan_of(model: str, outcome: str, **more: Any) -> ChangePlan:
    return make_plan(
        device__model_version=model,
        logs__outcomes__columns={"study_id": "study_id", "outcome": outcome},
        logs__outcomes__study_id_globally_unique=True,
        **{"logs__covariates": [], **more},
    )


PLANS: dict[str, ChangePlan] = {
    "ist_stroke": plan_of(
        "IST-EXPD14",
        "label_deaddep6m",
        logs__predictions__columns__score="uk_score",
        logs__predictions__time_precision="month",
        monitoring__cadence="monthly",
        logs__covariates=[
            {"name": "RSBP", "kind": "continuous", "unit": "mmHg", "range": [50.0, 300.0]},
            {"name": "SEX", "kind": "categorical", "levels": ["M", "F"]},
        ],
        **TIMED,
    ),
    "uci_heart": plan_of("cleveland-lr-1", "label", **UNDATED),
    "lidc_ct_vendor": plan_of("ge-lr-1", "label", **UNDATED),
    "chop_covid_testing": plan_of(
        "lr-day30",
        "label",
        logs__predictions__time_precision="integer_day",
        logs__predictions__day_zero="2020-03-01",
        logs__outcomes__columns__observed_at="date",
        modification_protocol__data_management__0__maturity_days=2,
        **TIMED,
    ),
}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("name", sorted(PLANS))
def test_every_study_is_stored_with_its_own_outcome(name: str, tmp_path: Path, real_data: Path) -> None:
    plan, folder = PLANS[name], real_data / name
    desk = Desk(tmp_path, plan)
    predictions = desk.ingest(folder / "predictions.csv", as_history=True)
    outcomes = desk.ingest(folder / "outcomes.csv", as_history=True)
    with desk.open() as opened:
        found = opened.mature_rows(matured_by=FAR, known_by=FAR)
    files = rows_of(folder / "predictions.csv"), rows_of(folder / "outcomes.csv")

    assert (predictions.stored, outcomes.stored) == (len(files[0]), len(files[1]))
    assert predictions.rejected == outcomes.rejected == 0
    assert sum(map(len, found.values())) == len(files[0])
    assert sums(plan, found) == expected(plan, *files)


def sums(plan: ChangePlan, found: dict[Any, Rows]) -> dict[str, tuple[int, int, int, float]]:
    """Per site: studies, known outcomes, positives, sum of scores."""
    return {
        place.site: (
            len(rows),
            len(rows.known()),
            int(rows.known().outcome.sum()),
            round(math.fsum(rows.score), 9),
        )
        for place, rows in found.items()
    }


def expected(
    plan: ChangePlan, predictions: list[dict[str, str]], outcomes: list[dict[str, str]]
) -> dict[str, tuple[int, int, int, float]]:
    """The same from the files alone; a result later than maturity is not known."""
    columns = plan.logs.predictions.columns, plan.logs.outcomes.columns
    by_study = {row["study_id"]: row for row in outcomes}
    sites: dict[str, list[tuple[str, float]]] = {}
    for row in predictions:
        result = by_study[row["study_id"]]
        label = result[columns[1].outcome]
        if columns[1].observed_at:
            late = math.floor(float(result["date"])) - int(row["timestamp"]) > plan.data.maturity_days
            label = "" if late else label
        sites.setdefault(row["site"], []).append((label, float(row[columns[0].score])))
    return {
        site: (
            len(rows),
            sum(label != "" for label, _ in rows),
            sum(label == "1" for label, _ in rows),
            round(math.fsum(score for _, score in rows), 9),
        )
        for site, rows in sorted(sites.items())
    }


def test_the_stroke_trial_twice_gives_the_same_archives(tmp_path: Path, real_data: Path) -> None:
    digests: list[list[str | None]] = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        desk = Desk(tmp_path / run, PLANS["ist_stroke"])
        files = [real_data / "ist_stroke" / f"{log}.csv" for log in ("predictions", "outcomes")]
        digests.append([desk.ingest(file, as_history=True).archive_sha256 for file in files])
        assert all(desk.ingest(file, as_history=True).already_ingested for file in files)
    assert digests[0] == digests[1]
