"""The separated copy of a CSV: whole blocks and single lines come to the same; no padded cell is missed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.store import fields
from monitor.store.fields import copy_fields, pick

KEY = b"a test key of thirty-two bytes!!"
SPACES = " \t\u00a0"
LINES = st.lists(
    st.one_of(
        st.lists(
            st.sampled_from(["", "a", " a", "a ", "\u00a0b", '"a"', '"a,b"', '"a""b"', "é"]),
            min_size=3,
            max_size=3,
        ).map(",".join),
        st.text(alphabet='a," \t\r\x00\x1f', max_size=6),
    ),
    max_size=8,
)


def copied(folder: Path, text: str) -> tuple[fields.Copy, list[str]]:
    source = folder / "log.csv"
    source.write_bytes(text.encode())
    made = copy_fields(source, folder / "copy.txt", KEY)
    return made, made.path.read_bytes().decode().split("\n")[:-1]


@settings(max_examples=200, deadline=None)
@given(lines=LINES)
def test_a_block_is_separated_as_its_lines_are(lines: list[str]) -> None:
    block = "".join(line + "\n" for line in lines).encode()
    separated = fields._separated(block, 3)
    if fields._rectangular(separated, fields._ends(separated), 3):
        assert separated == b"".join(fields._fields(line, 3, KEY) for line in block.split(b"\n")[:-1])


@settings(max_examples=100, deadline=None)
@given(lines=LINES)
def test_every_line_has_the_fields_of_the_header_and_no_padding_is_missed(
    lines: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    made, kept = copied(tmp_path_factory.mktemp("copy"), "\n".join(["x,y,z", *lines, "1,2,3"]) + "\n")
    cells = [line.split(fields.FIELDS) for line in kept]
    assert all(len(line) == 3 for line in cells)
    assert made.lines == len(kept) + 1
    padded = {place for line in cells for place, cell in enumerate(line) if cell != cell.strip(SPACES)}
    assert padded <= made.padded


def test_one_more_and_one_fewer_field_do_not_make_two_good_lines(tmp_path: Path) -> None:
    made, kept = copied(tmp_path, "x,y,z\n1,2,3\n1,2,3,4\n1,2\n5,6,7\n")
    assert [line.split(fields.BROKEN)[1:2] for line in kept] == [
        [],
        ["wrong_field_count"],
        ["wrong_field_count"],
        [],
    ]
    assert (made.marked, made.blank_lines, made.lines) == (True, 0, 5)


def test_a_quote_that_runs_over_a_line_end_spoils_its_line_alone(tmp_path: Path) -> None:
    _, kept = copied(tmp_path, 'x,y,z\n"1",2,3\n1,"2\n2",3,4\n5,6,7\n')
    assert [fields.BROKEN in line for line in kept] == [False, True, False, False]


def test_a_plain_file_needs_no_look_at_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise AssertionError("a line was looked at")

    monkeypatch.setattr(fields, "_fields", refuse)
    _, kept = copied(tmp_path, 'x,y,z\n1,2,3\n"a,b",é,\n')
    assert kept == ["1\x1f2\x1f3", "a,b\x1fé\x1f"]


@pytest.mark.parametrize("block", [4, 7, 1 << 20])
def test_lines_are_picked_by_their_physical_number(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "BLOCK_BYTES", block)
    made, kept = copied(tmp_path, "x,y\n" + "".join(f"{n},{n * n}\n" for n in range(2, 12)))
    pick(made.path, [2, 3, 7, 11], tmp_path / "picked.txt")
    assert (tmp_path / "picked.txt").read_text().splitlines() == [
        f"{number}\x1f{kept[number - 2]}" for number in (2, 3, 7, 11)
    ]
