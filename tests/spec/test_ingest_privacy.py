"""No clear identifier stays in the workspace; the archive depends on the rows and the key alone."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from monitor import store
from monitor.errors import IngestError
from tests.build_plan import make_plan
from tests.ingesting import KEY, OUTCOMES, PREDICTIONS, RECEIVED, Desk, prediction

STUDY, PATIENT = "ACC-7731", "MRN-0042-ROSA"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_plan())


def test_the_clear_identifiers_are_nowhere_in_the_workspace(desk: Desk) -> None:
    desk.predictions(
        prediction(STUDY, PATIENT),
        prediction(STUDY, PATIENT, score="0.9"),
        prediction(STUDY, PATIENT, score="high"),
        prediction(STUDY, PATIENT) + "," + PATIENT,
        f'{STUDY},"{PATIENT}',
        f'"{STUDY}","{PATIENT}",north,2026-03-02,m1,7,60,PA',
        prediction(STUDY, "P", score=PATIENT),
    )
    desk.outcomes(f"{STUDY},north,1,2026-03-05", f"{STUDY},north,maybe,2026-03-05")
    kept = desk.bytes_kept()
    assert len(desk.rejected()) == 7
    for clear in (STUDY, PATIENT, "0042-ROSA"):
        assert clear.encode() not in kept
    assert not any((desk.workspace / ".staging").iterdir())


def test_unmapped_columns_are_not_kept_in_the_clear(desk: Desk) -> None:
    desk.predictions(prediction(score="x") + ",Rosa", header=PREDICTIONS + ",patient_name")
    (row,) = desk.rejected()
    assert row["fields"]["unmapped column 9"].startswith("keyed hash ")
    assert "patient_name" not in row["fields"]
    assert b"Rosa" not in desk.bytes_kept()


def test_a_rejected_row_names_file_line_column_and_reason(desk: Desk) -> None:
    report = desk.predictions(prediction(), prediction(STUDY, PATIENT, score="7"))
    (row,) = desk.rejected()
    assert (row["source_sha256"], row["line"], row["column"], row["reason"]) == (
        report.source_sha256,
        3,
        "score",
        "score_out_of_range",
    )
    assert row["fields"]["score"] == "7"
    assert row["fields"]["site"] == "north"
    assert row["fields"]["study_id"] == store.pseudonym(KEY, "study", STUDY)
    assert row["fields"]["patient_id"] == store.pseudonym(KEY, "patient", PATIENT)


def test_of_a_broken_line_only_length_and_keyed_hash_are_kept(desk: Desk) -> None:
    desk.predictions("S1,P1", '"open')
    short, quote = desk.rejected()
    assert short["fields"] is None
    assert short["remains"] == {"bytes": 5, "keyed_hash": store.pseudonym(KEY, "line", "S1,P1")}
    assert quote["remains"] == {"bytes": 5, "keyed_hash": store.pseudonym(KEY, "line", '"open')}


def test_pseudonyms_in_the_store_are_the_published_function(desk: Desk) -> None:
    desk.predictions(prediction(STUDY, "Müller\u00a0"))
    expected = (store.pseudonym(KEY, "study", STUDY), store.pseudonym(KEY, "patient", "Müller"))
    assert desk.query("SELECT study, patient FROM predictions") == [expected]


@pytest.mark.parametrize("length", [16, 64, 65, 200])
def test_keys_of_any_length_agree_between_sql_and_python(tmp_path: Path, length: int) -> None:
    desk = Desk(tmp_path, make_plan())
    key = bytes(range(length))
    with store.open_store(desk.workspace, desk.plan, key) as opened:
        opened.ingest(desk.file(f"{PREDICTIONS}\n{prediction()}"), received_on=RECEIVED, record=desk.record)
    assert desk.query("SELECT patient FROM predictions") == [(store.pseudonym(key, "patient", "P1"),)]


def test_a_patient_and_a_study_of_one_number_differ() -> None:
    assert store.pseudonym(KEY, "patient", "1") != store.pseudonym(KEY, "study", "1")


def test_research_ids_keep_the_study_but_never_the_patient(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan(logs__predictions__research_id=True))
    desk.predictions(prediction(STUDY, PATIENT))
    desk.outcomes(f"{STUDY},north,1,2026-03-05")
    assert desk.query("SELECT study FROM predictions UNION ALL SELECT study FROM outcomes") == [
        (STUDY,),
        (STUDY,),
    ]
    assert PATIENT.encode() not in desk.bytes_kept()


def test_readers_are_pseudonyms_in_store_archive_and_refused_rows(tmp_path: Path) -> None:
    """Who read a study is a person too; the same number as a patient's has another pseudonym."""
    desk = Desk(tmp_path, make_plan(logs__outcomes__columns__reader_id="reader"))
    desk.predictions(prediction(STUDY, PATIENT))
    desk.outcomes(
        f"{STUDY},north,1,2026-03-05, DR-NUMBAT ",
        f"{STUDY},north,0,2026-03-05,",
        f"{STUDY},north,maybe,2026-03-05,DR-NUMBAT",
        header=f"{OUTCOMES},reader",
    )
    reader = store.pseudonym(KEY, "reader", "DR-NUMBAT")
    assert desk.query("SELECT reader_id FROM outcomes ORDER BY line") == [(reader,), (None,)]
    (archived,) = desk.query("SELECT archive_sha256 FROM batches WHERE role = 'outcomes'")
    path = desk.workspace / "archive" / f"{archived[0]}.parquet"
    assert desk.query(f"SELECT reader_id FROM '{path}' ORDER BY line") == [(reader,), (None,)]
    (row,) = desk.rejected()
    assert row["fields"]["reader"] == reader
    assert b"NUMBAT" not in desk.bytes_kept()
    assert store.pseudonym(KEY, "patient", "DR-NUMBAT") != reader


def test_everything_written_is_for_the_owner_only(desk: Desk) -> None:
    desk.predictions(prediction(), prediction(score="7"))
    with desk.open() as opened:
        opened.publish_snapshot()
    for path in desk.workspace.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.parametrize(
    "content",
    [
        f"study_id,other\n{STUDY},{PATIENT}\n",
        f"{STUDY},{PATIENT},north\n",
        f"{STUDY},{PATIENT},{PATIENT}\n",
        f'"{STUDY},{PATIENT}\n',
    ],
)
def test_errors_do_not_show_cells_even_without_a_header(desk: Desk, content: str) -> None:
    with pytest.raises(IngestError) as refused:
        desk.deliver(content)
    assert PATIENT not in str(refused.value)
    assert STUDY not in str(refused.value)


def test_two_runs_with_one_key_give_the_same_archives(tmp_path: Path) -> None:
    digests: list[list[str | None]] = []
    for run in ("first", "second"):
        folder = tmp_path / run
        folder.mkdir()
        desk = Desk(folder, make_plan())
        lines = [prediction(f"S{i}", f"P{i % 40}", at=f"2026-03-{i % 28 + 1:02d}") for i in range(5000)]
        reports = [
            desk.predictions(*lines),
            desk.outcomes(*(f"S{i},north,{i % 2},2026-04-01" for i in range(4000))),
            desk.outcomes(*(f"S{i},north,{i % 3 % 2},2026-04-02" for i in range(4500))),
        ]
        digests.append([report.archive_sha256 for report in reports])
        shutil.rmtree(desk.workspace / "archive")
    assert digests[0] == digests[1]
    assert None not in digests[0]


def test_the_archive_is_named_by_its_hash_and_holds_the_accepted_rows(desk: Desk) -> None:
    from monitor.hashing import sha256_file

    report = desk.predictions(prediction(), prediction(), prediction("S2", score="7"))
    path = desk.workspace / "archive" / f"{report.archive_sha256}.parquet"
    assert sha256_file(path) == report.archive_sha256
    assert desk.query(f"SELECT score, line FROM '{path}'") == [(0.5, 2)]


def test_a_crash_leaves_no_copy_behind(desk: Desk) -> None:
    staging = desk.workspace / ".staging"
    (staging / "delivered.txt").write_text(PATIENT)
    (staging / "spill").mkdir(exist_ok=True)
    (staging / "spill" / "x.tmp").write_text(PATIENT)
    with desk.open():
        assert PATIENT.encode() not in desk.bytes_kept()


def test_nothing_outside_the_workspace_can_be_read(desk: Desk) -> None:
    import duckdb

    from monitor.store.connection import run, session

    outside = desk.file(f"{OUTCOMES}\n")
    with session(desk.workspace) as connection, pytest.raises(duckdb.PermissionException):
        run(connection, f"SELECT * FROM read_text('{outside}')")
