"""What readers open: the live file's bytes each time, whoever reads, copies or dies meanwhile."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from monitor.store import copying
from monitor.store.connection import Session, run, session
from monitor.store.copying import PIECE_BYTES, Changes, publish_copy, stamp
from monitor.store.live import LiveFile


def refuse(number: int) -> Any:
    def called(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return called


@pytest.fixture
def no_clones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "ioctl", refuse(errno.EOPNOTSUPP))


def leases(folder: Path) -> bool:
    """Whether this file system tells that nobody else has a file open."""
    probe = folder / "probe"
    probe.touch()
    with probe.open("r+b") as handle:
        try:
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            return False
    return True


class Scene:
    """A live database, published after every change."""

    def __init__(self, folder: Path, rows: int = 60_000) -> None:
        self.live, self.snapshot = folder / "live.duckdb", folder / "snapshot.duckdb"
        self.spare = folder / ("snapshot.duckdb" + copying.SPARE)
        self.change(
            f"CREATE TABLE rows AS SELECT range AS n, hash(range) AS h, '' AS note FROM range({rows})"
        )

    def change(self, statement: str) -> None:
        with duckdb.connect(str(self.live)) as connection:
            connection.execute(statement)

    def publish(self) -> int:
        """The inode that readers get."""
        publish_copy(self.live, self.snapshot)
        assert self.snapshot.read_bytes() == self.live.read_bytes()
        return self.snapshot.stat().st_ino

    def night(self, number: int) -> int:
        self.change(
            f"INSERT INTO rows SELECT range, hash(range), 'night {number}' FROM range({number * 500})"
        )
        return self.publish()


@pytest.mark.usefixtures("no_clones")
def test_two_files_take_turns_and_only_changed_blocks_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path)
    first, second = scene.publish(), scene.night(1)
    assert first != second
    written: list[int] = []
    write = copying._write  # pyright: ignore[reportPrivateUsage]

    def counted(target: int, piece: memoryview, at: int) -> None:
        written.append(len(piece))
        write(target, piece, at)

    monkeypatch.setattr(copying, "_write", counted)
    third, fourth = scene.night(2), scene.night(3)
    pieces = scene.live.stat().st_size // PIECE_BYTES
    if leases(tmp_path):
        assert (third, fourth) == (first, second)
        assert 0 < len(written) < 2 * pieces
    else:
        assert not written
    with duckdb.connect(str(scene.snapshot), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM rows").fetchall() == [(63_000,)]


@pytest.mark.usefixtures("no_clones")
def test_many_changes_of_all_kinds_are_copied_byte_for_byte(tmp_path: Path) -> None:
    scene, chance = Scene(tmp_path), random.Random(4)
    kinds = (
        "DELETE FROM rows WHERE n % 7 = {0} % 7",
        "UPDATE rows SET note = 'changed {0}' WHERE n % 50 = {0} % 50",
        "INSERT INTO rows SELECT range, hash(range + {0}), repeat('x', {0} % 300) FROM range(9000)",
        "CREATE OR REPLACE TABLE other AS SELECT range * {0} AS n FROM range(50000)",
        "DROP TABLE IF EXISTS other",
    )
    for number in range(25):
        scene.change(chance.choice(kinds).format(number))
        scene.publish()


@pytest.mark.usefixtures("no_clones")
def test_a_reader_goes_on_to_read_what_it_opened(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    opened = scene.publish()
    script = (
        "import duckdb, sys\n"
        f"with duckdb.connect({str(scene.snapshot)!r}, read_only=True) as connection:\n"
        "    print('open', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    print(connection.execute('SELECT count(*), bit_xor(h) FROM rows').fetchall())\n"
    )
    with duckdb.connect(str(scene.snapshot), read_only=True) as connection:
        expected = connection.execute("SELECT count(*), bit_xor(h) FROM rows").fetchall()
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin
        assert reader.stdout
        assert reader.stdout.readline() == "open\n"
        assert opened not in {scene.night(number) for number in range(1, 5)}
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.read() == f"{expected}\n"


@pytest.mark.usefixtures("no_clones")
def test_a_copying_backup_and_one_by_hard_links_keep_their_bytes(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.publish()
    before = scene.snapshot.read_bytes()
    (tmp_path / "backup").hardlink_to(scene.snapshot)
    for number in (1, 2, 3):
        scene.night(number)
    assert (tmp_path / "backup").read_bytes() == before
    (tmp_path / "backup").unlink()
    now = scene.snapshot.read_bytes()
    with scene.snapshot.open("rb") as backup:
        for number in (4, 5, 6):
            scene.night(number)
        assert backup.read() == now


@pytest.mark.usefixtures("no_clones")
@pytest.mark.parametrize(
    "planted", ["nothing", "empty", "cut", "short", "long", "noise", "a link", "a folder", "two names"]
)
def test_whatever_stands_in_the_spares_place_readers_get_the_live_bytes(tmp_path: Path, planted: str) -> None:
    scene = Scene(tmp_path)
    scene.publish()
    scene.night(1)
    content = scene.live.read_bytes()
    scene.spare.unlink()
    other = tmp_path / "other"
    if planted == "empty":
        scene.spare.touch()
    elif planted == "cut":
        scene.spare.write_bytes(content[: -PIECE_BYTES // 2])
    elif planted == "short":
        scene.spare.write_bytes(content[:PIECE_BYTES])
    elif planted == "long":
        scene.spare.write_bytes(content + os.urandom(3 * PIECE_BYTES))
    elif planted == "noise":
        scene.spare.write_bytes(os.urandom(len(content)))
    elif planted == "a link":
        other.write_bytes(b"kept")
        scene.spare.symlink_to(other)
    elif planted == "two names":  # a crash before the fresh file had its name
        scene.spare.hardlink_to(scene.snapshot)
    elif planted == "a folder":
        scene.spare.mkdir()
        with pytest.raises(OSError, match=r"directory|permitted"):
            scene.night(2)
        scene.spare.rmdir()
    before = scene.snapshot.stat().st_ino
    assert scene.night(3) != before
    assert scene.night(4)
    if planted == "a link":
        assert other.read_bytes() == b"kept"


@pytest.mark.usefixtures("no_clones")
def test_a_copy_that_broke_off_is_not_taken_for_a_spare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path)
    scene.publish()
    scene.night(1)
    readers = scene.snapshot.read_bytes()
    monkeypatch.setattr(copying, "_write", refuse(errno.ENOSPC))
    monkeypatch.setattr("shutil.copyfile", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        scene.night(2)
    assert scene.snapshot.read_bytes() == readers
    monkeypatch.undo()
    monkeypatch.setattr(fcntl, "ioctl", refuse(errno.EOPNOTSUPP))
    scene.publish()


@pytest.mark.usefixtures("no_clones")
@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES - 1])
def test_files_of_any_length_are_copied(tmp_path: Path, size: int) -> None:
    live, snapshot = tmp_path / "live", tmp_path / "snapshot"
    for content in (os.urandom(size), os.urandom(size // 2), os.urandom(2 * size), b"x" * size, b""):
        live.write_bytes(content)
        publish_copy(live, snapshot)
        assert snapshot.read_bytes() == content


@pytest.mark.usefixtures("no_clones")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rows SET h = CASE n WHEN 3 THEN {b} WHEN 900 THEN {a} ELSE h END",
        "UPDATE rows SET h = {number} WHERE n IN (3, 900)",
    ],
    ids=["two change places", "two equal ones change alike"],
)
def test_changes_that_leave_a_sum_without_order_are_seen(tmp_path: Path, change: str) -> None:
    """As the checksums of DuckDB's blocks are."""
    scene = Scene(tmp_path)
    scene.change("UPDATE rows SET h = n")
    a, b = 17, 23
    for number in range(12):
        scene.change(change.format(a=a, b=b, number=number))
        scene.publish()
        a, b = b, a


@pytest.mark.usefixtures("no_clones")
def test_where_the_system_has_no_leases_the_file_is_copied_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(fcntl, "F_SETLEASE", raising=False)
    scene = Scene(tmp_path)
    inodes = [scene.night(number) for number in (1, 2, 3)]
    assert not scene.spare.exists()
    assert all(before != after for before, after in itertools.pairwise(inodes))


def test_a_clone_needs_no_spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def clone(target: int, request: int, source: int) -> int:
        assert request == 0x40049409
        os.sendfile(target, source, 0, os.fstat(source).st_size)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", clone)
    scene = Scene(tmp_path)
    scene.spare.write_bytes(b"of a time before the clones")
    scene.night(1)
    scene.night(2)
    assert not scene.spare.exists()


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "ioctl", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        Scene(tmp_path).publish()


def test_who_opens_the_spare_meanwhile_waits_and_nobody_is_killed(tmp_path: Path) -> None:
    """The lease's own signal would end the process."""
    scene = Scene(tmp_path, rows=10)
    scene.spare.write_bytes(b"x")
    held = copying._alone(scene.spare)  # pyright: ignore[reportPrivateUsage]
    assert (held is not None) == leases(tmp_path)
    if held is None:
        return
    reader = subprocess.Popen([sys.executable, "-c", f"open({str(scene.spare)!r}).read()"])
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            reader.wait(1)
    finally:
        os.close(held)
    assert reader.wait(10) == 0
    assert signal.getsignal(signal.SIGURG) == signal.SIG_DFL


class Logged:
    """A live database that one session keeps, publishes and tells the changes of."""

    def __init__(self, folder: Path, connection: Session) -> None:
        self.path, self.connection = folder / "live.duckdb", connection
        self.snapshot = folder / "snapshot.duckdb"
        self.live = LiveFile(connection, self.path)
        self.live.attach()

    def do(self, *statements: str) -> None:
        for statement in statements:
            run(self.connection, statement)

    def publish(self) -> None:
        self.live.detach()
        try:
            publish_copy(self.path, self.snapshot, changes=self.live.changes())
            self.live.published()
        finally:
            assert self.snapshot.read_bytes() == self.path.read_bytes()
            self.live.attach()


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pieces of two files were compared, each time some were."""
    found: list[int] = []
    copy = copying._copy_pieces  # pyright: ignore[reportPrivateUsage]

    def counted(source: int, target: int, size: int, pieces: Any) -> None:
        found.append(len(list(pieces)))
        copy(source, target, size, pieces)

    monkeypatch.setattr(copying, "_copy_pieces", counted)
    return found


ROWS = "CREATE TABLE rows AS SELECT range AS n, hash(range) AS h, '' AS note FROM range(400000)"
MORE = "INSERT INTO rows SELECT range, hash(range), 'more' FROM range(500)"


@pytest.mark.usefixtures("no_clones")
def test_only_what_the_engine_wrote_is_looked_at(tmp_path: Path, compared: list[int]) -> None:
    with session(tmp_path) as connection:
        scene, chance = Logged(tmp_path, connection), random.Random(8)
        scene.do(ROWS)
        scene.publish()
        kinds = (
            MORE,
            "UPDATE rows SET note = 'changed {0}' WHERE n = {0}",
            "DELETE FROM rows WHERE n % 50 = {0}",
            "CREATE OR REPLACE TABLE other AS SELECT range * {0} AS n FROM range(500000)",
            "DROP TABLE IF EXISTS other",
            "CHECKPOINT store",
            "UPDATE rows SET h = CASE n WHEN 3 THEN {0} WHEN 900 THEN {0} ELSE h END",
        )
        for number in range(25):
            scene.do(*(chance.choice(kinds).format(number) for _ in range(chance.randint(0, 3))))
            scene.publish()
        scene.do(MORE)
        scene.publish()
        scene.do(MORE)
        compared.clear()
        scene.publish()
    if leases(tmp_path):
        assert len(compared) == 1
        assert 0 < compared[0] < scene.path.stat().st_size // PIECE_BYTES // 2


@pytest.mark.usefixtures("no_clones")
def test_a_session_goes_on_where_the_last_one_ended_but_not_after_another_program(
    tmp_path: Path, compared: list[int]
) -> None:
    def pieces() -> int:
        with session(tmp_path) as connection:
            scene = Logged(tmp_path, connection)
            compared.clear()
            scene.do(MORE)
            scene.publish()
            return sum(compared)

    with session(tmp_path) as connection:
        scene = Logged(tmp_path, connection)
        scene.do(ROWS)
        scene.publish()
    assert pieces() == 0
    few = pieces()
    with duckdb.connect(str(scene.path)) as other:
        other.execute("UPDATE rows SET h = CASE n WHEN 3 THEN 17 WHEN 900 THEN 17 ELSE h END").fetchall()
    again = pieces(), pieces(), pieces()
    if leases(tmp_path):
        every = scene.path.stat().st_size // PIECE_BYTES
        assert 0 < few < every // 2
        assert again[0] > every // 2
        assert again[1] > every // 2
        assert again[2] < every // 2


@pytest.mark.usefixtures("no_clones")
def test_a_write_that_no_log_tells_of_is_found_by_the_sums_of_the_blocks(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.publish()
    for number in range(1, 6):
        before = stamp(scene.live)
        assert before
        scene.change(f"UPDATE rows SET note = 'changed {number}' WHERE n % 50 = {number}")
        publish_copy(scene.live, scene.snapshot, changes=Changes(before, frozenset()))
        assert scene.snapshot.read_bytes() == scene.live.read_bytes()


@pytest.mark.usefixtures("no_clones")
def test_what_another_program_writes_while_a_copy_is_made_reaches_readers_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two words of a block change places, which its sum does not tell."""

    def swapped(fresh: Path, target: Path) -> None:
        published(fresh, target)
        content, told = scene.path.read_bytes(), changes.pieces if changes else frozenset[int]()
        quiet = (n for n in range(PIECE_BYTES, len(content), 16) if n // PIECE_BYTES not in told)
        words = (n for n in quiet if (n - 12_288) % PIECE_BYTES >= 16)  # beyond the sum of their block
        at = next(n for n in words if content[n : n + 8] != content[n + 8 : n + 16])
        with scene.path.open("r+b") as file:
            file.seek(at)
            file.write(content[at + 8 : at + 16] + content[at : at + 8])

    with session(tmp_path) as connection:
        scene, published = Logged(tmp_path, connection), copying.publish
        scene.do(ROWS)
        for _ in range(3):
            scene.publish()
            scene.do(MORE)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(copying, "publish", swapped)
            scene.live.detach()
            changes = scene.live.changes()
            assert changes
            publish_copy(scene.path, scene.snapshot, changes=changes)
            scene.live.published()
        scene.live.attach()
        assert scene.snapshot.read_bytes() != scene.path.read_bytes()
        scene.publish()


@pytest.mark.usefixtures("no_clones")
def test_any_name_of_a_folder_will_do(tmp_path: Path) -> None:
    folder = tmp_path / 'a"b'
    folder.mkdir()
    for _ in range(4):
        with session(folder) as connection:
            scene = Logged(folder, connection)
            scene.do(ROWS.replace("CREATE", "CREATE OR REPLACE"), MORE)
            scene.publish()


@pytest.mark.usefixtures("no_clones")
@pytest.mark.parametrize(
    "planted",
    ["", "{", "[]", '{"stamps": 3, "lag": []}', '{"stamps": [[1], [2], [3]], "lag": []}', "of another file"],
)
def test_whatever_the_note_says_readers_get_the_live_bytes(tmp_path: Path, planted: str) -> None:
    note = tmp_path / ("snapshot.duckdb" + copying.LAG)
    with session(tmp_path) as connection:
        scene = Logged(tmp_path, connection)
        scene.do(ROWS)
        scene.publish()
        kept = note.read_text()
        for _ in range(4):
            scene.do(MORE)
            scene.publish()
            note.write_text(kept if planted == "of another file" else planted)


@pytest.mark.usefixtures("no_clones")
def test_what_could_not_be_published_is_published_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(tmp_path) as connection:
        scene = Logged(tmp_path, connection)
        scene.do(ROWS)
        for _ in range(3):
            scene.publish()
            scene.do(MORE)
        with monkeypatch.context() as full:
            full.setattr(copying, "publish", refuse(errno.ENOSPC))
            scene.live.detach()
            with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                publish_copy(scene.path, scene.snapshot, changes=scene.live.changes())
            scene.live.attach()
        for _ in range(3):
            scene.do("UPDATE rows SET note = 'later' WHERE n = 7")
            scene.publish()
