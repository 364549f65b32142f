"""Does pooling help the small countries? Each candidate against what the country alone would have given.

Replays the stroke trial under a plan with pooling. For every pooled candidate the same fitting rows are
also fitted by the country alone (Platt; a prior at the map in use), and all are judged on the country's
later rows, patients of the fit left out: held-out log loss.

Usage: python tests/real_data/pooling_table.py [DATA_FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import runs

from monitor.calibration import Choice, winsorised_logit
from monitor.calibration.closed_test import fit_platt
from monitor.calibration.pooled import fit_near_current
from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.errors import EstimationError
from monitor.intervals import cluster_mean_error
from monitor.logistic import log_loss, logit
from monitor.records import Calibrator, Rows
from monitor.registry import Change

NAMES = ("keep", "site Platt", "MAP", "EB")


@dataclass(frozen=True)
class Country:
    """One pooled candidate: the fit's events, and the held-out losses of each method."""

    site: str
    events: int
    rows: int
    held_out_events: int
    losses: dict[str, float]
    gain: float
    error: float


def countries(replayed: runs.Replayed) -> Iterator[Country]:
    """Every change whose candidate was pooled and whose country has later rows."""
    for change in replayed.state.changes.values():
        if change.candidate is None or change.candidate["candidate"]["kind"] != "pooled":
            continue
        fitted, later = _windows(replayed, change)
        if later.events:
            yield _country(change, fitted, later)


def _windows(replayed: runs.Replayed, change: Change) -> tuple[Rows, Rows]:
    assert change.candidate is not None
    rows, end = replayed.rows[change.place].known(), change.candidate["fit"]["to"]
    inside = (rows.cohort >= change.opened["fit_from"]) & (rows.cohort <= end)
    fitted = rows.where(inside)
    assert len(fitted) == change.candidate["fit"]["n"]
    seen = set(fitted.patient.tolist())
    unseen = np.array([who not in seen for who in rows.patient.tolist()], dtype=bool)
    return fitted, rows.where((rows.cohort > end) & unseen)


def _country(change: Change, fitted: Rows, later: Rows) -> Country:
    assert change.candidate is not None
    current = read_calibrator(change.opened["last_deployed"])
    x, _ = winsorised_logit(fitted.score)
    maps = {"keep": current, "EB": read_calibrator(change.candidate["candidate"])}
    for name, fit in (("site Platt", fit_platt), ("MAP", fit_near_current)):
        try:
            maps[name] = _map(fit(x, fitted.outcome, fitted.patient, current))
        except EstimationError:
            maps[name] = current
    losses = {
        name: log_loss(calibrated_log_odds(maps[name], logit(later.score)), later.outcome) for name in NAMES
    }
    gain = losses["site Platt"] - losses["EB"]
    return Country(
        change.place.site,
        change.candidate["fit"]["events"],
        len(later),
        later.events,
        {name: float(losses[name].mean()) for name in NAMES},
        float(gain.mean()),
        cluster_mean_error(gain, later.patient),
    )


def _map(choice: Choice) -> Calibrator:
    return Calibrator("", choice.map_kind, choice.parameters, choice.covariance)


def replayed(folder: Path, data: Path) -> runs.Replayed:
    return runs.run_named(folder, runs.TEST_PLANS / "ist_stroke_pooled.yaml", data / "ist_stroke")


def main(arguments: list[str]) -> None:
    data = Path(
        arguments[0] if arguments else os.environ.get("PCCP_DATA") or runs.ROOT.parent / "shared" / "data"
    )
    print("| country | events of the fit | later rows / events | keep | site Platt | MAP | EB | Platt - EB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        found = sorted(countries(replayed(Path(folder), data)), key=lambda item: item.events)
    for item in found:
        losses = " | ".join(f"{item.losses[name]:.3f}" for name in NAMES)
        gain = f"{item.gain:+.3f} ± {item.error:.3f}"
        print(f"| {item.site} | {item.events} | {item.rows} / {item.held_out_events} | {losses} | {gain} |")
    total = sum(item.rows for item in found)
    means = " | ".join(f"{sum(item.losses[n] * item.rows for item in found) / total:.3f}" for n in NAMES)
    average = " | ".join(f"{np.mean([item.losses[n] for item in found]):.3f}" for n in NAMES)
    print(f"| all rows | | {total} | {means} | |")
    print(f"| mean of {len(found)} countries | | | {average} | |")


if __name__ == "__main__":
    main(sys.argv[1:])
