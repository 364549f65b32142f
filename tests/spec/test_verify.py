"""Nobody changes the past unseen: every file, number, signature and night is checked again."""

from __future__ import annotations

import random
import re
import shutil
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from monitor.errors import BusyError, EvidenceError
from monitor.hashing import sha256_file
from monitor.operation.evidence.evidence_files import examine_files, examine_plans
from monitor.operation.evidence.verify import verify
from monitor.operation.night import nightly
from monitor.operation.people.closure import record_deviation
from monitor.operation.people.decisions import decide
from monitor.operation.people.deployment import rollback
from monitor.operation.people.lifecycle import amend
from monitor.operation.workspace import open_workspace
from monitor.registry import Entry, fold, new_key, read_chain, sign_record
from monitor.registry.checkpoint import Checkpoint, seal, unseal
from monitor.registry.ledger import examine_chain
from tests import forgeries
from tests.evidence import Scene, contents, flip, flipped, forge, undrawn
from tests.forgeries import Bodies, bodies, cut, newest_checkpoint, without_databases

RANDOM_FLIPS = 2000


def told(path: Path, checkpoint: Path | None = None) -> list[str]:
    """What `verify` says does not hold, line by line."""
    with pytest.raises(EvidenceError) as caught:
        verify(path, checkpoint)
    return str(caught.value).splitlines()


def told_of_files(path: Path, checkpoint: Path | None = None) -> list[str]:
    """The first part of the same: what needs no derivation."""
    return [str(problem) for problem in examine_files(path, checkpoint).problems]


def tree(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_copy_at_another_path_holds_without_any_key_and_nothing_is_changed(
    lived_scene: Scene, tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere" / "copied"
    shutil.copytree(lived_scene.path, copy)
    before = tree(copy)
    found = verify(copy, newest_checkpoint(lived_scene.path))
    assert {name: text for name, text in tree(copy).items() if name != ".lock"} == {
        name: text for name, text in before.items() if name != ".lock"
    }
    assert found.entries == found.covered == found.kept_elsewhere == len(read_chain(copy / "ledger.jsonl"))
    assert (found.batches, found.dossiers, found.signatures, found.rounded) == (4, 3, 4, 0)
    assert found.nights == 58
    assert found.tables == 34
    assert found.unseen == "nothing is missing up to the checkpoint kept elsewhere"


def test_a_replay_with_simulated_approvals_and_the_end_of_its_log_is_derived_again(
    replayed_scene: Scene,
) -> None:
    entries = read_chain(replayed_scene.path / "ledger.jsonl")
    found = verify(replayed_scene.path)
    not_derived = {"bound", "batch", "dossier"}
    assert found.derived == sum(entry.kind not in not_derived for entry in entries)
    assert "deployed" in {entry.kind for entry in entries}
    assert entries[-1].kind == "dossier"
    assert "log_ended" in {entry.kind for entry in entries}
    assert "could not be told from a younger one" in found.unseen


def test_every_byte_of_a_checkpoint_counts(lived_scene: Scene, tmp_path: Path) -> None:
    checkpoint = newest_checkpoint(lived_scene.path)
    content = checkpoint.read_bytes()
    public = read_chain(lived_scene.path / "ledger.jsonl")[0].body["checkpoint_key"]
    assert unseal(content, public).entries == int(checkpoint.stem) + 1
    for position in range(len(content)):
        for mask in (1, 1 << position % 8):
            with pytest.raises(EvidenceError):
                unseal(flipped(content, position, mask), public)
    scene = lived_scene.copy(tmp_path / "copy")
    changed = newest_checkpoint(scene.path)
    changed.write_bytes(flipped(content, 40))
    assert told(scene.path)[0].startswith(f"checkpoints/{changed.name}: ")
    assert told_of_files(lived_scene.path, changed)[0].startswith(f"{changed}: ")


def test_every_byte_of_the_plan_counts(lived_scene: Scene, tmp_path: Path) -> None:
    scene = lived_scene.copy(tmp_path / "copy")
    entries = read_chain(scene.path / "ledger.jsonl")
    kept = scene.path / "plans" / f"{entries[0].body['plan']['sha256']}.yaml"
    whole = kept.read_bytes()
    assert (scene.path / "plan.yaml").read_bytes() == whole
    for position in range(len(whole)):
        for file in (kept, scene.path / "plan.yaml"):
            flip(file, position, 1 << position % 8)
        plans, problems = examine_plans(scene.path, entries)
        assert plans == {}
        assert [problem.where for problem in problems] == [f"plans/{kept.name}", "plan.yaml"], position
        for file in (kept, scene.path / "plan.yaml"):
            flip(file, position, 1 << position % 8)
    flip(scene.path / "plan.yaml", 0)
    assert told(scene.path)[0].startswith("plan.yaml: ledger entry 0 (bound) says sha256")


def test_random_bytes_of_the_ledger_count(lived_scene: Scene, tmp_path: Path) -> None:
    scene, draw = lived_scene.copy(tmp_path / "copy"), random.Random(5)
    ledger = scene.path / "ledger.jsonl"
    content = ledger.read_bytes()
    for _ in range(RANDOM_FLIPS):
        position = draw.randrange(len(content))
        # The flipped line and its neighbours are enough: every line is checked by itself.
        start = content.rfind(b"\n", 0, position) + 1
        end = content.find(b"\n", content.find(b"\n", position) + 1) + 1 or len(content)
        mask = draw.randrange(1, 256)
        assert examine_chain(flipped(content[start:end], position - start, mask))[1], position
    for position, mask in ((content.find(b"\n"), 7), (len(content) - 1, 7), (100, 1)):
        ledger.write_bytes(flipped(content, position, mask))
        assert told(scene.path)[0].startswith("ledger.jsonl")
        assert told(scene.path)[-1] == "results: not derived again: ledger, plan and archive must hold first"


def test_random_bytes_of_an_archived_batch_or_a_dossier_count(lived_scene: Scene, tmp_path: Path) -> None:
    scene, draw = lived_scene.copy(tmp_path / "copy"), random.Random(6)
    archive = min((scene.path / "archive").glob("*.parquet"), key=lambda file: file.stat().st_size)
    dossier = scene.path / "dossiers" / "CHG-0001" / "dossier.json"
    assert told_of_files(scene.path) == []
    for file in (archive, dossier):
        content, name = file.read_bytes(), str(file.relative_to(scene.path))
        expected = sha256_file(file)
        for _ in range(RANDOM_FLIPS):
            position, mask = draw.randrange(len(content)), draw.randrange(1, 256)
            flip(file, position, mask)
            assert sha256_file(file) != expected
            flip(file, position, mask)
        flip(file, 100)
        assert [problem.where for problem in examine_files(scene.path).problems] == [name]
        file.write_bytes(content)
    dossier.unlink()
    assert told_of_files(scene.path)[0].startswith("dossiers/CHG-0001/dossier.json: named by ledger entry")


def test_a_removed_tail_is_seen_with_a_checkpoint_kept_elsewhere_and_only_with_one(
    lived_scene: Scene, tmp_path: Path
) -> None:
    elsewhere = shutil.copy(newest_checkpoint(lived_scene.path), tmp_path / "kept.json")
    scene = lived_scene.copy(tmp_path / "copy")
    cut(scene.path)
    found = verify(scene.path)
    assert found.tables == 0
    assert "could not be told from a younger one" in found.unseen
    told_by_it = told_of_files(scene.path, elsewhere)
    assert re.search(r"states \d+ entries, the ledger has \d+: its tail was cut off", told_by_it[0])
    shutil.copy(elsewhere, scene.path / "checkpoints" / newest_checkpoint(lived_scene.path).name)
    assert "its tail was cut off" in told_of_files(scene.path)[0]


def test_a_younger_history_and_another_key_do_not_fit_a_checkpoint_kept_elsewhere(
    lived_scene: Scene, tmp_path: Path
) -> None:
    elsewhere = shutil.copy(newest_checkpoint(lived_scene.path), tmp_path / "kept.json")
    scene = lived_scene.copy(tmp_path / "copy")
    forge(scene.path, lambda entries: [*bodies(entries)[:-1], ("note", "2026-03-01", {})])
    assert any("its history was replaced" in line for line in told_of_files(scene.path, elsewhere))
    stranger = tmp_path / "stranger.pem"
    new_key(stranger)
    entries = read_chain(lived_scene.path / "ledger.jsonl")
    head = Checkpoint(len(entries), entries[-1].hash, entries[0].body["plan"]["sha256"], None)
    elsewhere.write_bytes(seal(head, stranger))
    told_by_it = told_of_files(lived_scene.path, elsewhere)
    assert any("is not the key entry 0 lists" in line for line in told_by_it)


def test_swapped_entries_are_seen_with_and_without_new_hashes(replayed_scene: Scene, tmp_path: Path) -> None:
    scene = replayed_scene.copy(tmp_path / "copy")
    ledger = scene.path / "ledger.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join([*lines[:5], lines[6], lines[5], *lines[7:]]))
    assert "the chain is broken" in told(scene.path)[0]
    ledger.write_text("".join(lines))
    nights = [entry.sequence for entry in read_chain(ledger) if entry.kind == "night"]

    def swap(entries: list[Entry]) -> Bodies:
        found = bodies(entries)
        one, other = nights[3], nights[4]
        found[one], found[other] = found[other], found[one]
        return found

    forge(scene.path, swap)
    assert any("expected the night" in line for line in told(scene.path))


def test_a_forged_verdict_is_named_to_the_number_although_every_hash_was_computed_anew(
    lived_scene: Scene, tmp_path: Path
) -> None:
    scene = lived_scene.copy(tmp_path / "copy")

    def better(entries: list[Entry]) -> Bodies:
        found = bodies(entries)
        for kind, _, body in found:
            if kind == "verdict" and body["change"] == "CHG-0001":
                body["criteria"][0]["estimate"]["low"] += 0.125
        return found

    forge(scene.path, better)
    lines = told(scene.path)
    named = r"ledger entry \d+ \(verdict CHG-0001\): criteria \w+ estimate low: recorded -?[\d.]+, re-derived"
    assert sum(bool(re.match(named, line)) for line in lines) == 1
    assert any("(approval CHG-0001)" in line and "signs another record" in line for line in lines)
    assert any("(dossier CHG-0001): dossier.json made again has another hash" in line for line in lines)


@pytest.mark.parametrize(
    "name", [name for name in forgeries.ALL if name.startswith(("archived", "a margin"))]
)
def test_a_batch_or_a_plan_exchanged_with_every_hash_computed_anew_gives_other_results(
    lived_scene: Scene, tmp_path: Path, name: str
) -> None:
    scene = lived_scene.copy(tmp_path / "copy")
    forgeries.ALL[name].make(scene, tmp_path)
    assert told_of_files(scene.path) == []
    assert "recorded" in told(scene.path)[0] or "the evidence gives" in told(scene.path)[0]


def test_a_removed_alarm_and_a_removed_night_are_seen(replayed_scene: Scene, tmp_path: Path) -> None:
    scene = replayed_scene.copy(tmp_path / "one")
    forge(scene.path, lambda entries: bodies([entry for entry in entries if entry.kind != "alarm"]))
    lines = told(scene.path)
    assert any("the evidence gives alarm ALM-0001 here" in line for line in lines)
    scene = replayed_scene.copy(tmp_path / "other")
    nights = [entry for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == "night"]
    gone = next(one for one, after in pairwise(nights) if after.sequence == one.sequence + 1)
    forge(scene.path, lambda entries: bodies([entry for entry in entries if entry.hash != gone.hash]))
    assert any(f"expected the night {gone.body['night']}" in line for line in told(scene.path))


def test_an_approval_by_an_unlisted_key_or_by_nobody_is_seen(lived_scene: Scene, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    new_key(stranger)

    def resign(entries: list[Entry]) -> Bodies:
        found = bodies(entries)
        for number, (kind, at, body) in enumerate(found):
            if kind == "approval" and body["role"] == "quality_lead":
                left = {k: v for k, v in body.items() if k not in ("key_id", "signature")}
                found[number] = (kind, at, sign_record(left, stranger))
        return found

    scene = lived_scene.copy(tmp_path / "one")
    forge(scene.path, resign)
    unlisted = "not signed by a key that the plan lists for the role quality_lead"
    assert any(unlisted in line for line in told(scene.path))

    def simulate(entries: list[Entry]) -> Bodies:
        return [
            (kind, at, {**body, "simulated": True, "signature": None} if kind == "approval" else body)
            for kind, at, body in bodies(entries)
        ]

    scene = lived_scene.copy(tmp_path / "other")
    forge(scene.path, simulate)
    assert any("simulated in a workspace that is no replay" in line for line in told(scene.path))


def test_a_changed_database_or_snapshot_is_named_with_its_table(
    replayed_scene: Scene, tmp_path: Path
) -> None:
    scene = replayed_scene.copy(tmp_path / "copy")
    for name, statement in (
        ("monitor.duckdb", "UPDATE predictions SET score = score / 2 WHERE line = 7"),
        ("snapshot.duckdb", "UPDATE stream_state SET log_r_mixture = log_r_mixture - 1"),
    ):
        with duckdb.connect(str(scene.path / name)) as connection:
            connection.execute(statement)
    tables = [line.partition(" does not hold")[0] for line in told(scene.path)]
    assert tables == ["monitor.duckdb: table predictions", "snapshot.duckdb: table stream_state"]


def test_a_body_that_is_none_of_its_kind_is_named(replayed_scene: Scene, tmp_path: Path) -> None:
    for kind in ("batch", "night", "deployed", "dossier"):
        scene = replayed_scene.copy(tmp_path / kind)

        def hollow(entries: list[Entry], kind: str = kind) -> Bodies:
            return [(name, at, {} if name == kind else body) for name, at, body in bodies(entries)]

        forge(scene.path, hollow)
        assert told(scene.path)


def test_verify_waits_for_no_writer(replayed_scene: Scene, tmp_path: Path) -> None:
    scene = replayed_scene.copy(tmp_path / "copy")
    with open_workspace(scene.path, scene.key), pytest.raises(BusyError, match="being written by"):
        verify(scene.path)


def test_rollbacks_deviations_and_amended_plans_hold_too(lived_scene: Scene, tmp_path: Path) -> None:
    scene = lived_scene.copy(tmp_path / "copy")
    with undrawn():
        _live_on(scene, tmp_path / "amended.yaml")
    kinds = [entry.kind for entry in read_chain(scene.path / "ledger.jsonl")]
    assert {"rolled_back", "deviation", "amended"} <= set(kinds)
    found = verify(scene.path, newest_checkpoint(scene.path))
    signed = ("approval", "declined", "alarm_closed", "rolled_back", "deviation", "amended")
    assert (found.signatures, found.rounded) == (sum(kind in signed for kind in kinds), 0)
    before = contents(scene.path, tmp_path)
    without_databases(scene.path)
    with open_workspace(scene.path, scene.key):
        pass
    assert contents(scene.path, tmp_path) == before


def _live_on(scene: Scene, amended: Path) -> None:
    """A rollback, a deviation, a night, a refusal, a new version of the plan, and a night under it."""
    who, day = scene.who("quality_lead"), scene.made.complete_on
    site = fold(read_chain(scene.path / "ledger.jsonl")).changes["CHG-0001"].place.site
    rollback(scene.path, site, None, who, reason="a recall", key_file=scene.key)
    record_deviation(scene.path, "deviation", "a night was late", who, key_file=scene.key)
    nightly(scene.path, day + timedelta(days=1), key_file=scene.key)
    for change in fold(read_chain(scene.path / "ledger.jsonl")).changes_in("proposed"):
        decide(scene.path, change.id, "declined", who, meaning="an amendment follows", key_file=scene.key)
    text = (scene.path / "plan.yaml").read_text()
    edits = {
        "version: 1.0.0": "version: 1.1.0",
        "logit: 0.1,": "logit: 0.12,",
        "maturity_days: 14": "maturity_days: 21",
    }
    for old, new in edits.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    amended.write_text(text)
    amend(scene.path, amended, who, meaning="authorised", key_file=scene.key)
    nightly(scene.path, day + timedelta(days=2), key_file=scene.key)
