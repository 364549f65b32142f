"""Rounding for the page. The JSON keeps every digit; the page shows few, and never hides a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIXED_SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"
MOST_DECIMALS = 9


@dataclass(frozen=True)
class Number:
    """One number of the record with the digits and unit it is shown with; None shows as a dash.

    A text stands for a count that is withheld, as "<10".
    """

    value: float | int | str | None
    decimals: int = 0
    unit: str = ""
    percent: bool = False
    before: str = ""
    kind: str = "number"

    @property
    def text(self) -> str:
        if self.value is None:
            return NOTHING
        if isinstance(self.value, str):
            return f"{self.value} {self.unit}".strip()
        shown = rounded(self.value * 100 if self.percent else self.value, self.decimals)
        unit = f"{FIXED_SPACE}%" if self.percent else f" {self.unit}" if self.unit else ""
        return f"{self.before} {shown}{unit}".strip()


@dataclass(frozen=True)
class Interval:
    """An estimate and its bounds, all with the same digits."""

    value: float | None
    low: float | None
    high: float | None
    decimals: int
    kind: str = "interval"

    @property
    def parts(self) -> tuple[Number, Number, Number]:
        return (
            Number(self.value, self.decimals),
            Number(self.low, self.decimals),
            Number(self.high, self.decimals),
        )


@dataclass(frozen=True)
class Share:
    """A probability that may be too small for fixed digits, such as a p-value."""

    value: float
    kind: str = "share"

    @property
    def text(self) -> str:
        return "< 0.0001" if self.value < 0.0001 else rounded(self.value, 4)


def rounded(value: float | int, decimals: int) -> str:
    """Fixed decimals, thousands separated, a true minus sign and no minus zero.

    Example:
        >>> rounded(1234.5678, 1), rounded(-0.00001, 3), rounded(-0.25, 2)
        ('1,234.6', '0.000', '−0.25')
    """
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return MINUS + text if negative else text


def faithful_decimals(bounds: Sequence[float | None], limits: Sequence[float | None], least: int) -> int:
    """Fewest decimals, at least `least`, at which no bound is rounded onto a limit it differs from.

    A lower bound of 0.00004 that clears a limit of 0 must not be printed as 0.0000.

    Example:
        >>> faithful_decimals([0.25, 0.75], [0.5], 2), faithful_decimals([0.00004, 0.01], [0.0], 4)
        (2, 5)
    """
    pairs = [
        (bound, limit)
        for bound in bounds
        for limit in limits
        if bound is not None and limit is not None and bound != limit
    ]
    for decimals in range(least, MOST_DECIMALS):
        if all(f"{bound:.{decimals}f}" != f"{limit:.{decimals}f}" for bound, limit in pairs):
            return decimals
    return MOST_DECIMALS


def level_text(alpha: float) -> str:
    """The two-sided level 1 - 2 alpha in percent.

    Example:
        >>> level_text(0.025), level_text(0.00625)
        ('95\xa0%', '98.75\xa0%')
    """
    return f"{100 * (1 - 2 * alpha):.6g}{FIXED_SPACE}%"
