"""Blocks that only the review pages have: links, commands, long texts, warnings."""

from __future__ import annotations

from dataclasses import dataclass

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


Piece = Block | Links | Banner | LinkedTable | Command | Folded


@dataclass(frozen=True)
class Part:
    """One numbered part of a page."""

    id: str
    title: str
    pieces: tuple[Piece, ...]
