"""What a person sees: progress, tables and errors. Colour and bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""

SECONDS_BETWEEN_LINES = 5.0
COLUMNS_OF_A_FILE = 200
STYLES = {
    "alarm": "bold red",
    "watch": "yellow",
    "ok": "green",
    "insufficient": "cyan",
    "accept": "green",
    "reject": "red",
    "as it should": "green",
    "NOT as it should": "bold red",
}


def plain(text: object) -> str:
    """The text on one line, every character that could steer a terminal shown by its code.

    Example:
        >>> plain("St Mary"), plain("a\\x1b[31mb\\nc"), plain(None)
        ('St Mary', 'a[U+001B][31mb c', '-')
    """
    if text is None:
        return "-"
    line = str(text).replace("\n", " ").replace("\t", " ")
    return "".join(c if c.isprintable() else f"[U+{ord(c):04X}]" for c in line)


def say(text: str = "") -> None:
    """One line of a result, on standard output."""
    print(text, flush=True)


def complain(text: str) -> None:
    """A message on standard error, one line for each thing that is wrong."""
    for line in text.splitlines():
        print(plain(line), file=sys.stderr, flush=True)


def unexpected(error: Exception) -> str:
    """Class and place only: the text of a library's error may quote a patient's row."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"unexpected {type(error).__name__} at {place}; run again with PCCP_DEBUG=1 for the traceback"


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table on standard output.

    Args:
        header: Column names.
        rows: One sequence of cells per row; numbers are set to the right.
        title: Line above the table.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    columns = [[plain(cell) for cell in column] for column in zip(header, *rows, strict=True)]
    drawn = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", padding=(0, 1, 0, 0)
    )
    for place, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        longest_word = max(len(word) for text in column for word in text.split(" "))
        drawn.add_column(column[0], justify="right" if numeric else "left", min_width=longest_word)
    for row in rows:
        drawn.add_row(*[Text(plain(cell), style=STYLES.get(str(cell), "")) for cell in row])
    console = _console()
    with console.capture() as captured:
        console.print(drawn, crop=False)
    say("\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip()))


@contextmanager
def progress() -> Generator[Progress]:
    """A bar on a terminal's standard error; elsewhere a plain line every few seconds."""
    if sys.stderr.isatty():
        with _bar() as step:
            yield step
    else:
        yield _Lines()


class _Lines:
    """Says what is being done, at most once in a few seconds."""

    def __init__(self) -> None:
        self.said_at = time.monotonic()

    def __call__(self, done: int, total: int, what: str) -> None:
        if time.monotonic() - self.said_at >= SECONDS_BETWEEN_LINES:
            self.said_at = time.monotonic()
            complain(f"{plain(what)} ({done + 1} of {total})")


@contextmanager
def _bar() -> Generator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def step(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{plain(what):<24}")

        yield step


def _console() -> Console:
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False, markup=False, emoji=False)
    return Console(highlight=False, markup=False, emoji=False, width=COLUMNS_OF_A_FILE, no_color=True)
