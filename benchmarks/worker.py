"""The other end of `timing.py`: one process that prepares once and then runs pieces of work on request.

Usage: python worker.py SCRIPT FOLDER, in any environment; only the standard library is imported here.

The script has `prepare(folder)`, which returns callables by name, and may have `VERSIONS`, the packages to
name. A callable may come as a pair: what the first returns, untimed, is given to the second. Each line of
standard input is the name of a work; each line of the answer is JSON. What the script prints goes to
standard error.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import sys
import time
import traceback
from functools import partial
from importlib.metadata import version
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], object] | tuple[Callable[[], object], Callable[[object], object]]


def peak_bytes() -> int:
    """Largest resident memory since `forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise LookupError("no VmHWM in /proc/self/status")


def processor_seconds() -> float:
    """Of this process and of those that it started and waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def forget_peak() -> None:
    """Begin to measure memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


def timed(works: dict[str, Work], name: str) -> dict[str, object]:
    """Seconds of the clock and of the processor, largest memory, and what the work says of itself."""
    work = works[name]
    before, work = work if isinstance(work, tuple) else (None, work)
    given = [] if before is None else [before()]
    forget_peak()
    cpu, wall = processor_seconds(), time.perf_counter()
    told = work(*given)
    wall, cpu = time.perf_counter() - wall, processor_seconds() - cpu
    return {"wall": wall, "cpu": cpu, "peak": peak_bytes(), "told": told}


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def answer(record: dict[str, object]) -> None:
        answers.write(json.dumps(record) + "\n")
        answers.flush()

    def prepared() -> dict[str, object]:
        script = runpy.run_path(sys.argv[1])
        works.update(script["prepare"](Path(sys.argv[2])))
        return {"versions": {name: version(name) for name in script.get("VERSIONS", ())}}

    works: dict[str, Work] = {}
    answer(_told(prepared))
    for line in sys.stdin:
        answer(_told(partial(timed, works, line.strip())))


def _told(step: Callable[[], dict[str, object]]) -> dict[str, object]:
    """What a step returns; or its error, which the other end tells in the row of this competitor."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001  a package may raise anything
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
