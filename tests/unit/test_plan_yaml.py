"""Strict YAML 1.2: what a word means, what is refused, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.plan import check
from monitor.plan.document import Document
from monitor.plan.text import MAXIMUM_BYTES
from monitor.plan.yaml import parse


def fault(text: str) -> str:
    document = parse("plan.yaml", text)
    assert document.faults, document.content
    return str(document.faults[0])


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("1e-3", 0.001),
        ("1.0.0", "1.0.0"),
        ("12:30:00", "12:30:00"),
        ("2026-03-01", "2026-03-01"),
        ("10", 10),
        ("-1", -1),
        ("+2", 2),
        (".5", 0.5),
        ("2.", 2.0),
        ("0", 0),
        ("0.50", 0.5),
        ("true", True),
        ("False", False),
        ("'010'", "010"),
        ('"null"', "null"),
        ('"1"', "1"),
        ("'~'", "~"),
        ("=", "="),
    ],
)
def test_a_word_means_what_yaml_1_2_says(word: str, value: object) -> None:
    document = parse("plan.yaml", f"key: {word}\n")
    assert document.faults == []
    assert document.content == {"key": value}
    assert type(document.content["key"]) is type(value)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("010", "some readers take this number for octal"),
        ("-007.5", "some readers take this number for octal"),
        ("0x1F", "readers disagree whether this is a number"),
        ("0o17", "readers disagree whether this is a number"),
        ("1_000", "readers disagree whether this is a number"),
        (".inf", "the number is not finite"),
        ("-.Inf", "the number is not finite"),
        (".nan", "the number is not finite"),
        ("1e999", "the number is too large"),
        ("1" * 31, "the number is too long"),
        ("0." + "1" * 40, "the number is too long"),
        ("~", "the key has no value"),
        ("null", "the key has no value"),
        ("", "the key has no value"),
        ("&name 1", "an anchor"),
        ("*name", "an alias"),
        ("!!str 1", "a tag"),
        ("!secret 1", "a tag"),
        ('"\\u202e"', "a text with invisible characters"),
        ('"\\0"', "a text with invisible characters"),
        ('"\\ud800"', "a text with invisible characters"),
        ('"a\\tb"', "a text with invisible characters"),
    ],
)
def test_a_word_that_reads_two_ways_is_refused(word: str, sentence: str) -> None:
    message = fault(f"first: 1\nkey: {word}\n")
    assert message.startswith("plan.yaml:2:")
    assert sentence in message


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("", "1:1", "the file is empty"),
        ("# only a comment\n", "1:1", "the file is empty"),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document"),
        ("%YAML 1.1\n---\na: 1\n", "1:1", "a YAML directive"),
        ("a: 1\nb: 2\na: 3\n", "3:1", "the key occurs twice, first on line 1"),
        ("a:\n  b: 1\n  b: {c: [1]}\n", "3:3", "a.b: the key occurs twice, first on line 2"),
        ('a: 1\n"a": 3\n', "2:1", "the key occurs twice, first on line 1"),
        ("a: {<<: {b: 1}}\n", "1:5", "a merge key"),
        ("? [a]\n: 1\n", "1:3", "a key that is no text"),
        ("ключ: 1\n", "1:1", "a key with characters that no key has"),
        ("a: [1\n", "2:1", "not readable as YAML"),
        ("a: 'open\n", "2:1", "not readable as YAML"),
        ("a: b: c\n", "1:5", "not readable as YAML"),
        ("a: " + "[" * 40 + "]" * 40, "1:24", "nested too deeply"),
    ],
)
def test_what_yaml_allows_and_a_plan_does_not(text: str, place: str, sentence: str) -> None:
    message = fault(text)
    assert message.startswith(f"plan.yaml:{place}: ")
    assert sentence in message


def test_every_duplicate_is_told_with_the_line_of_the_first() -> None:
    document = parse("plan.yaml", "a: 1\na: 2\na: 3\nb: 1\nb: 2\n")
    assert [(fault.line, fault.message[-6:]) for fault in document.faults] == [
        (2, "line 1"),
        (3, "line 1"),
        (5, "line 4"),
    ]
    assert document.content == {"a": 1, "b": 1}


def test_every_key_and_value_has_its_place() -> None:
    document = parse("plan.yaml", "a:\n  - {b: 1}\n  - c: [x, yy]\n")
    assert document.place(("a",), on_key=True) == (1, 1)
    assert document.place(("a", 0, "b")) == (2, 9)
    assert document.place(("a", 1, "c"), on_key=True) == (3, 5)
    assert document.place(("a", 1, "c", 1)) == (3, 12)


def test_a_missing_key_is_at_its_nearest_parent() -> None:
    document = parse("plan.yaml", "a:\n  b: {c: 1}\n")
    assert document.place(("a", "b", "d", "e")) == (2, 3)
    assert document.place(("z",)) == (1, 1)
    assert Document("plan.yaml").place(("z", 0)) == (1, 1)


@pytest.mark.parametrize(
    ("content", "place", "sentence"),
    [
        (b"a: 1\nb:\t2\n", "2:3", "a tab"),
        (b"a: 1 # \xe2\x80\xae\n", "1:8", "an invisible character U+202E"),
        (b"\xef\xbb\xbfa: 1\n", "1:1", "an invisible character U+FEFF"),
        (b"a: 1\x00\n", "1:5", "an invisible character U+0000"),
        (b"a: \xc2\x85\n", "1:4", "an invisible character U+0085"),
        (b"a: 1\nb: \xff\n", "2:4", "the file is not UTF-8 text"),
        ("a: 1\n".encode("utf-16"), "1:1", "the file is not UTF-8 text"),
        (b"a: " + b"x" * MAXIMUM_BYTES, "1:1", "the file is too large (expected at most 256 kB)"),
    ],
)
def test_bytes_that_hide_something_are_refused(
    content: bytes, place: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    messages = [str(fault) for fault in check(path)]
    assert f"{path}:{place}: {sentence}" in " ".join(messages)


def test_a_tab_does_not_hide_the_other_faults(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("plan: 1 #\tcomment\ndevice: 2\n", encoding="utf-8")
    messages = [str(fault) for fault in check(path)]
    assert any("a tab" in message for message in messages)
    assert any("device: the value has the wrong kind" in message for message in messages)


def test_a_directory_is_no_plan(tmp_path: Path) -> None:
    assert [fault.message for fault in check(tmp_path)] == ["the file cannot be read"]
