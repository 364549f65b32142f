"""Which files are read, how their lines are counted, and which files are refused."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from pathlib import Path

import pytest

from monitor import store
from monitor.errors import IngestError, PlanError
from monitor.store import lines
from monitor.store.contract import layout
from tests.build_plan import DROP, make_plan
from tests.evidence import flipped
from tests.ingesting import PREDICTIONS, RECEIVED, Desk, prediction


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_plan())


def lines_refused(desk: Desk) -> list[tuple[int, str]]:
    return [(row["line"], row["reason"]) for row in desk.rejected()]


def stored_lines(desk: Desk) -> list[int]:
    return [line for (line,) in desk.query("SELECT line FROM predictions ORDER BY line")]


def test_a_broken_line_never_swallows_its_neighbours(desk: Desk) -> None:
    content = b"\n".join(
        [
            PREDICTIONS.encode(),
            prediction("S2").encode(),
            b"",
            b'"S4,P1,north,2026-03-01,m1,0.5,60,PA',
            prediction("S5").encode(),
            b"S6\xff,P1,north,2026-03-01,m1,0.5,60,PA",
            b"S7\x00,P1,north,2026-03-01,m1,0.5,60,PA",
            b"   ",
            b"S9,P1,north",
            b"S10,P1,nor\rth,2026-03-01,m1,0.5,60,PA",
            b'S11,P1,"north",2026-03-01,m1,0.5,60,PA',
            b"",
            prediction("S13").encode(),
        ]
    )
    report = desk.deliver(content)
    assert (report.rows_read, report.stored, report.rejected, report.blank_lines) == (9, 4, 5, 3)
    assert stored_lines(desk) == [2, 5, 11, 13]
    assert lines_refused(desk) == [
        (4, "malformed_quote"),
        (6, "invalid_utf8"),
        (7, "nul_byte"),
        (9, "wrong_field_count"),
        (10, "control_character"),
    ]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64, 1000])
def test_where_the_copying_blocks_end_does_not_matter(
    desk: Desk, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", block)
    first, long = prediction("S1"), prediction("S" * (lines.LONGEST_LINE_BYTES + 9))
    text = f'\ufeff{PREDICTIONS}\r\n{first}\r\n\r\n {prediction("S4")}\r\n"bad\r\n{prediction("S6")} \n'
    report = desk.deliver(text + (f"{long}\n{prediction('S8')}" if block >= 1000 else prediction("S7")))
    assert (report.stored, report.blank_lines) == (4, 1)
    assert stored_lines(desk) == ([2, 4, 6, 8] if block >= 1000 else [2, 4, 6, 7])
    assert desk.query("SELECT DISTINCT covariate_view FROM predictions") == [("PA",)]
    plain = desk.deliver(f"{PREDICTIONS}\n{prediction('T1')}\n {prediction('S4')}\n")
    assert (plain.stored, plain.duplicates) == (1, 1)


def test_quoted_fields_may_hold_commas_and_quotes(desk: Desk) -> None:
    report = desk.predictions('S1,P1,"St. Mary, ""North""",2026-03-01,m1,0.5,60,PA')
    assert report.stored == 1
    assert desk.query("SELECT site FROM predictions") == [('St. Mary, "North"',)]


def test_a_quote_inside_a_plain_field_is_a_character(desk: Desk) -> None:
    desk.predictions('S1,P1,5" ward,2026-03-01,m1,0.5,60,PA')
    assert desk.query("SELECT site FROM predictions") == [('5" ward',)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_and_byte_order_marks_do_not_matter(desk: Desk, end: str, mark: str, last: str) -> None:
    text = mark + end.join([PREDICTIONS, prediction("S1"), "", prediction("S2")]) + (end if last else "")
    report = desk.deliver(text)
    assert (report.stored, report.blank_lines) == (2, 1)
    assert stored_lines(desk) == [2, 4]


def test_mixed_line_ends(desk: Desk) -> None:
    report = desk.deliver(
        f"{PREDICTIONS}\r\n{prediction('S1')}\n{prediction('S2')}\r\n\r\n\n{prediction('S3')}\r"
    )
    assert (report.stored, report.blank_lines) == (3, 2)
    assert stored_lines(desk) == [2, 3, 6]


def test_columns_are_found_by_name_whatever_their_order(desk: Desk) -> None:
    desk.predictions(
        "0.5,m1,2026-03-01,PA,north,60,P1,S1",
        header="score,model_version,predicted_at,view,site,age,patient_id,study_id",
    )
    assert desk.query("SELECT site, score, covariate_age FROM predictions") == [("north", 0.5, 60.0)]


def test_columns_the_plan_does_not_map_are_ignored_and_counted(desk: Desk) -> None:
    report = desk.predictions(prediction() + ",x,y", header=PREDICTIONS + ",scanner,")
    assert (report.stored, dict(report.notes)) == (1, {"ignored_columns": 2})


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (PREDICTIONS.replace("score", "risk"), r"'score'.*expected.*found"),
        (PREDICTIONS.replace(",age", ",years"), r"'age'.*expected.*found"),
        (PREDICTIONS + ",score", "columns 6 and 9: expected different names"),
        ("", "empty"),
        ('"study_id,patient_id', "unreadable"),
        (PREDICTIONS.replace(",", ";"), "expected"),
    ],
)
def test_a_header_that_does_not_fit_refuses_the_file(desk: Desk, header: str, message: str) -> None:
    with pytest.raises(IngestError, match=message) as refused:
        desk.predictions(prediction(), header=header)
    assert "predictions.csv" in str(refused.value)
    assert desk.query("SELECT count(*) FROM batches") == [(0,)]


def test_an_empty_file_is_refused(desk: Desk) -> None:
    with pytest.raises(IngestError, match="header"):
        desk.deliver("")


def test_a_header_alone_is_a_batch_without_rows(desk: Desk) -> None:
    report = desk.deliver(PREDICTIONS)
    assert (report.rows_read, report.archive_sha256) == (0, None)
    assert report.reconciles()


def test_the_role_is_inferred_from_the_header(desk: Desk) -> None:
    assert desk.predictions(prediction()).role == "predictions"
    assert desk.outcomes("S1,north,1,2026-03-05").role == "outcomes"


def test_a_header_that_fits_both_logs_needs_a_role(desk: Desk) -> None:
    text = f"{PREDICTIONS},outcome,observed_at\n{prediction()},1,2026-03-05\n"
    with pytest.raises(IngestError, match="both logs"):
        desk.deliver(text)
    assert desk.deliver(text, role="outcomes").role == "outcomes"


def test_outcomes_without_a_site_need_globally_unique_study_ids() -> None:
    plan = make_plan(logs__outcomes__columns__site=DROP)
    with pytest.raises(PlanError, match="study_id_globally_unique"):
        layout(plan, "outcomes")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "A.CSV"])
def test_csv_plain_or_compressed(desk: Desk, name: str) -> None:
    assert desk.deliver(f"{PREDICTIONS}\n{prediction()}\n", name).stored == 1


def as_json(line: str) -> str:
    return json.dumps(dict(zip(PREDICTIONS.split(","), line.split(","), strict=True)))


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz"])
def test_json_lines_with_bad_lines_between(desk: Desk, name: str) -> None:
    good = json.loads(as_json(prediction("S1")))
    lines = [
        json.dumps({**good, "score": 0.5, "age": 61}),
        "{",
        "[1, 2]",
        "null",
        "",
        json.dumps({**good, "study_id": "S6", "site": {"name": "north"}}),
        json.dumps({**good, "study_id": "S7", "score": None}),
        '{"score": 0.1, ' + as_json(prediction("S8"))[1:],
        json.dumps({**good, "study_id": "S9", "more": [1]}),
        json.dumps({name: value for name, value in good.items() if name != "score"} | {"study_id": "S10"}),
        json.dumps({**good, "study_id": "S11", "score": True}),
    ]
    report = desk.deliver("\n".join(lines), name)
    assert (report.rows_read, report.stored, report.blank_lines) == (10, 2, 1)
    assert report.reasons == {
        "duplicate_key": 1,
        "invalid_json": 1,
        "missing_score": 2,
        "nested_value": 1,
        "not_an_object": 2,
        "score_not_a_number": 1,
    }
    assert stored_lines(desk) == [1, 9]
    assert desk.query("SELECT covariate_age, score FROM predictions ORDER BY line")[0] == (61.0, 0.5)


def parquet(desk: Desk, select: str) -> Path:
    import duckdb

    path = desk.folder / "log.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)").fetchall()
    return path


GOOD_PARQUET = (
    "SELECT 'S' || i AS study_id, i AS patient_id, 'north' AS site, DATE '2026-03-01' AS predicted_at, "
    "'m1' AS model_version, i / 10 AS score, 60 AS age, 'PA' AS view FROM range(12) t(i)"
)


def test_parquet_of_any_column_types_passes_the_same_rules(desk: Desk) -> None:
    report = desk.ingest(parquet(desk, GOOD_PARQUET))
    assert (report.rows_read, report.stored, dict(report.reasons)) == (12, 11, {"score_out_of_range": 1})
    assert lines_refused(desk) == [(12, "score_out_of_range")]


@pytest.mark.parametrize("space", [" ", "\t", "\u00a0"])
@pytest.mark.parametrize("column", ["study_id", "patient_id", "site", "model_version", "view"])
def test_white_space_around_a_cell_of_parquet_says_nothing(desk: Desk, column: str, space: str) -> None:
    desk.ingest(parquet(desk, GOOD_PARQUET))
    for padded in (f"{column} || '{space}'", f"'{space}' || {column}"):
        delivered = f"SELECT * REPLACE (CASE i WHEN 7 THEN {padded} ELSE {column}::VARCHAR END AS {column}) "
        report = desk.ingest(
            parquet(desk, f"{delivered} FROM ({GOOD_PARQUET.replace('SELECT', 'SELECT i,')})")
        )
        assert (report.duplicates, report.rejected) == (11, 1)


def test_parquet_timestamps_at_midnight_are_days(desk: Desk) -> None:
    assert desk.ingest(parquet(desk, GOOD_PARQUET.replace("DATE '", "TIMESTAMP '"))).stored == 11


def test_a_nested_parquet_column_refuses_its_rows(desk: Desk) -> None:
    report = desk.ingest(parquet(desk, GOOD_PARQUET.replace("'north'", "['north']")))
    assert report.reasons == {"nested_value": 12}


def test_the_archive_keeps_the_order_of_the_lines(desk: Desk) -> None:
    import duckdb

    report = desk.predictions(*(prediction(f"S{number // 2}") for number in range(300_000)))
    assert (report.stored, report.duplicates) == (150_000, 150_000)
    with duckdb.connect(":memory:") as connection:
        archived = f"read_parquet('{next((desk.workspace / 'archive').iterdir())}')"
        lines = connection.execute(f"SELECT line FROM {archived}").fetchall()
    assert lines == [(line,) for line in range(2, 300_002, 2)]


def test_a_damaged_parquet_file_is_refused(desk: Desk) -> None:
    with pytest.raises(IngestError):
        desk.deliver(b"PAR1 nothing PAR1", "log.parquet")


def harm(content: bytes) -> int:
    """0: a sound file; 1: refused; 2: DuckDB fails so that nothing in that session works any more.

    Which bytes do the last depends on DuckDB's release, and some releases know none.
    """
    import duckdb

    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as connection:
        Path(file.name).write_bytes(content)
        try:
            connection.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM '{file.name}'").fetchall()
        except duckdb.InternalException:
            return 2
        except duckdb.Error:
            return 1
    return 0


def test_a_parquet_file_that_ends_a_session_does_not_end_the_stores(desk: Desk) -> None:
    """One bit of a size in the footer makes it negative."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = desk.folder / "log.parquet"
    columns = {"study_id": ["S1"] * 20, "site": ["north"] * 20, "outcome": ["1"] * 20}
    pq.write_table(pa.table(columns), whole, compression="none", use_dictionary=False, write_statistics=False)
    content = whole.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    flips = (flipped(content, position) for position in range(footer, len(content) - 8))
    worst = max(flips, key=harm)
    assert harm(worst) > 0
    damaged = desk.file(worst, "damaged.parquet")
    sound = desk.file("\n".join([PREDICTIONS, prediction("S1")]) + "\n")
    with desk.open() as opened:
        with pytest.raises(IngestError, match="cannot be read"):
            opened.ingest(damaged, received_on=RECEIVED, record=desk.record)
        assert opened.ingest(sound, received_on=RECEIVED, record=desk.record).stored == 1


@pytest.mark.parametrize("name", ["log.xlsx", "log", "log.csv.zip"])
def test_unknown_formats_are_refused(desk: Desk, name: str) -> None:
    with pytest.raises(IngestError, match="expected a name ending in"):
        desk.deliver(PREDICTIONS, name)


def test_links_folders_and_missing_files_are_refused(desk: Desk) -> None:
    real = desk.file(PREDICTIONS, "real.csv")
    (desk.folder / "link.csv").symlink_to(real)
    (desk.folder / "folder.csv").mkdir()
    os.mkfifo(desk.folder / "pipe.csv")
    for name in ("link.csv", "folder.csv", "pipe.csv", "absent.csv"):
        with pytest.raises(IngestError, match=name):
            desk.ingest(desk.folder / name)


def test_a_compression_bomb_is_refused(desk: Desk) -> None:
    path = desk.folder / "bomb.csv.gz"
    with gzip.open(path, "wb") as bomb:
        for _ in range(70):
            bomb.write(b"0" * (1 << 20))
    with pytest.raises(IngestError, match="beyond reason"):
        desk.ingest(path)


@pytest.mark.parametrize("damage", ["cut", "text"])
def test_damaged_gzip_is_refused(desk: Desk, damage: str) -> None:
    whole = gzip.compress(f"{PREDICTIONS}\n{prediction()}\n".encode() * 50)
    path = desk.folder / "log.csv.gz"
    path.write_bytes(whole[:-20] if damage == "cut" else b"study_id,patient_id\n")
    with pytest.raises(IngestError, match="gzip"):
        desk.ingest(path)


def test_gzip_of_several_members(desk: Desk) -> None:
    path = desk.folder / "log.csv.gz"
    path.write_bytes(gzip.compress(f"{PREDICTIONS}\n".encode()) + gzip.compress(prediction().encode()))
    assert desk.ingest(path).stored == 1


def test_a_line_beyond_the_limit_is_refused_alone(desk: Desk) -> None:
    long = prediction("S" * (3 << 20))
    report = desk.predictions(prediction("S1"), long, prediction("S2"), long)
    assert (report.stored, dict(report.reasons)) == (2, {"line_too_long": 2})
    assert stored_lines(desk) == [2, 4]


def test_ready_files_waits_for_unfinished_ones(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden.csv", "c.csv.part"):
        (tmp_path / name).write_text("x")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "done").mkdir()
    assert [path.name for path in store.ready_files(tmp_path)] == ["a.csv", "b.csv"]
    assert store.ready_files(tmp_path / "absent") == []


def test_ready_files_waits_for_growing_ones(tmp_path: Path) -> None:
    import threading
    import time

    growing = tmp_path / "growing.csv"
    growing.write_text("x")

    def grow() -> None:
        time.sleep(0.1)
        growing.write_text("xx")

    thread = threading.Thread(target=grow)
    thread.start()
    assert store.ready_files(tmp_path, look_seconds=0.5) == []
    thread.join()


def test_dry_run_shows_examples_and_writes_nothing(desk: Desk) -> None:
    bad = [prediction(f"S{i}", score="high") for i in range(7)]
    before = desk.bytes_kept()
    shown = desk.dry_run("\n".join([PREDICTIONS, *bad, "S9,P1", prediction("S10", at="")]))
    assert shown.report.reasons == {"missing_time": 1, "score_not_a_number": 7, "wrong_field_count": 1}
    assert [e.line for e in shown.examples["score_not_a_number"]] == [2, 3, 4, 5, 6]
    assert shown.examples["score_not_a_number"][0].value_class == "one word"
    assert shown.examples["score_not_a_number"][0].column == "score"
    assert shown.examples["missing_time"][0].value_class == "empty"
    assert shown.examples["wrong_field_count"][0].column is None
    assert desk.query("SELECT count(*) FROM batches") == [(0,)]
    assert list((desk.workspace / "archive").iterdir()) == list((desk.workspace / "rejected").iterdir()) == []
    assert len(desk.bytes_kept()) == len(before)


def test_a_store_key_must_be_long_enough(desk: Desk) -> None:
    with pytest.raises(ValueError, match="16 bytes"), store.open_store(desk.workspace, desk.plan, b"short"):
        pass
