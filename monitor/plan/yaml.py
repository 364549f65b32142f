"""Strict YAML 1.2: every key and value with its place, nothing that reads two ways.

Refused: duplicate keys (with both lines), anchors, aliases, merge keys, tags, directives, several
documents, keys that are no text, empty values, and words that YAML readers disagree about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from monitor.plan.document import Document, Place
from monitor.plan.fault import Fault, Key, dotted
from monitor.plan.scalars import scalar
from monitor.plan.text import is_invisible

MAXIMUM_DEPTH = 20
Event = Any
UNREADABLE = (
    YAMLError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    StopIteration,
)


class _StopReading(Exception):  # noqa: N818 - leaves this module only as a Fault
    """The file cannot be read further; the fault is already recorded."""


def parse(file: str, text: str) -> Document:
    """Read one strict YAML document.

    Returns:
        The document; its `faults` hold everything that was refused, in the order of the file.

    Example:
        >>> document = parse("plan.yaml", "site: NO\\nlimit: 1e-3\\n")
        >>> document.content, document.place(("limit",), on_key=True)
        ({'site': 'NO', 'limit': 0.001}, (2, 1))
        >>> print(parse("plan.yaml", "limit: 1\\nlimit: 2\\n").faults[0])
        plan.yaml:2:1: limit: the key occurs twice, first on line 1 (expected each key once)
    """
    document = Document(file)
    try:
        _read_stream(document, YAML(typ="safe", pure=True).parse(text))
    except _StopReading:
        pass
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.refuse(place, (), f"not readable as YAML: {_plain(error.problem)}", "YAML 1.2")
    except UNREADABLE:
        document.refuse((1, 1), (), "not readable as YAML", "YAML 1.2")
    return document


def _plain(problem: str | None) -> str:
    """The parser's own words, in one line, without quoting the file."""
    words = " ".join((problem or "unexpected text").split())
    return words if len(words) <= 120 and not any(map(is_invisible, words)) else "unexpected text"


def _read_stream(document: Document, events: Iterator[Event]) -> None:
    for event in events:
        if isinstance(event, StreamStartEvent | DocumentEndEvent):
            continue
        if isinstance(event, StreamEndEvent):
            break
        if not isinstance(event, DocumentStartEvent) or document.values:
            document.refuse(_place(event), (), "a second document", "one document per file")
            raise _StopReading
        _read_start(document, event)
        document.content = _value(document, events, next(events), ())
    if not document.values:
        document.refuse((1, 1), (), "the file is empty", "a plan")
    document.complete = True


def _read_start(document: Document, event: Event) -> None:
    if event.version or event.tags:
        document.refuse((1, 1), (), "a YAML directive", "no line that starts with %")


def _place(event: Event) -> Place:
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _value(document: Document, events: Iterator[Event], event: Event, key: Key) -> Any:
    """The plain value that starts with `event`; its place is recorded."""
    document.values[key] = _place(event)
    if len(key) > MAXIMUM_DEPTH:
        document.refuse(_place(event), key, "nested too deeply", f"at most {MAXIMUM_DEPTH} levels")
        raise _StopReading
    _refuse_extras(document, event, key)
    if isinstance(event, MappingStartEvent):
        return _mapping(document, events, key)
    if isinstance(event, SequenceStartEvent):
        return _sequence(document, events, key)
    return _scalar(document, event, key) if isinstance(event, ScalarEvent) else None


def _refuse_extras(document: Document, event: Event, key: Key) -> None:
    if isinstance(event, AliasEvent):
        document.refuse(_place(event), key, "an alias (*name)", "the value written out")
    elif event.anchor:
        document.refuse(_place(event), key, "an anchor (&name)", "the value without a name")
    if getattr(event, "ctag", None) is not None:
        document.refuse(_place(event), key, "a tag (!name)", "the value without a tag")


def _sequence(document: Document, events: Iterator[Event], key: Key) -> list[Any]:
    items: list[Any] = []
    while not isinstance(event := next(events), SequenceEndEvent):
        items.append(_value(document, events, event, (*key, len(items))))
    return items


def _mapping(document: Document, events: Iterator[Event], key: Key) -> dict[str, Any]:
    content: dict[str, Any] = {}
    while not isinstance(event := next(events), MappingEndEvent):
        name = _name(document, event, key)
        if (*key, name) in document.keys:
            first = document.keys[*key, name][0]
            sentence = f"the key occurs twice, first on line {first}"
            document.faults.append(
                Fault(document.file, *_place(event), dotted((*key, name)), sentence, "each key once")
            )
            _skip(document, events)
            continue
        document.keys[*key, name] = _place(event)
        content[name] = _value(document, events, next(events), (*key, name))
    return content


def _name(document: Document, event: Event, key: Key) -> str:
    """The text of a mapping key."""
    if not isinstance(event, ScalarEvent):
        document.refuse(_place(event), key, "a key that is no text", "a plain word before the colon")
        raise _StopReading
    _refuse_extras(document, event, key)
    name = str(event.value)
    if name == "<<":
        document.refuse(_place(event), (*key, name), "a merge key", "the keys written out")
    if not name.isascii() or not name.isprintable() or len(name) > 100:
        place = _place(event)
        document.refuse(
            place, (*key, "?"), "a key with characters that no key has", "letters, digits and '_'"
        )
        return "?"
    return name


def _skip(document: Document, events: Iterator[Event]) -> None:
    """Read over the value of a duplicate key; only its YAML faults are kept."""
    aside = Document(document.file)
    _value(aside, events, next(events), ())


def _scalar(document: Document, event: Event, key: Key) -> Any:
    if any(map(is_invisible, event.value)):
        document.refuse(_place(event), key, "a text with invisible characters", "visible text")
        return None
    if event.style is not None or not event.implicit[0]:
        return str(event.value)
    try:
        return scalar(event.value)
    except ValueError as error:
        message, _, expected = str(error).partition("|")
        document.refuse(document.place(key, on_key=event.value == ""), key, message, expected)
        return None
