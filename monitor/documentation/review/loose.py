"""Parts of the report whose keys vary, as cells and tables; what is absent says so and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.documentation.blocks import Aside, Block, Bullets, Cell, Facts, Mark, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.tolerances import decimals_for
from monitor.documentation.numbers import Interval, Number, Share
from monitor.documentation.wording import as_sentence, capitalised, spaced

NO_REASON: Final = "the report gives no reason"
P_VALUES: Final = frozenset({"p", "p_value"})
SILENT: Final = frozenset({"reason", "shown", "marked"})
"""Keys that say how to show a part, not what it found."""


def cleaned(value: Any) -> Any:
    """The report with every number that is none, such as NaN, made None, and every key a text.

    Example:
        >>> cleaned({"value": float("nan"), "band": (0.4, float("inf")), 3: True})
        {'value': None, 'band': [0.4, None], '3': True}
    """
    if isinstance(value, dict):
        return {str(key): cleaned(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def part(record: Record, key: str) -> Record:
    """A part of the report; empty where it is absent."""
    found = record.get(key)
    return found if isinstance(found, Mapping) else {}


def many(record: Record, key: str) -> list[Record]:
    """A list of the report's parts; empty where it is absent."""
    found = record.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def not_computed(found: Record) -> Aside:
    """The remark that stands where a number would.

    Example:
        >>> not_computed({"reason": "only 12 outcomes"}).text, not_computed({}).text
        ('Not computed: only 12 outcomes.', 'Not computed: the report gives no reason.')
    """
    return Aside(f"Not computed: {str(found.get('reason') or NO_REASON).rstrip('.')}.")


def estimate(found: Any) -> Cell:
    """A number with its interval, or that it was not computed.

    Example:
        >>> estimate({"value": 0.52, "low": 0.49, "high": 0.55})
        Interval(value=0.52, low=0.49, high=0.55, decimals=3, kind='interval')
        >>> estimate({"reason": "no outcomes"}).text
        'not computed: no outcomes'
        >>> estimate({"value": None, "low": 0.1, "high": 0.3})
        'between 0.100 and 0.300'
    """
    if not isinstance(found, Mapping):
        return shown(found)
    ends = [found.get(key) for key in ("value", "low", "high")]
    if ends[0] is None and ends[1] is not None and ends[2] is not None:
        return f"between {ends[1]:.3f} and {ends[2]:.3f}"
    if ends[0] is None:
        return Mark("none", f"not computed: {str(found.get('reason') or NO_REASON).rstrip('.')}")
    value, low, high = ends
    bounds = (low, high) if low is not None and high is not None else (None, None)
    return Interval(value, *bounds, decimals_for(value, *bounds))


def shown(value: Any, key: str = "") -> Cell:
    """Any value of the report as a cell.

    Example:
        >>> shown(1234).text, shown(True), shown(["a", "b"]), shown({"n": 3, "level": "GE"})
        ('1,234', 'yes', 'a, b', 'n 3, level GE')
    """
    if value is None:
        return Mark("none", "not computed")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return Share(value) if key in P_VALUES else Number(value, _decimals(value))
    if isinstance(value, Mapping):
        return estimate(value) if "value" in value else _flat(value)
    if isinstance(value, list):
        return ", ".join(_word(item) for item in value) or "none"
    return str(value)


def facts(found: Record, names: Mapping[str, str] | None = None) -> Facts:
    """Every entry of a part under its name; `names` says it better where it can."""
    rows = [
        ((names or {}).get(key, titled(key)), shown(value, key))
        for key, value in found.items()
        if key not in SILENT
    ]
    return Facts(tuple(rows))


def listing(name: str, caption: str, rows: Sequence[Any] | Record) -> Block:
    """Records as a table with a column for each key, texts as bullets, one record as facts.

    Example:
        >>> listing("t", "T", [{"level": "GE", "n": 3}, {"level": "Siemens"}]).columns
        ('Level', 'n')
        >>> listing("t", "T", []).text
        'T: none.'
    """
    if not rows:
        return Sentence(f"{caption}: none.")
    if isinstance(rows, Mapping):
        return facts(rows)
    records = [row for row in rows if isinstance(row, Mapping)]
    if len(records) < len(rows):
        return Bullets(tuple(as_sentence(_word(row)) for row in rows))
    keys = list(dict.fromkeys(key for record in records for key in record))
    cells = tuple(tuple(shown(record.get(key), key) for key in keys) for record in records)
    return Table(name, caption, tuple(map(titled, keys)), cells)


def titled(key: str) -> str:
    """A key as the header of a column.

    Example:
        >>> titled("override_rate"), titled("p")
        ('Override rate', 'p')
    """
    return key if len(key) == 1 else capitalised(spaced(key))


def _decimals(value: float) -> int:
    return 0 if float(value).is_integer() else decimals_for(value, None, None)


def _flat(found: Record) -> str:
    return ", ".join(f"{spaced(key)} {_word(value)}" for key, value in found.items())


def _word(value: Any) -> str:
    cell = shown(value)
    if isinstance(cell, Interval):
        value_text, low, high = (number.text for number in cell.parts)
        return value_text if cell.low is None else f"{value_text} ({low} to {high})"
    return cell if isinstance(cell, str) else getattr(cell, "text", "")
