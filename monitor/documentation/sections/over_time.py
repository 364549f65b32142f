"""Whether as many events came as the probabilities said, in one stretch of time after another."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Beside, Block, Cell, Drawing, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures import has_time
from monitor.documentation.figures.ratio_over_time import LEGEND
from monitor.documentation.numbers import Interval, Number

NAMES = {"last_deployed": "Last deployed, since it is in use", "candidate": "Candidate, validation studies"}
COLUMNS = ("Cohorts", "Ratio (95 % interval)", "Observed", "Expected")


def over_time_section(dossier: Record) -> Section:
    """Observed over expected events under the last deployed calibrator and the candidate."""
    return Section("over-time", "Calibration over time", tuple(_blocks(dossier["calibration_over_time"])))


def _blocks(part: Record) -> list[Block]:
    if part["reason"] is not None:
        return [Aside(f"Not computed: {part['reason']}.")]
    if not has_time(part):
        why = "every stretch is withheld" if part["counts_withheld"] else "fewer than 20 events were observed"
        return [Aside(f"Not enough to draw: {why}; each stretch needs 20 observed events.")]
    tables = tuple(_table(name, part[name]) for name in NAMES if part[name])
    blocks: list[Block] = [Drawing("over-time", LEGEND), Beside(tables)]
    if part["counts_withheld"]:
        blocks.append(Aside("Counts are withheld and ratios rounded under the plan's small-cell minimum."))
    note = "The candidate is drawn on studies that did not fit it. These intervals are for reading only."
    return [*blocks, Sentence(note)]


def _table(name: str, stretches: list[Record]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{part['from']} to {part['to']}",
            Interval(part["value"], part["low"], part["high"], 2),
            Number(part["observed"]),
            Number(part["expected"], 1),
        )
        for part in stretches
    )
    return Table(f"time-{name.replace('_', '-')}", NAMES[name], COLUMNS, rows)
