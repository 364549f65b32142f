"""Lines of text with their time, and the files they are written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from monitor.records import BoolArray
from monitor.simulation.clock import date_of

DUPLICATE_SHARE = 0.002


@dataclass(frozen=True)
class NetworkFiles:
    """The files written, in the order in which a hospital would send them."""

    predictions: tuple[Path, ...]
    outcomes: tuple[Path, ...]


class Line(NamedTuple):
    """A line of a log: the day it is sent (counted from 0), the second of that day, and its text."""

    day: int
    second: int
    text: str


def accession(study: int) -> str:
    """Accession number of a site's study; every site counts from 1, so numbers repeat across sites.

    Example:
        >>> accession(12)
        'ACC0000012'
    """
    return f"ACC{study:07d}"


def pick(condition: BoolArray, yes: str, no: str) -> list[str]:
    """One of two texts for each element.

    Example:
        >>> pick(np.array([True, False]), "F", "M")
        ['F', 'M']
    """
    return [yes if met else no for met in condition.tolist()]


def repeated(lines: list[Line], rng: np.random.Generator) -> list[Line]:
    """The lines, and some of them twice, as when part of an export is sent again."""
    twice = np.flatnonzero(rng.random(len(lines)) < DUPLICATE_SHARE).tolist()
    return lines + [lines[index] for index in twice]


def write_log(stem: Path, header: str, lines: Iterable[Line], per_night: bool) -> tuple[Path, ...]:
    """Write lines in order of time.

    Args:
        stem: Path of the log without ".csv"; its folder must exist.
        header: Column names, without the line end.
        lines: In any order.
        per_night: One file for each day on which something is sent, instead of one for the whole log.
    """
    ordered = sorted(lines)
    if not per_night:
        return (write_rows(stem.with_name(f"{stem.name}.csv"), header, [line.text for line in ordered]),)
    by_day: dict[int, list[str]] = {}
    for line in ordered:
        by_day.setdefault(line.day, []).append(line.text)
    return tuple(
        write_rows(stem.with_name(f"{stem.name}-{date_of(day).isoformat()}.csv"), header, texts)
        for day, texts in by_day.items()
    )


def write_rows(path: Path, header: str, texts: Sequence[str]) -> Path:
    """Write one CSV file, UTF-8 with line feeds, and return its path."""
    path.write_text("\n".join([header, *texts, ""]), encoding="utf-8", newline="\n")
    return path
