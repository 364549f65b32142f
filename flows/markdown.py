"""Texts as Markdown that is read as it is meant, whatever a plan or a file put into them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from flows.terminal import plain

if TYPE_CHECKING:
    from monitor.plan import LoadedPlan
    from monitor.store import Entry, Layer

SPECIAL = re.compile(r"([\\`*_{}\[\]()+!|~])")


def escaped(text: object) -> str:
    """A text inside Markdown, to be read as it is.

    Example:
        >>> escaped("<b>*North*</b>")
        '&lt;b&gt;\\\\*North\\\\*&lt;/b&gt;'
    """
    return SPECIAL.sub(r"\\\1", html.escape(plain(text), quote=False))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; the cells are escaped.

    Example:
        >>> print(table(["column"], [["a|b"]]))
        | column |
        |---|
        | a\\|b |
    """
    lines = [header, *([escaped(cell) for cell in row] for row in rows)]
    drawn = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([drawn[0], f"|{'---|' * len(header)}", *drawn[1:]])


def data_dictionary(loaded: LoadedPlan) -> str:
    """The columns that a workspace of this plan receives and keeps, by layer and place."""
    from monitor.store import LAYERS, dictionary

    identity = loaded.plan.plan
    parts = [
        f"# Data dictionary of {escaped(identity.id)} {escaped(identity.version)}",
        f"Plan SHA-256 `{loaded.sha256}`. Written by `pccp plan dictionary`.",
        "A file in `archive/` holds the accepted rows of one delivered file: the columns of `predictions` "
        "or `outcomes` (with exclusions, of `predictions` and the reason), without `batch`. "
        "`rejected/` holds refused rows under the sender's own column names, identifiers as pseudonyms.",
    ]
    entries = sorted(dictionary(loaded.plan), key=lambda entry: list(LAYERS).index(entry.layer))
    for layer, columns in groupby(entries, key=_layer):
        parts.append(f"## {layer.capitalize()} layer\n{LAYERS[layer]}")
        for place, found in groupby(columns, key=lambda entry: entry.place):
            parts.append(f"### {escaped(place)}\n\n{_columns(list(found))}")
    return "\n\n".join(parts) + "\n"


def _layer(entry: Entry) -> Layer:
    return entry.layer


def _columns(entries: Sequence[Entry]) -> str:
    return table(
        ("column", "type", "empty", "meaning"),
        [(e.column, e.type, "may be" if e.may_be_empty else "never", e.meaning) for e in entries],
    )
