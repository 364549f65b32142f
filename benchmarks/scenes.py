"""What is timed: each scene is the product's own work and a plain alternative on the same data."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from monitor.calibration import choose
from monitor.operation.night import ingest
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.performance import area_under_curve
from monitor.records import IDENTITY
from monitor.simulation import Scenario, calibrated_night, network

PLAN = Path(__file__).resolve().parents[1] / "change_plans" / "chest_xray_pneumothorax.yaml"
Pair = tuple[str, Callable[[], object], Callable[[], object]]


def pairs(folder: Path, studies: int) -> Iterator[Pair]:
    """Name, ours, the alternative."""
    yield _ingest(folder, studies)
    yield _fit()
    yield _area()


def _ingest(folder: Path, studies: int) -> Pair:
    """All rules, pseudonyms, archive and commit, against a bare typed load of the same file."""
    made = network(nights=100, seed=1, scenarios=(_site("North", studies / 100),))
    log = made.write(folder / "logs").predictions[0]
    initialise(folder / "empty", PLAN, folder / "pseudonym.key", at="2026-01-01")
    number = itertools.count()

    def ours() -> None:
        workspace = folder / f"ours-{next(number)}"
        shutil.copytree(folder / "empty", workspace)
        ingest(workspace, [log], date(2027, 1, 1), key_file=folder / "pseudonym.key")
        shutil.rmtree(workspace)

    def bare() -> None:
        file = folder / f"bare-{next(number)}.duckdb"
        with duckdb.connect(str(file)) as connection:
            connection.execute("CREATE TABLE log AS FROM read_csv(?, ignore_errors = true)", [str(log)])
        file.unlink()

    return f"ingest {studies:,} lines / DuckDB's bare load of the file", ours, bare


def _fit() -> Pair:
    """Closed test with covariance, against one scikit-learn fit, 5,000 rows."""
    from sklearn.linear_model import LogisticRegression

    x, outcome = calibrated_night(np.random.default_rng(2), 5000, 0.1, 0.85)
    patient = np.arange(5000).astype(str).astype(object)
    y = outcome.astype(float)
    model = LogisticRegression(C=np.inf)
    return (
        "closed test, 5,000 rows / one scikit-learn logistic fit",
        lambda: choose(x, y, patient, IDENTITY),
        lambda: model.fit(x[:, None], y),
    )


def _area() -> Pair:
    """Clustered interval in closed form, against 200 bootstrap resamples with scikit-learn."""
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    x, outcome = calibrated_night(rng, 10_000, 0.1, 0.85)
    patient = (np.arange(10_000) // 2).astype(str).astype(object)
    y = outcome.astype(float)

    def bootstrap() -> None:
        for _ in range(200):
            drawn = rng.integers(0, 5000, 5000)
            rows = np.concatenate([2 * drawn, 2 * drawn + 1])
            roc_auc_score(y[rows], x[rows])

    name = "AUC with patient interval, 10,000 rows / 200 resamples"
    return name, lambda: area_under_curve(x, y, patient), bootstrap


def replayed_year(folder: Path, sites: int) -> tuple[float, int]:
    """Seconds of a year's replay and its number of studies."""
    made = network(nights=365, seed=4, scenarios=tuple(_site(f"Site {n}", 110.0) for n in range(sites)))
    logs = made.write(folder / "logs")
    initialise(folder / "workspace", PLAN, folder / "pseudonym.key", at="2026-01-01")
    started = time.perf_counter()
    replay(
        folder / "workspace",
        logs.predictions,
        logs.outcomes,
        until=made.complete_on,
        key_file=folder / "pseudonym.key",
    )
    return time.perf_counter() - started, sum(len(site.night) for site in made.sites)


def _site(name: str, studies_per_night: float) -> Scenario:
    return Scenario(name, "quiet", "Nothing changes.", "No alarm.", studies_per_night, 0.09)
