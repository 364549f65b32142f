"""The weekly packet: one page read in a minute, files that hash as listed, and none overwritten."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pypdf
import pytest

from flows import cli
from monitor.documentation.packet.printed import MOST, printed
from monitor.hashing import sha256_file
from monitor.operation.packets import write_packet
from monitor.operation.people.decisions import decide
from tests.evidence import ROLES, Scene, bound, deliver, shifted, undrawn

NIGHT, FIRST, SECOND = 40, date(2026, 2, 12), date(2026, 2, 19)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Two sites with an accepted change each, of which nobody has signed one."""
    with undrawn():
        scene = bound(tmp_path_factory.mktemp("packet"), shifted("Harbour"), shifted("<b>Market</b>"))
        deliver(scene, 0, NIGHT)
    return scene


@pytest.fixture
def scene(lived_in: Scene, tmp_path: Path) -> Scene:
    return lived_in.copy(tmp_path / "workspace")


def packet(scene: Scene, today: date) -> dict[str, Any]:
    return write_packet(scene.path, today=today).summary


def decline(scene: Scene) -> None:
    with undrawn():
        decide(
            scene.path, "CHG-0002", "declined", scene.who(ROLES[0]), meaning="a recall", key_file=scene.key
        )


def text_of(folder: Path) -> str:
    pages = pypdf.PdfReader(folder / "summary.pdf").pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def test_one_page_says_who_needs_attention_and_what_waits(scene: Scene) -> None:
    made = write_packet(scene.path, today=FIRST)
    assert made.folder == scene.path.resolve() / "packets" / "2026-W07"
    shown = text_of(made.folder)
    assert "2 of 2 places have an alarm" in shown
    assert "<b>Market</b> · pneumothorax" in shown
    assert re.search(r"CHG-0001 .* clinical_lead: 0 of 1", shown)
    assert made.summary["freshness"]["missed_nights"] == (FIRST - last_night(made.summary)).days - 1
    assert f"Missed nights {made.summary['freshness']['missed_nights']}" in shown
    since = made.summary["since"]
    assert (since["packet"], since["from"]) == (None, "2026-02-05")
    assert since["nights"] == (last_night(made.summary) - date.fromisoformat(since["from"])).days + 1


def last_night(summary: dict[str, Any]) -> date:
    return date.fromisoformat(summary["freshness"]["last_night"])


def test_every_file_is_in_the_manifest_by_its_hash(scene: Scene) -> None:
    folder = write_packet(scene.path, today=FIRST).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert there == {*manifest["files"], "manifest.json"}
    assert all(sha256_file(folder / name) == digest for name, digest in manifest["files"].items())
    ledger = (scene.path / "ledger.jsonl").read_text().splitlines()
    assert manifest["ledger"]["hash"] == json.loads(ledger[-1])["hash"]
    assert not list((scene.path / "packets").glob(".*"))


def test_links_of_its_pages_lead_into_the_packet(scene: Scene) -> None:
    folder = write_packet(scene.path, today=FIRST).folder
    links = [
        (page, href)
        for page in (folder / "review").glob("*.html")
        for href in re.findall(r'href="([^"#]+)', page.read_text())
    ]
    assert any(href.startswith("../dossiers/") for _, href in links)
    assert all((page.parent / href).resolve().is_relative_to(folder) for page, href in links)
    assert [href for page, href in links if not (page.parent / href).is_file()] == []


def test_the_same_state_is_the_same_packet_and_another_stands_beside_it(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["review", str(scene.path), "--packet", "--as-of", FIRST.isoformat()]
    assert cli.run(command) == 0
    assert "packet 2026-W07 written" in capsys.readouterr().out
    before = (scene.path / "packets" / "2026-W07" / "manifest.json").read_bytes()
    assert cli.run(command) == 0
    assert "packet 2026-W07 is there already" in capsys.readouterr().out
    decline(scene)
    assert cli.run(command) == 0
    said = capsys.readouterr().out
    assert "of another state, and left as they are: 2026-W07\n" in said
    assert "packet 2026-W07-2 written" in said
    assert (scene.path / "packets" / "2026-W07" / "manifest.json").read_bytes() == before
    assert cli.run(command) == 0
    assert "packet 2026-W07-2 is there already" in capsys.readouterr().out


def test_what_changed_is_counted_from_the_packet_before(scene: Scene) -> None:
    packet(scene, FIRST)
    assert packet(scene, SECOND)["since"] == {
        "packet": "2026-W07",
        "from": FIRST.isoformat(),
        "nights": 0,
        "files": 0,
        "rows_read": 0,
        "rejected": 0,
        "entries": [],
    }
    decline(scene)
    since = packet(scene, date(2026, 2, 26))["since"]
    assert since["packet"] == "2026-W08"
    assert [entry["kind"] for entry in since["entries"]] == ["declined"]


def test_a_day_before_the_last_night_is_refused(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["review", str(scene.path), "--packet", "--as-of", "2026-01-15"]) == 2
    assert "lies before the last finished night" in capsys.readouterr().err
    assert not (scene.path / "packets").exists()


def test_many_rows_stay_few_on_paper_and_say_how_many_there_are(scene: Scene) -> None:
    found = packet(scene, FIRST)
    many = {**found, "attention": found["attention"] * 50, "waiting": found["waiting"] * 50}
    blocks = dict(printed(many))
    table, more = blocks["Needs attention"]
    assert len(table.rows) == MOST["attention"]
    assert more.text == f"And {len(many['attention']) - MOST['attention']} more in the review pages."
    quiet = {**found, "attention": [], "waiting": [], "rollbacks": []}
    assert dict(printed(quiet))["Needs attention"][0].text == "No place has an alarm or is on watch."
