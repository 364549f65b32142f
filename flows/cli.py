"""The command `pccp`. Heavy libraries are imported inside the commands that need them."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import monitor
from flows.arguments import repeat_options
from flows.commands import (
    bookkeeping,
    decisions,
    interchange,
    lifecycle,
    nights,
    reading,
    reviewing,
    setting_up,
)
from flows.terminal import complain, say, unexpected
from monitor.errors import MonitorError

gc.set_threshold(50_000)  # to look for cycles at every 700 new objects is a tenth of a command's start

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    help="Watch a deployed AI model at many sites, and recalibrate it under a change-control plan.",
    epilog="Exit codes: 0 done, 1 unexpected, 2 usage, 10 plan, 11 ingest, 12 estimation, "
    "13 outside the plan, 14 ledger or evidence broken, 15 busy.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"pccp-monitor {monitor.__version__}")
        raise typer.Exit


@app.callback()
def about(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


for room in (setting_up, nights, reading, reviewing, decisions, lifecycle, bookkeeping, interchange):
    room.register(app)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command and return its exit code; a person sees sentences, never a traceback."""
    try:
        app(repeat_options(arguments), prog_name="pccp")
    except MonitorError as error:
        return _failed(str(error), error.exit_code)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  the reader of our output has left
        return 1
    except Exception as error:  # noqa: BLE001  the edge of the program
        return _failed(unexpected(error), 1)
    return 0


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


def _failed(message: str, code: int) -> int:
    if os.environ.get("PCCP_DEBUG") == "1":
        traceback.print_exc()
    complain(message)
    return code
