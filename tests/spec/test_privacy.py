"""Planted identifiers go through everything the product does, and are found nowhere afterwards."""

from __future__ import annotations

import csv
import io
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from flows.cli import run
from monitor.errors import UsageError
from monitor.operation.night import nightly
from monitor.operation.workspace import initialise, open_workspace
from tests.build_plan import make_plan
from tests.ingesting import PREDICTIONS, Desk, prediction
from tests.prefect_records import prefect_database
from tests.properties.bench import everything_kept
from tests.properties.planted import NEEDLES, PLAN, broken_logs, planted_logs, small_network

AS_OF = "2026-03-01"


@dataclass
class Passage:
    """Everything the product wrote or said on the way."""

    folder: Path
    key: Path
    said: str = ""
    logged: list[str] = field(default_factory=list[str])

    def pccp(self, *arguments: str) -> int:
        """One command, what it says kept."""
        heard = io.StringIO()
        with redirect_stdout(heard), redirect_stderr(heard):
            code = run(
                [*arguments, *(["--pseudonym-key", str(self.key)] if arguments[0] in WITH_KEY else [])]
            )
        self.said += f"{arguments[0]} {code}\n{heard.getvalue()}"
        return code


WITH_KEY = ("init", "ingest", "nightly", "replay", "document", "find")


@pytest.fixture(scope="module")
def passage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passage]:
    """Init, ingest, nights, replay, status, changes, documents, verification: all by command."""
    folder = tmp_path_factory.mktemp("passage")
    found = Passage(folder, folder / "private" / "pseudonym.key")
    logs = planted_logs(folder / "sent")
    handler = logging.Handler()
    handler.emit = lambda record: found.logged.append(logging.Formatter().format(record))  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    by_night, history = str(folder / "nights"), str(folder / "history")
    assert found.pccp("init", by_night, "--plan", str(PLAN)) == 0
    assert found.pccp("ingest", by_night, "--dry-run", str(logs["predictions"])) == 0
    assert found.pccp("ingest", by_night, str(logs["predictions"])) == 0
    for name, content in broken_logs().items():
        (folder / "nights" / "inbox" / name).write_bytes(content)
    (folder / "nights" / "inbox" / "outcomes.csv").write_bytes(logs["outcomes"].read_bytes())
    assert found.pccp("nightly", by_night, "--as-of", AS_OF) == 11, found.said
    assert found.pccp("init", history, "--plan", str(PLAN)) == 0
    assert (
        found.pccp(
            "replay",
            history,
            "--predictions",
            str(logs["predictions"]),
            "--outcomes",
            str(logs["outcomes"]),
            "--approve",
            "accepted",
            "--until",
            small_network().complete_on.isoformat(),
        )
        == 0
    )
    for workspace in (by_night, history):
        found.pccp("status", workspace)
        found.pccp("status", workspace, "--json")
        found.pccp("changes", workspace)
        found.pccp("changes", workspace, "--json")
        found.pccp("verify", workspace)
        assert found.pccp("review", workspace, "--no-evidently") == 0, found.said
        assert found.pccp("review", workspace, "--packet") == 0, found.said
    assert found.pccp("document", history, "CHG-0001", "--format", "all") == 0, found.said
    patient = next(csv.DictReader(logs["predictions"].read_text().splitlines()))["mrn"]
    assert found.pccp("find", history, "--patient", patient) == 0
    assert found.pccp("find", history, "--study", f"{NEEDLES[0]}-unknown", "--json") == 2
    yield found
    logging.getLogger().removeHandler(handler)


def kept(workspace: Path) -> bytes:
    """All that the workspace holds, apart from the inbox, where the senders' own files lie."""
    inbox = workspace / "inbox"
    aside = workspace.parent / f"{workspace.name} inbox"
    if inbox.exists():
        inbox.rename(aside)
    return everything_kept(workspace)


def test_rows_were_refused_stored_and_judged(passage: Passage) -> None:
    assert "wrong_field_count" in passage.said
    assert "score_out_of_range" in passage.said
    assert "these files stay in the inbox" in passage.said
    assert "accept" in passage.said


@pytest.mark.parametrize("workspace", ["nights", "history"])
def test_no_planted_identifier_is_kept_in_a_workspace(passage: Passage, workspace: str) -> None:
    found = kept(passage.folder / workspace)
    assert b"known_by" in found
    for needle in NEEDLES:
        at = found.find(needle.encode())
        assert at < 0, found[max(0, at - 300) : at + 40]


def test_no_planted_identifier_was_said(passage: Passage) -> None:
    for needle in NEEDLES:
        assert needle not in passage.said
        assert not [line for line in passage.logged if needle in line]


def test_what_is_clear_lies_in_the_inbox_only_and_is_closed_to_others(passage: Passage) -> None:
    workspace = passage.folder / "history"
    for folder in (workspace, *(path for path in workspace.rglob("*") if path.is_dir())):
        if folder.name in ("inbox", "rejected", "archive", ".staging", "history"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    assert list((workspace / ".staging").iterdir()) == []


@pytest.mark.usefixtures("prefect_server")
def test_prefect_learns_no_identifier_from_a_night_nor_from_a_failure(tmp_path: Path) -> None:
    """The nights run beside refused files and the run ends as failed; a second fails inside the task."""
    from flows.nightly import nightly as flow

    key, workspace = tmp_path / "private" / "pseudonym.key", tmp_path / "workspace"
    initialise(workspace, PLAN, key, at="2026-01-01")
    logs = planted_logs(tmp_path / "sent")
    for name, content in {**broken_logs(), "p.csv": logs["predictions"].read_bytes()}.items():
        (workspace / "inbox" / name).write_bytes(content)
    heard = io.StringIO()
    with redirect_stdout(heard), redirect_stderr(heard):
        first = flow(str(workspace), as_of=date(2026, 3, 1), pseudonym_key=str(key), return_state=True)
        (workspace / "archive").rename(workspace / "gone")
        (workspace / "archive").touch()
        late = workspace / "inbox" / f"{NEEDLES[0]}-late.csv"
        late.write_bytes(logs["predictions"].read_bytes().replace(b"WOMBAT-", b"WOMBAT-9"))
        second = flow(str(workspace), as_of=date(2026, 3, 2), pseudonym_key=str(key), return_state=True)
    assert (first.is_failed(), second.is_failed()) == (True, True)
    recorded = prefect_database()
    assert b"pccp-nightly" in recorded
    assert b"these files stay in the inbox" in recorded
    assert b"archive: file exists" in recorded
    for needle in NEEDLES:
        assert needle not in heard.getvalue()
        at = recorded.find(needle.encode())
        assert at < 0, recorded[max(0, at - 400) : at + 60]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(UsageError, match="owner only"):
        initialise(tmp_path / "w", PLAN, key_file, at="2026-01-01")
    assert not (tmp_path / "w").exists()


def test_a_key_is_made_for_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        initialise(tmp_path / "w", PLAN, tmp_path / "private" / "pseudonym.key", at="2026-01-01")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "private" / "pseudonym.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o700


@pytest.mark.parametrize("place", ["inside", "link"])
def test_a_key_inside_the_workspace_is_refused(tmp_path: Path, key_file: Path, place: str) -> None:
    workspace, key = tmp_path / "w", tmp_path / "w" / "pseudonym.key"
    if place == "link":
        key = tmp_path / "link.key"
        key.symlink_to(workspace / "pseudonym.key")
    with pytest.raises(UsageError, match="elsewhere"):
        initialise(workspace, PLAN, key, at="2026-01-01")
    initialise(workspace, PLAN, key_file, at="2026-01-01")
    inside = workspace / "pseudonym.key"
    inside.write_bytes(key_file.read_bytes())
    inside.chmod(0o600)
    with pytest.raises(UsageError, match="elsewhere"), open_workspace(workspace, key):
        pass


def test_a_file_written_again_while_it_was_read_is_not_taken_for_done(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitor.operation import night

    workspace = tmp_path / "w"
    initialise(workspace, PLAN, key_file, at="2026-01-01")
    file = workspace / "inbox" / "p.csv"
    text = planted_logs(tmp_path / "sent")["predictions"].read_bytes()
    lines = text.split(b"\n")
    file.write_bytes(b"\n".join(lines[:20]) + b"\n")
    really = night.ingest_file

    def slow(*arguments: object, **options: object) -> object:
        report = really(*arguments, **options)  # type: ignore[arg-type]
        file.write_bytes(b"\n".join(lines[:30]) + b"\n")
        return report

    monkeypatch.setattr(night, "ingest_file", slow)
    nightly(workspace, date(2026, 1, 2), key_file=key_file)
    assert file.exists()
    monkeypatch.undo()
    nightly(workspace, date(2026, 1, 2), key_file=key_file)
    assert not file.exists()


@pytest.mark.parametrize(
    ("column", "cell", "kept_as"),
    [
        ("site", "north", "north"),
        ("site", "Rosa Quokka", "keyed hash"),
        ("model_version", "m1", "m1"),
        ("model_version", "4711008", "keyed hash"),
        ("score", "1.5", "1.5"),
        ("score", "4711008", "9999999"),
        ("score", "Quokka", "keyed hash"),
        ("predicted_at", "2026-03-02", "2026-03-02"),
        ("predicted_at", "1931-07-19", "9999-99-99"),
        ("predicted_at", "19.07.1931", "99.99.9999"),
        ("age", "61", "61"),
        ("age", "1931-07-19", "9999-99-99"),
        ("view", "Rosa Quokka", "keyed hash"),
    ],
)
def test_a_refused_cell_stands_as_it_came_only_where_it_is_what_its_column_is_for(
    tmp_path: Path, column: str, cell: str, kept_as: str
) -> None:
    desk = Desk(tmp_path, make_plan())
    cells = dict(zip(PREDICTIONS.split(","), prediction("S2", score="x").split(","), strict=True))
    desk.predictions(prediction(), ",".join({**cells, column: cell}.values()))
    (row,) = desk.rejected()
    assert row["fields"][column].startswith(kept_as)


def test_a_header_that_ran_into_the_first_row_does_not_keep_its_cells_as_names(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan())
    desk.predictions(prediction(score="x") + ",1,2", header=f"{PREDICTIONS},Rosa Quokka,1931-07-19")
    (row,) = desk.rejected()
    assert row["fields"].keys() - PREDICTIONS.split(",") == {"unmapped column 9", "unmapped column 10"}


def test_a_label_that_many_refused_rows_share_is_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan())
    lines = [prediction(f"S{number}", rest=("m2", "60", "PA")) for number in range(6)]
    desk.predictions(*lines)
    assert {row["fields"]["model_version"] for row in desk.rejected()} == {"m2"}


def test_what_the_database_spilled_stays_until_it_is_closed_and_no_longer(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan())
    spilled = desk.workspace / ".staging" / "spill" / "in-use.tmp"
    with desk.open() as opened:
        spilled.parent.mkdir(exist_ok=True)
        spilled.touch()
        file = desk.file(f"{PREDICTIONS}\n{prediction()}\n")
        opened.ingest(file, received_on=date(2026, 6, 30), record=desk.record)
        assert spilled.exists()
        assert [path.name for path in spilled.parent.parent.iterdir()] == ["spill"]
    assert list((desk.workspace / ".staging").iterdir()) == []
