"""A few hundred hostile files on every run; `fuzz.py` beside this file tries as many as it is asked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build_plan import make_plan
from tests.ingesting import PREDICTIONS, prediction
from tests.properties.bench import Bench, Tally
from tests.properties.fuzz import Fuzz, fuzz

FILES, SEED = 200, 1


def total(done: Fuzz, name: str) -> int:
    return sum(getattr(tally, name) for tally in done.tallies.values())


def test_hostile_files_get_nowhere() -> None:
    done = fuzz(FILES, SEED)
    assert [fault for tally in done.tallies.values() for fault in tally.faults] == []
    assert total(done, "tried") == FILES
    assert all(tally.sound for tally in done.tallies.values())
    assert total(done, "refused") > FILES / 4
    assert total(done, "taken") > FILES / 4
    assert total(done, "rejected") > FILES
    assert len(done.arcs.seen) > 1000


class TestTheFuzzerItself:
    """What it promises to see, it sees."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return Bench(tmp_path, make_plan(), strict=True)

    def deliver(self, bench: Bench, *rows: str) -> Tally:
        tally = Tally()
        path = bench.folder / "log.csv"
        path.write_text("\n".join([PREDICTIONS, *rows, ""]))
        bench.ingest(tally, path)
        return tally

    def test_a_lost_rejected_row(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("monitor.store.rejected.write", lambda *_: None)
        assert self.deliver(bench, prediction(score="x")).lost == 1

    def test_a_row_that_was_never_read(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tests.properties.bench.physical_rows", lambda _: 3)
        assert self.deliver(bench, prediction(), prediction("S2")).lost == 1

    def test_a_foreign_exception(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise KeyError("score")

        monkeypatch.setattr("monitor.store.ingest.judge", broken)
        assert self.deliver(bench, prediction()).tracebacks == 1

    def test_an_identifier_that_is_kept(self, bench: Bench) -> None:
        tally = self.deliver(bench, prediction(site="QUOKKA-1"))
        bench.renew(tally)
        assert tally.leaks == 1

    def test_a_file_that_hangs(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        import time

        monkeypatch.setattr("tests.properties.bench.SECONDS", 1)
        monkeypatch.setattr("monitor.store.ingest.judge", lambda *_: time.sleep(5))
        assert self.deliver(bench, prediction()).hangs == 1
