"""Prints every country of the stroke trial: alarm, windows, method, verdict, and what came after.

Usage: python tests/real_data/ist_stroke_table.py [DATA_FOLDER] [--strict]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import runs

from monitor.records import Place
from monitor.registry import Change

HEADER = (
    "| country | rows / events | alarm cohort | fit from-to, n / events | method | validation to, n / events "
    "| verdict | reasons | ECE old → new (validation) | later rows | log loss old → new | ECE old → new "
    "| did it help |"
)


def main(arguments: list[str]) -> None:
    names = [item for item in arguments if not item.startswith("--")]
    default = os.environ.get("PCCP_DATA") or str(runs.ROOT.parent / "shared" / "data")
    data = Path(names[0] if names else default) / "ist_stroke"
    plan = runs.SHIPPED / ("ist_stroke_strict.yaml" if "--strict" in arguments else "ist_stroke.yaml")
    with tempfile.TemporaryDirectory() as folder:
        replayed = runs.run_named(Path(folder), plan, data, approve=True)
        print(HEADER)
        print("|---" * HEADER.count(" | ") + "|---|")
        for place in sorted(replayed.rows, key=lambda place: -len(replayed.rows[place])):
            for change in _changes(replayed, place) or [None]:
                print(_row(replayed, place, change))


def _changes(replayed: runs.Replayed, place: Place) -> list[Change]:
    return [change for change in replayed.state.changes.values() if change.place == place]


def _row(replayed: runs.Replayed, place: Place, change: Change | None) -> str:
    rows = replayed.rows[place]
    cells = [place.site, f"{len(rows)} / {rows.events}"]
    if change is None or change.verdict is None:
        return "| " + " | ".join([*cells, "none", *[""] * 10]) + " |"
    fit = change.candidate["fit"] if change.candidate else change.verdict.get("collected")
    validation = change.verdict["validation"]
    later = runs.later_losses(replayed, change)
    cells += [
        change.alarm["cohort"],
        _window(fit, first=True),
        change.candidate["candidate"]["kind"] if change.candidate else "",
        _window(validation, first=False),
        str(change.verdict["verdict"]),
        "; ".join(change.verdict["reasons"]),
        _errors(change.verdict["performance"]),
        str(later[0]) if later else "",
        f"{later[1]:.3f} → {later[2]:.3f}" if later else "",
        "{:.3f} → {:.3f}".format(*runs.later_calibration_errors(replayed, change)) if later else "",
        _followed_up(change),
    ]
    return "| " + " | ".join(cells) + " |"


def _window(described: dict[str, Any] | None, *, first: bool) -> str:
    if not described:
        return ""
    start = f"{described['from']} to " if first else ""
    return f"{start}{described['to']}, {described['n']} / {described['events']}"


def _followed_up(change: Change) -> str:
    """The product's own answer, at the plan's number of events since deployment."""
    if (found := change.followed_up) is None:
        return ""
    if (gain := found["comparison"]) is None:
        return str(found["answer"])
    interval = f"{gain['value']:.3f} [{gain['low']:.3f}, {gain['high']:.3f}]"
    return f"{found['answer']}: {interval}, {found['n']} / {found['events']}"


def _errors(performance: dict[str, Any] | None) -> str:
    if performance is None:
        return ""
    return f"{performance['last_deployed']['ece']:.3f} → {performance['candidate']['ece']:.3f}"


if __name__ == "__main__":
    main(sys.argv[1:])
