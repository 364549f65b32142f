"""A dossier made again is the one on record, letter by letter, whatever happened since; or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor import documentation
from monitor.errors import EvidenceError, UsageError
from monitor.hashing import sha256_file
from monitor.operation.reissue import reissue
from monitor.registry import read_chain
from tests.evidence import QUIET, Scene, bound, lived, shifted, undrawn

CHANGE = "CHG-0001"


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with undrawn():
        return lived(bound(tmp_path_factory.mktemp("reissue"), shifted("Harbour"), shifted("Market"), QUIET))


@pytest.fixture
def scene(lived_in: Scene, tmp_path: Path) -> Scene:
    return lived_in.copy(tmp_path / "workspace")


def recorded(scene: Scene, change: str = CHANGE) -> str:
    entries = [entry.body for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == "dossier"]
    return [body["sha256"] for body in entries if body["change"] == change][-1]


@pytest.mark.parametrize("change", [CHANGE, "CHG-0002"])
def test_a_lost_dossier_comes_back_as_it_was(scene: Scene, change: str) -> None:
    folder = scene.path / "dossiers" / change
    before, ledger = (folder / "dossier.json").read_bytes(), (scene.path / "ledger.jsonl").read_bytes()
    (folder / "dossier.json").unlink()
    (folder / "dossier.html").unlink()
    with undrawn():
        made = reissue(scene.path, change, key_file=scene.key)
    assert (made.found, made.sha256) == ("nothing", recorded(scene, change))
    assert (folder / "dossier.json").read_bytes() == before
    assert sha256_file(folder / "dossier.json") == recorded(scene, change)
    assert made.page.is_file()
    assert (scene.path / "ledger.jsonl").read_bytes() == ledger


def test_an_altered_dossier_is_put_back_and_the_difference_is_said(scene: Scene) -> None:
    file = scene.path / "dossiers" / CHANGE / "dossier.json"
    altered = json.loads(file.read_text())
    altered["verdict"]["verdict"] = "reject"
    file.write_text(json.dumps(altered))
    with undrawn():
        made = reissue(scene.path, CHANGE, key_file=scene.key)
    assert (made.found, made.differences) == ("another file", ("verdict verdict",))
    assert sha256_file(file) == recorded(scene)
    with undrawn():
        assert reissue(scene.path, CHANGE, key_file=scene.key).found == "as on record"


def test_another_content_is_refused_by_name_and_nothing_is_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a later version of the program words a dossier otherwise."""
    made = documentation.dossier

    def reworded(*arguments: object) -> dict[str, object]:
        found = made(*arguments)  # type: ignore[arg-type]
        return {**found, "document": {**found["document"], "software": "pccp-monitor 9.9"}}

    monkeypatch.setattr(documentation, "dossier", reworded)
    folder = scene.path / "dossiers" / CHANGE
    before = {file: file.read_bytes() for file in folder.glob("dossier.*")}
    with pytest.raises(
        EvidenceError, match=r'document software: recorded .*, re-derived "pccp-monitor 9\.9"'
    ):
        reissue(scene.path, CHANGE, key_file=scene.key)
    assert {file: file.read_bytes() for file in folder.glob("dossier.*")} == before
    (folder / "dossier.json").unlink()
    with pytest.raises(EvidenceError, match=f"on record is {recorded(scene)[:12]}.*\n.*is not there"):
        reissue(scene.path, CHANGE, key_file=scene.key)
    assert not (folder / "dossier.json").exists()


def test_what_was_never_documented_cannot_be_made_again(scene: Scene) -> None:
    with pytest.raises(UsageError, match="no such change; there are CHG-0001, CHG-0002"):
        reissue(scene.path, "CHG-0009", key_file=scene.key)
