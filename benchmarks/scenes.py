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
from monitor.calibrators import calibrated_log_odds
from monitor.logistic import expit
from monitor.operation.night import ingest
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.performance import area_under_curve
from monitor.plan import load
from monitor.records import IDENTITY, FloatArray, TextArray
from monitor.simulation import Scenario, calibrated_night, network, shifted_outcomes
from monitor.validation import Evidence, judge

PLAN = Path(__file__).resolve().parents[1] / "change_plans" / "chest_xray_pneumothorax.yaml"
Half = tuple[FloatArray, FloatArray, TextArray]
Pair = tuple[str, Callable[[], object], Callable[[], object]]


def pairs(folder: Path, studies: int) -> Iterator[Pair]:
    """Name, ours, the alternative."""
    yield _ingest(folder, studies)
    yield _fit()
    yield _area()
    yield _all_sites(1_000_000, 500)


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


def _all_sites(studies: int, sites: int) -> Pair:
    """Closed test on half of each site's rows and the demonstration's criteria on the other half.

    The alternative is scikit-learn's unpenalised fit, site by site, on the same fitting halves, and no
    more than that.
    """
    from sklearn.linear_model import LogisticRegression

    criteria = load(PLAN).plan.evaluation.criteria
    rng = np.random.default_rng(3)
    halves = [_halves(rng, studies // sites) for _ in range(sites)]

    def ours() -> None:
        for (x, outcome, patient), (later, known, who) in halves:
            choice = choose(x, outcome, patient, IDENTITY)
            mapped = calibrated_log_odds(choice.calibrator("v1"), later) if choice.kind != "keep" else later
            evidence = Evidence(known, who, mapped, later, later, expit(later), later > 0.0)
            judge(criteria, evidence, 0.025)

    def site_by_site() -> None:
        for (x, outcome, _), _later in halves:
            LogisticRegression(C=np.inf).fit(x[:, None], outcome)

    name = f"fit and judge {sites} sites, {studies:,} rows / scikit-learn's fits alone"
    return name, ours, site_by_site


def _halves(rng: np.random.Generator, rows: int) -> tuple[Half, Half]:
    """A site whose true log-odds are half a unit above the score's; every patient has one row."""
    x, _ = calibrated_night(rng, rows, 0.1, 0.85)
    outcome = shifted_outcomes(rng, x, 0.5, 1.0).astype(float)
    patient = np.arange(rows).astype(str).astype(object)
    middle = rows // 2
    return (x[:middle], outcome[:middle], patient[:middle]), (x[middle:], outcome[middle:], patient[middle:])


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
