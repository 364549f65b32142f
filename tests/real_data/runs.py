"""Replays of the real logs, shared by the tests of this folder and the table script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import expit, log_loss, logit
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise, open_workspace
from monitor.performance import expected_calibration_error
from monitor.records import FloatArray, Place, Rows
from monitor.registry import Alarm, Change, RegistryState

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "change_plans"
TEST_PLANS = ROOT / "tests" / "plans"
KEY = "5b" * 32


@dataclass(frozen=True)
class Replayed:
    """A finished replay: what the ledger says and every mature row."""

    workspace: Path
    state: RegistryState
    rows: dict[Place, Rows]
    key_file: Path

    def change(self, site: str) -> Change | None:
        """The first change of a site, if an alarm opened one."""
        return next((change for change in self.state.changes.values() if change.place.site == site), None)

    def alarm(self, site: str) -> Alarm | None:
        return next((alarm for alarm in self.state.alarms.values() if alarm.place.site == site), None)

    def accepted(self) -> set[str]:
        return {
            change.place.site
            for change in self.state.changes.values()
            if change.verdict and change.verdict["verdict"] == "accept" and change.opened["attempt"] == 1
        }

    def ledger_text(self) -> str:
        return (self.workspace / "ledger.jsonl").read_text()


def run(folder: Path, plan: Path, predictions: Path, outcomes: Path, *, approve: bool = False) -> Replayed:
    """Bind a new workspace and replay the logs with a fixed pseudonym key."""
    key_file = folder / "pseudonym.key"
    folder.mkdir(parents=True, exist_ok=True)
    key_file.write_text(KEY + "\n")
    key_file.chmod(0o600)
    workspace = folder / "workspace"
    initialise(workspace, plan, key_file, at="1970-01-01")
    replay(workspace, [predictions], [outcomes], approve_accepted=approve, key_file=key_file)
    return read(workspace, key_file)


def run_named(folder: Path, plan: Path, data: Path, *, approve: bool = False) -> Replayed:
    """Replay one of the data folders."""
    return run(folder, plan, data / "predictions.csv", data / "outcomes.csv", approve=approve)


def read(workspace: Path, key_file: Path) -> Replayed:
    with open_workspace(workspace, key_file) as opened:
        rows = opened.store.mature_rows(matured_by=date(9999, 1, 1), known_by=date(9999, 1, 1))
        return Replayed(workspace, opened.state, rows, key_file)


def later_losses(replayed: Replayed, change: Change) -> tuple[int, float, float] | None:
    """Rows predicted after a deployment, and their mean log loss under the old and the new map."""
    if change.deployed is None or change.candidate is None:
        return None
    rows = replayed.rows[change.place].known()
    month = change.deployed["night"][:7]
    rows = rows.where(rows.cohort.astype(str) > month)
    if len(rows) == 0:
        return None
    old, new = (
        float(log_loss(mapped(record, rows.score), rows.outcome).mean())
        for record in (change.opened["last_deployed"], change.candidate["candidate"])
    )
    return len(rows), old, new


def mapped(record: dict[str, object], score: FloatArray) -> FloatArray:
    return calibrated_log_odds(read_calibrator(record), logit(np.asarray(score)))


def later_calibration_errors(replayed: Replayed, change: Change) -> tuple[float, float]:
    """Ten-bin calibration error on the rows after deployment, old and new map."""
    rows = replayed.rows[change.place].known()
    rows = rows.where(rows.cohort.astype(str) > change.deployed["night"][:7])
    old, new = (
        expected_calibration_error(expit(mapped(record, rows.score)), rows.outcome)
        for record in (change.opened["last_deployed"], change.candidate["candidate"])
    )
    return old, new
