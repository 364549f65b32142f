"""Blocks that only the review pages have: links, commands, forms, long texts, warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.documentation.blocks import Block, Cell


@dataclass(frozen=True)
class Links:
    """A list of addresses inside the folder, each with its text."""

    lines: tuple[tuple[str, str], ...]
    kind: str = "links"


@dataclass(frozen=True)
class Banner:
    """A warning that cannot be missed beside the numbers it is about."""

    title: str
    text: str
    dashed: bool = True
    kind: str = "banner"


@dataclass(frozen=True)
class LinkedTable:
    """A table whose first column leads to a page; a row without an address is plain text."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    kind: str = "linked"


@dataclass(frozen=True)
class Command:
    """One line for a terminal, with what it does."""

    title: str
    line: str
    kind: str = "command"


@dataclass(frozen=True)
class Folded:
    """A long text that opens on demand, letter by letter as it is."""

    title: str
    text: str
    kind: str = "folded"


@dataclass(frozen=True)
class Field:
    """One thing a person is asked for.

    Attributes:
        name: By which it is sent.
        label: What is asked, as the command line calls it.
        hint: How to answer; empty where the label says all.
        shape: text, secret (never shown or sent back), list, or choice (of which none is chosen beforehand).
        options: Value and words of each, of a list or a choice.
        value: What was typed before a refusal.
        required: Whether the browser asks for it before it sends anything.
    """

    name: str
    label: str
    hint: str = ""
    shape: Literal["text", "secret", "list", "choice"] = "text"
    options: tuple[tuple[str, str], ...] = ()
    value: str = ""
    required: bool = True


@dataclass(frozen=True)
class Form:
    """What a person fills in and sends to the page it stands on; only served pages have any.

    Attributes:
        id: Unlike any other on the page.
        title: What is decided.
        text: What is bound by it.
        hidden: Names and values that are sent along.
        fields: What is asked.
        button: What sending it does.
        links: What to read first, each text with its address.
        folded: Closed until it is opened.
        refusal: Why it was refused; None before it was sent.
    """

    id: str
    title: str
    text: str
    hidden: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    button: str
    links: tuple[tuple[str, str], ...] = ()
    folded: bool = False
    refusal: str | None = None
    kind: str = "form"


Piece = Block | Links | Banner | LinkedTable | Command | Folded | Form


@dataclass(frozen=True)
class Part:
    """One numbered part of a page."""

    id: str
    title: str
    pieces: tuple[Piece, ...]
