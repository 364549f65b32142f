"""Streams of a place: over time, their effects, and each with its evidence, limit and state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from monitor.documentation.blocks import Cell, Drawing, Mark, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.effects import LEGEND, MOST_ROWS, effect_figure
from monitor.documentation.figures.lane import LEGEND as LANE_LEGEND
from monitor.documentation.figures.states import STATE_WORDS, grouped, label_of, name_of, state_of
from monitor.documentation.figures.strip import strips
from monitor.documentation.figures.tolerances import decimals_for, effect_label, effects_of, farthest
from monitor.documentation.numbers import FIXED_SPACE, Number
from monitor.documentation.review.loose import estimate, many, not_computed, shown
from monitor.documentation.review.pieces import Part, Piece

QUALITY: Final = ("quality", "missingness")
STREAM_COLUMNS: Final = (
    "Stream",
    "Group",
    "State",
    "Evidence (log R)",
    "Limit",
    "Share of limit",
    "Named by e-BH",
    "Reason",
)
EFFECT_COLUMNS: Final = (
    "Effect",
    "What is estimated",
    "Estimate",
    "Reference",
    "Tolerated",
    "Standardised difference",
)


def place_drawings(place: Record, alarms: Sequence[Record]) -> dict[str, str]:
    """SVG texts of a place by figure name: its streams over time, and its effects."""
    drawn = {f"strip-{position}": svg for position, svg in enumerate(strips(place, alarms), 1)}
    rows = effects_of(place)
    if rows:
        title = f"Effects at {name_of(place)} with their intervals"
        drawn["effects"] = effect_figure(farthest(rows, MOST_ROWS), "effects-figure", title)
    return drawn


def streams_part(place: Record, drawings: Mapping[str, str]) -> Part:
    """Strip figure, and the same streams as a table."""
    streams = many(place, "streams")
    if not streams:
        return Part("streams", "Streams over time", (not_computed({"reason": "this place has no streams"}),))
    names = [name for name in drawings if name.startswith("strip-")]
    captions = [f"Continued below ({count} of {len(names)})." for count in range(1, len(names))]
    pieces: list[Piece] = [Drawing(*pair) for pair in zip(names, [*captions, LANE_LEGEND], strict=False)]
    if not names:
        pieces.append(not_computed({"reason": "no night is on record"}))
    caption = "Streams now: evidence against the limit, both as natural logarithms"
    rows = [_stream(stream, group) for group, members in grouped(place) for stream in members]
    return Part(
        "streams", "Streams over time", (*pieces, Table("streams", caption, STREAM_COLUMNS, tuple(rows)))
    )


def effects_part(place: Record, drawings: Mapping[str, str]) -> Part:
    """Effects with their intervals and tolerances, drawn and as a table."""
    rows = _effects(many(place, "streams"))
    if not rows:
        return Part("effects", "Effects", (not_computed({"reason": "no stream has an effect"}),))
    count, total = min(MOST_ROWS, len(effects_of(place))), len(rows)
    caption = f"{LEGEND} Drawn: {count} of {total}{_chosen(count, total)}"
    drawn = [Drawing("effects", caption)] if "effects" in drawings else []
    table = Table("effects", "The same numbers, each in its own unit", EFFECT_COLUMNS, tuple(rows))
    return Part("effects", "Effects", (*drawn, table))


def quality_part(place: Record) -> Part:
    """Streams of the inputs' quality, missing values included."""
    streams = [stream for stream in many(place, "streams") if stream.get("group") in QUALITY]
    if not streams:
        reason = "the plan declares no grades of input quality and no missing-value streams here"
        return Part("quality", "Input quality", (not_computed({"reason": reason}),))
    caption = "Grades and missing values, as monitored"
    states = Table(
        "quality", caption, ("Stream", "State", "Reason"), tuple(_state(stream) for stream in streams)
    )
    rows = _effects(streams)
    measured = Table("quality-effects", "Their rates", EFFECT_COLUMNS, tuple(rows)) if rows else None
    note = Sentence("No rate is computed for them.")
    return Part("quality", "Input quality", (states, measured or note))


def state_mark(stream: Record) -> Mark:
    """State of a stream with its sign."""
    state = state_of(stream)
    return Mark(state, STATE_WORDS[state])


def _stream(stream: Record, group: str) -> tuple[Cell, ...]:
    log_r, limit = stream.get("log_r"), stream.get("log_limit")
    share = max(0.0, log_r / limit) if log_r is not None and limit else None
    named = stream.get("named_by_e_bh")
    return (
        label_of(stream),
        group,
        state_mark(stream),
        Number(log_r, 2),
        Number(limit, 2),
        Number(share, 0, percent=True),
        "not computed" if named is None else "yes" if named else "no",
        str(stream.get("reason") or "no reason is given"),
    )


def _state(stream: Record) -> tuple[Cell, ...]:
    return label_of(stream), state_mark(stream), str(stream.get("reason") or "no reason is given")


def _effects(streams: Iterable[Record]) -> list[tuple[Cell, ...]]:
    return [_effect(stream, found) for stream in streams for found in many(stream, "effects")]


def _effect(stream: Record, found: Record) -> tuple[Cell, ...]:
    unit = f" ({stream['unit']})" if stream.get("unit") else ""
    return (
        effect_label(stream, found) + unit,
        str(found.get("words") or found.get("functional") or "not said"),
        estimate(found),
        shown(found.get("reference")),
        _band(found),
        Number(found.get("standardized_difference"), 2),
    )


def _band(found: Record) -> str:
    band = found.get("band")
    if not band or len(band) != 2 or None in band:
        return "no band"
    decimals = max(decimals_for(None, *band), 2)
    low, high = (Number(end, decimals).text for end in band)
    return f"{low}{FIXED_SPACE}to{FIXED_SPACE}{high}"


def _chosen(count: int, total: int) -> str:
    if count == total:
        return "."
    return ", those farthest from their reference among all with a value and a band; the table holds all."
