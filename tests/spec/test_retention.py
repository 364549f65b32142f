"""What is kept how long: delivered files for the plan's days, evidence for good."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.cli import run
from monitor.operation.evidence.verify import verify
from monitor.operation.night import nightly
from monitor.operation.workspace import initialise
from monitor.plan import check
from monitor.simulation import network
from tests.evidence import PLAN, QUIET

FIRST = date(2026, 1, 1)
ARRIVED = date(2026, 1, 4)


@dataclass(frozen=True)
class Clinic:
    """A bound workspace and logs of three days."""

    path: Path
    key: Path
    logs: tuple[Path, ...]

    @property
    def done(self) -> set[str]:
        return {file.name for file in (self.path / "inbox" / "done").glob("*")}

    def deliver(self, as_of: date, *files: Path) -> int:
        """Files into the inbox, a night, and how many old ones it deleted."""
        for file in files:
            shutil.copy(file, self.path / "inbox" / file.name)
        return nightly(self.path, as_of, key_file=self.key).purged


def clinic(folder: Path, rules: str = "") -> Clinic:
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.read_text(encoding="utf-8") + rules, encoding="utf-8")
    made = network(nights=3, seed=5, scenarios=(QUIET,)).write(folder / "logs")
    key = folder / "private" / "pseudonym.key"
    initialise(folder / "workspace", plan, key, at=FIRST.isoformat())
    return Clinic(folder / "workspace", key, (*made.predictions, *made.outcomes))


@pytest.fixture
def five_days(tmp_path: Path) -> Clinic:
    return clinic(tmp_path, "\nrecords: {delivered_files_days: 5}\n")


class TestDeliveredFiles:
    def test_they_go_when_more_than_the_plans_days_have_passed(self, five_days: Clinic) -> None:
        assert five_days.deliver(ARRIVED, *five_days.logs) == 0
        assert len(five_days.done) == len(five_days.logs)
        assert five_days.deliver(ARRIVED + timedelta(days=5)) == 0
        assert len(five_days.done) == len(five_days.logs)
        assert five_days.deliver(ARRIVED + timedelta(days=6)) == len(five_days.logs)
        assert five_days.done == set()
        verify(five_days.path)

    def test_their_day_is_that_of_the_ledger_whatever_the_file_says(self, five_days: Clinic) -> None:
        five_days.deliver(ARRIVED, *five_days.logs)
        for file in (five_days.path / "inbox" / "done").iterdir():
            os.utime(file, (0, 0))
        assert five_days.deliver(ARRIVED + timedelta(days=1)) == 0
        for file in (five_days.path / "inbox" / "done").iterdir():
            os.utime(file)
        assert five_days.deliver(ARRIVED + timedelta(days=6)) == len(five_days.logs)

    def test_a_file_that_no_batch_names_is_left_alone(self, five_days: Clinic) -> None:
        five_days.deliver(ARRIVED, *five_days.logs)
        (five_days.path / "inbox" / "done" / "notes.txt").write_text("put here by a person")
        (five_days.path / "inbox" / "done" / "link").symlink_to(five_days.path / "ledger.jsonl")
        five_days.deliver(ARRIVED + timedelta(days=30))
        assert five_days.done == {"notes.txt", "link"}
        assert (five_days.path / "ledger.jsonl").exists()

    def test_without_the_key_nothing_is_deleted(self, tmp_path: Path) -> None:
        kept = clinic(tmp_path, "\nrecords: {retention_years: 10}\n")
        kept.deliver(ARRIVED, *kept.logs)
        assert kept.deliver(date(2036, 1, 1)) == 0
        assert len(kept.done) == len(kept.logs)

    def test_the_night_prints_the_count(self, five_days: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
        five_days.deliver(ARRIVED, *five_days.logs)
        words = ["nightly", str(five_days.path), "--as-of", "2026-01-20"]
        assert run([*words, "--pseudonym-key", str(five_days.key)]) == 0
        assert f"{len(five_days.logs)} delivered files deleted from inbox/done" in capsys.readouterr().out


class TestEvidence:
    def test_a_purge_touches_neither_archive_nor_rejected_rows_nor_ledger(self, five_days: Clinic) -> None:
        five_days.deliver(ARRIVED, *five_days.logs)
        folders = ("archive", "rejected", "plans")
        before = {
            f.relative_to(five_days.path) for name in folders for f in (five_days.path / name).iterdir()
        }
        five_days.deliver(ARRIVED + timedelta(days=400))
        after = {f.relative_to(five_days.path) for name in folders for f in (five_days.path / name).iterdir()}
        assert after == before


class TestPlan:
    @pytest.mark.parametrize(
        ("rules", "said"),
        [
            ("records: {}", "the section has no rule"),
            ("records: {small_cell_minimum: 101}", "the counts of a fit or a look would be withheld"),
            ("records: {small_cell_minimum: 1}", "out of range"),
            ("records: {retention_years: 0}", "out of range"),
            ("records: {delivered_files_days: -1}", "out of range"),
            ("records: {keep_forever: true}", "unknown key"),
        ],
    )
    def test_a_rule_that_cannot_hold_is_refused(self, rules: str, said: str, tmp_path: Path) -> None:
        path = tmp_path / "plan.yaml"
        path.write_text(PLAN.read_text(encoding="utf-8") + f"\n{rules}\n", encoding="utf-8")
        (fault,) = check(path)
        assert said in str(fault)
        assert fault.key.startswith("records")

    def test_all_rules_together_are_sound(self, tmp_path: Path) -> None:
        rules = "records: {retention_years: 10, small_cell_minimum: 10, delivered_files_days: 30}"
        path = tmp_path / "plan.yaml"
        path.write_text(PLAN.read_text(encoding="utf-8") + f"\n{rules}\n", encoding="utf-8")
        assert check(path) == []
