"""Blocks that only the review pages have: links, and marks on estimates made without outcomes."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.documentation.blocks import Block


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
    kind: str = "banner"


Piece = Block | Links | Banner


@dataclass(frozen=True)
class Part:
    """One numbered part of a page."""

    id: str
    title: str
    pieces: tuple[Piece, ...]
