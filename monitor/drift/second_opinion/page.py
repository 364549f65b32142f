"""Evidently's page made safe to open: it leads nowhere outside, and the same values give the same bytes."""

from __future__ import annotations

import hashlib
import html
import os
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from monitor.drift.second_opinion.given import Column
from monitor.drift.second_opinion.records import ColumnOpinion, Sample, SecondOpinion, Statistic

POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)
TITLE: Final = "Second opinion by Evidently"
HEAD: Final = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{TITLE}</title>'
OUTSIDE: Final = re.compile(r"https?://(?!www\.w3\.org/)")
NOWHERE: Final = "about:invalid#"
RANDOM: Final = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|(?<=metric_)[0-9a-f]{32}"
)
HIDING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
LOOK: Final = (
    "#second-opinion{background:#fff;color:#000;padding:1em;font:14px sans-serif}"
    "#second-opinion table{border-collapse:collapse}"
    "#second-opinion th,#second-opinion td"
    "{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}"
)
HEADS: Final = ("column", "feature", "reference", "current", "Evidently (our number)", "levels by code")
INTRODUCTION: Final = (
    "A reviewer's drill-down by another program. It decides nothing: alarms and verdicts follow from the "
    "plan. Values are sorted before they are handed over, so that no study can be put together again: 'Index "
    "binned' is the rank of a value, not time. The plots show single values and small counts: keep the page "
    "in the workspace."
)


def save(target: Path, page: str, columns: Sequence[Column], opinion: SecondOpinion) -> SecondOpinion:
    """Write the page where it is wanted, readable by its owner only, and note its hash in the opinion.

    A page that cannot be written is a remark in the record: the statistics are there all the same.
    """
    written = inert(page, legend(columns, opinion)).encode()
    try:
        _write(target, written)
    except OSError as error:
        return replace(opinion, page_missing_because=f"no page: {type(error).__name__}")
    return replace(opinion, page_sha256=hashlib.sha256(written).hexdigest())


def inert(page: str, top: str) -> str:
    """Evidently's page with `top` above it, which fetches nothing and is the same for the same values.

    Addresses in its scripts (plotly's map server and logo, help pages of libraries) lead nowhere, and a
    policy forbids the browser every request. Random names become numbers in order of appearance.

    Example:
        >>> made = inert("<head></head><body>x='https://cdn.example/a'</body>", "<p>top</p>")
        >>> made.endswith("<body><p>top</p>x='about:invalid#cdn.example/a'</body>")
        True
    """
    numbers: dict[str, str] = {}
    stable = RANDOM.sub(lambda found: numbers.setdefault(found.group(), f"n{len(numbers)}"), page)
    closed = OUTSIDE.sub(NOWHERE, stable)
    return closed.replace("<head>", f"<head>{HEAD}", 1).replace("<body>", f"<body>{top}", 1)


def legend(columns: Sequence[Column], opinion: SecondOpinion) -> str:
    """What stands above the plots: real names, both programs' numbers, and what was left out."""
    named = {column.feature: column for column in columns}
    rows = "".join(_row(named[found.feature], found) for found in opinion.columns)
    heads = "".join(f"<th>{head}</th>" for head in HEADS)
    gone = "".join(f"<li>{text(column.feature)}: {text(column.reason)}</li>" for column in opinion.left_out)
    return (
        f'<style>{LOOK}</style><div id="second-opinion"><h1>{TITLE} {text(opinion.evidently or "")}</h1>'
        f"<p>{html.escape(INTRODUCTION)}</p><table><tr>{heads}</tr>{rows}</table>"
        f"{f'<p>Left out:</p><ul>{gone}</ul>' if gone else ''}</div>"
    )


def text(value: str) -> str:
    """A text from a file as HTML that shows it and does nothing; hidden characters appear by their code.

    Example:
        >>> text("<b>\\u202e"), text("a & b")
        ('&lt;b&gt;[U+202E]', 'a &amp; b')
    """
    shown = (f"[U+{ord(c):04X}]" if unicodedata.category(c) in HIDING else c for c in value)
    return html.escape("".join(shown))


def _row(column: Column, found: ColumnOpinion) -> str:
    coded = [
        f"{text(shown)}: {text(level)}"
        for shown, level in zip(column.level_names, column.levels, strict=True)
        if shown != level
    ]
    named = [statistic for statistic in found.statistics if statistic.method != found.default.method]
    numbers = [f"{_sentence(found.default)}; its choice", *map(_sentence, named)]
    cells = (
        text(column.name),
        text(column.feature),
        _counts(found.reference),
        _counts(found.current),
        "<br>".join(map(text, numbers)),
        "<br>".join(coded),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _counts(sample: Sample) -> str:
    """Values used, and what there is besides."""
    besides = {"missing": sample.missing, "infinite": sample.infinite, "extreme": sample.extreme}
    return "<br>".join([f"{sample.n} used", *(f"{count} {name}" for name, count in besides.items() if count)])


def _sentence(statistic: Statistic) -> str:
    value, ours = (
        "none" if number is None else f"{number:.4g}" for number in (statistic.value, statistic.recomputed)
    )
    flag = ", drift" if statistic.flagged else ""
    return f"{statistic.method} {value} ({ours}), limit {statistic.limit:g}{flag}"


def _write(target: Path, content: bytes) -> None:
    """All of it or nothing; a temporary file is readable by its owner only from the start."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".page-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
