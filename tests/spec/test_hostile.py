"""Texts and names that try to be something else: markup, formulas, SQL, terminal codes, paths."""

from __future__ import annotations

import json
import os
import re
import socket
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flows.cli import run
from monitor.errors import MonitorError
from monitor.operation.night import nightly
from monitor.operation.workspace import initialise
from monitor.plan import check
from monitor.registry import read_chain
from tests.browser.page import parse
from tests.browser.test_dossier_in_browser import visit
from tests.build_plan import make_plan
from tests.ingesting import Desk, prediction
from tests.properties.planted import PLAN, planted_logs, small_network

SITE = (
    "=cmd|' /C calc'!A0 <script>document.title='owned'</script>"
    "\"><img src='http://canary.invalid/x' onerror='console.error(1)'> '; DROP TABLE predictions; --"
)
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
CONTROLS = (
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x9b31m",
    "\x85",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\x00",
    "\x08",
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A replay whose one site is called SITE, with an accepted and deployed change."""
    folder = tmp_path_factory.mktemp("hostile")
    logs = planted_logs(folder / "sent", site=SITE)
    key, found = folder / "private" / "pseudonym.key", folder / "workspace"
    initialise(found, PLAN, key, at="2026-01-01")
    until = small_network().complete_on.isoformat()
    arguments = ["replay", str(found), "--predictions", str(logs["predictions"]), "--outcomes"]
    arguments += [str(logs["outcomes"]), "--approve", "accepted", "--until", until]
    assert run([*arguments, "--pseudonym-key", str(key)]) == 0
    return found


class TestSiteName:
    def test_is_on_record_exactly_as_it_came(self, workspace: Path) -> None:
        sites = {
            entry.body["site"] for entry in read_chain(workspace / "ledger.jsonl") if "site" in entry.body
        }
        assert sites == {SITE}

    def test_left_the_tables_alone(self, workspace: Path) -> None:
        import duckdb

        with duckdb.connect(str(workspace / "snapshot.duckdb"), read_only=True) as connection:
            found = connection.execute("SELECT DISTINCT site FROM predictions").fetchall()
        assert found == [(SITE,)]

    def test_is_text_in_the_dossier_and_its_figures(self, workspace: Path) -> None:
        folder = workspace / "dossiers" / "CHG-0001"
        for name in ("CHG-0001/dossier.html", "index.html"):
            page = parse((folder.parent / name).read_text("utf-8"))
            assert page.faults == []
            assert page.count("script") == page.count("img") == 0
            assert SITE in page.text
        for figure in folder.glob("figures/*.svg"):
            names = {element.tag.rpartition("}")[2] for element in ElementTree.parse(figure).iter()}
            assert names.isdisjoint({"script", "image", "foreignObject", "a"})
        assert json.loads((folder / "dossier.json").read_text("utf-8"))["document"]["site"] == SITE

    @pytest.mark.browser
    def test_does_nothing_in_a_browser(self, workspace: Path, chromium: str) -> None:
        for name in ("CHG-0001/dossier.html", "index.html"):
            found = visit(Path(chromium), workspace / "dossiers" / name)
            assert (found.console, found.requests) == ("", [])
            assert "owned" not in found.page.title.replace(SITE, "")
            assert found.page.count("script") == 0

    @pytest.mark.parametrize(
        "command", [["status"], ["status", "--json"], ["changes"], ["changes", "--json"]]
    )
    def test_does_nothing_in_a_terminal(
        self, workspace: Path, command: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run([command[0], str(workspace), *command[1:]]) == 0
        assert STEERING.search(capsys.readouterr().out) is None


@pytest.mark.parametrize("text", CONTROLS)
def test_labels_that_steer_a_terminal_or_hide_are_refused(tmp_path: Path, text: str) -> None:
    desk = Desk(tmp_path, make_plan())
    row = prediction(site=f"nor{text}th")
    report = desk.predictions(prediction("S2"), row)
    assert (report.stored, report.rejected) == (1, 1)
    assert STEERING.search("".join(map(str, desk.rejected()))) is None


@pytest.mark.parametrize("text", CONTROLS[:8])
@pytest.mark.parametrize("command", ["ingest", "init", "plan check", "status", "approve", "document"])
def test_arguments_cannot_steer_the_terminal(
    tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str], text: str, command: str
) -> None:
    workspace = tmp_path / "w"
    initialise(workspace, PLAN, key_file, at="2026-01-01")
    bad = f"x{text}y"
    file = tmp_path / f"{bad}.csv"
    file.write_text("nothing\n1\n")
    key = ["--pseudonym-key", str(key_file)]
    signing = ["--signer", bad, "--role", bad, "--key", str(file), "--meaning", bad]
    arguments = {
        "ingest": ["ingest", str(workspace), str(file), *key],
        "init": ["init", str(tmp_path / bad), "--plan", str(file), *key],
        "plan check": ["plan", "check", str(file)],
        "status": ["status", str(tmp_path / bad)],
        "approve": ["approve", str(workspace), bad, *signing, *key],
        "document": ["document", str(workspace), bad, "--format", "html", *key],
    }[command]
    assert run(arguments) not in (0, 1)
    said = capsys.readouterr()
    assert STEERING.search(said.out + said.err) is None


class TestInbox:
    NAMES = (
        "a\nb.csv",
        "\x1b[31m.csv",
        "'; rm -rf ~.csv",
        "$(touch owned).csv",
        "-rf.csv",
        "x" * 240 + ".csv",
    )

    def test_names_of_any_kind_are_read_and_put_away(self, tmp_path: Path, key_file: Path) -> None:
        workspace = self.filled(tmp_path, key_file)
        names = [os.fsencode(name) for name in self.NAMES] + [b"\xff\xfe.csv", "\u202eevil.csv".encode()]
        lines = planted_logs(tmp_path / "sent")["predictions"].read_bytes().split(b"\n")
        for number, name in enumerate(names):
            content = b"\n".join([lines[0], lines[number + 1], b""])
            Path(os.fsdecode(bytes(workspace / "inbox") + b"/" + name)).write_bytes(content)
        report = nightly(workspace, date(2026, 1, 2), key_file=key_file)
        assert (len(report.batches), report.refused) == (len(names), [])
        done = (workspace / "inbox" / "done").iterdir()
        assert sorted(os.fsencode(path.name) for path in done) == sorted(names)
        assert b"owned" not in (workspace / "ledger.jsonl").read_bytes()

    def test_a_namesake_of_the_longest_name_is_put_away_too(self, tmp_path: Path, key_file: Path) -> None:
        workspace = self.filled(tmp_path, key_file)
        lines = planted_logs(tmp_path / "sent")["predictions"].read_text().split("\n")
        for day in (2, 3):
            (workspace / "inbox" / f"{'x' * 251}.csv").write_text(f"{lines[0]}\n{lines[day]}\n")
            nightly(workspace, date(2026, 1, day), key_file=key_file)
        assert len(list((workspace / "inbox" / "done").iterdir())) == 2

    def test_links_pipes_sockets_and_folders_wait_for_ever_and_nobody_waits_for_them(
        self, tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workspace = self.filled(tmp_path, key_file)
        inbox = workspace / "inbox"
        os.mkfifo(inbox / "pipe.csv")
        (inbox / "folder.csv").mkdir()
        (inbox / "link.csv").symlink_to(key_file)
        (inbox / "zero.csv").symlink_to("/dev/zero")
        monkeypatch.chdir(inbox)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("socket.csv")
        report = nightly(workspace, date(2026, 1, 2), key_file=key_file)
        assert (report.batches, report.refused) == ([], [])

    def test_a_refused_file_is_called_by_its_hash(self, tmp_path: Path, key_file: Path) -> None:
        workspace = self.filled(tmp_path, key_file)
        (workspace / "inbox" / "Rosa Quokka 1931.csv").write_text("nothing\n")
        (told,) = nightly(workspace, date(2026, 1, 2), key_file=key_file).refused
        assert "Rosa" not in told
        assert re.match(r"inbox file with sha256 [0-9a-f]{16}\.\.\.:1: ", told)

    @staticmethod
    def filled(folder: Path, key_file: Path) -> Path:
        initialise(folder / "w", PLAN, key_file, at="2026-01-01")
        return folder / "w"


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
@pytest.mark.parametrize("reader", ["plan", "ledger"])
def test_a_plan_or_ledger_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str, reader: str) -> None:
    path = tmp_path / "odd"
    make = {"pipe": os.mkfifo, "folder": Path.mkdir, "device": lambda at: at.symlink_to("/dev/zero")}
    make[kind](path)
    if reader == "plan":
        assert len(check(path)) == 1
    else:
        with pytest.raises(MonitorError):
            read_chain(path)


def test_thousands_of_columns_refuse_the_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan())
    more = ",".join(f"c{number}" for number in range(3000))
    with pytest.raises(MonitorError, match="at most 2000 columns"):
        desk.deliver(f"study_id,{more}\n")
    rows = json.dumps({f"c{number}": 1 for number in range(3000)})
    with pytest.raises(MonitorError, match="at most 2000 columns"):
        desk.deliver(rows, "log.jsonl")


def test_a_header_that_ran_into_the_first_row_shows_none_of_its_cells(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan())
    with pytest.raises(MonitorError) as refused:
        desk.deliver("study_id,Patient-ID,site,predicted_at,model_version,scoreS1,QUOKKA-1,north\n")
    assert "QUOKKA" not in str(refused.value)
    assert "'Patient-ID'" in str(refused.value)
    assert "unknown names in columns 6, 7, 8" in str(refused.value)
