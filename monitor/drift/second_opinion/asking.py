"""Evidently asked in a process of its own; whatever goes wrong there is a finding and stops nothing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

import monitor
from monitor.drift.second_opinion.given import Column, give
from monitor.drift.second_opinion.page import save
from monitor.drift.second_opinion.reading import opinion_of
from monitor.drift.second_opinion.records import Kind, LeftOut, SecondOpinion

COMMAND: Final = ("-P", "-m", "monitor.drift.second_opinion")
SECONDS: Final = 300.0


def second_opinion(
    reference: Mapping[str, ArrayLike],
    current: Mapping[str, ArrayLike],
    kinds: Mapping[str, Kind],
    html: Path | None,
    *,
    seconds: float = SECONDS,
) -> SecondOpinion:
    """Evidently's statistics, flags and page for one site's reference and current window. It decides nothing.

    Importing Evidently takes 3 s and 284 MB, so it runs in another process. The values go there through a
    pipe: no file, no argument. Five small columns took 6 s of processor time and 300 MB, twenty of 110,000
    values 14 s and 425 MB.

    Args:
        reference, current: Values by feature, of any length; NaN (or None, "" for a level) is missing.
        kinds: What each feature is. Only these are given; identifiers never are.
        html: Where its page goes, readable by its owner only; None for none.
        seconds: How long it may take.

    Returns:
        The opinion; without an answer `missing_because` says why, and every column is left out.

    Raises:
        ValueError: A kind is neither continuous nor categorical.
    """
    columns, left_out = give(reference, current, kinds)
    if not columns:
        return _none("no column can be given", left_out)
    answer = _ask(columns, seconds=seconds, page=html is not None)
    if isinstance(answer, str):
        return _none(answer, left_out)
    opinion = opinion_of(columns, answer, left_out)
    return opinion if html is None else save(html, answer["page"], columns, opinion)


def _none(reason: str, left_out: Sequence[LeftOut]) -> SecondOpinion:
    return SecondOpinion(None, (), tuple(left_out), missing_because=f"no second opinion: {reason}")


def _ask(columns: Sequence[Column], *, seconds: float, page: bool) -> dict[str, Any] | str:
    """Evidently's answer, or why there is none. Its error texts can hold values and are dropped."""
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, a constant module, no shell
            [sys.executable, *COMMAND],
            input=_archive(columns, page=page),
            capture_output=True,
            env=_environment(),
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"Evidently took longer than {seconds:g} seconds"
    except OSError as error:
        return f"its process could not be started ({type(error).__name__})"
    if done.returncode != 0:
        return f"its process ended with code {done.returncode}"
    try:
        return json.loads(done.stdout)
    except ValueError:
        return "its answer cannot be read"


def _environment() -> dict[str, str]:
    """Ours, with telemetry off and this package on the path wherever the command was started.

    Evidently sums over a set of levels: without a fixed seed of text hashes its last digit changes by itself.
    """
    package = str(Path(monitor.__file__).parents[1])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    fixed = {"DO_NOT_TRACK": "1", "PYTHONHASHSEED": "0", "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    return {**os.environ, **fixed}


def _archive(columns: Sequence[Column], *, page: bool) -> bytes:
    """The columns as one archive of plain arrays; real names and real levels are not in it."""
    described = [
        {"name": column.name, "kind": column.kind, "levels": column.level_names} for column in columns
    ]
    header = json.dumps({"page": page, "columns": described}).encode()
    arrays = {"header": np.frombuffer(header, dtype=np.uint8)}
    for number, column in enumerate(columns):
        arrays |= {f"reference_{number}": column.reference, f"current_{number}": column.current}
    written = io.BytesIO()
    np.savez(written, allow_pickle=False, **arrays)
    return written.getvalue()
