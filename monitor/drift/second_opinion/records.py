"""What Evidently said of a site's columns, and how it stands beside what we said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from monitor.records import Estimate

Kind = Literal["continuous", "categorical"]
State = Literal["alarm", "quiet", "insufficient"]


@dataclass(frozen=True)
class Sample:
    """What one window holds of one column.

    Attributes:
        n: Values that every statistic uses: neither missing nor infinite.
        missing: Values that are absent.
        infinite: Values of plus or minus infinity, which Evidently drops without a word.
        extreme: Values among `n` that lie absurdly far from the reference's middle.
    """

    n: int
    missing: int
    infinite: int
    extreme: int


@dataclass(frozen=True)
class Statistic:
    """One statistic of one column, as Evidently gave it and as we computed it.

    Attributes:
        method: psi, ks, chisquare, z, wasserstein or jensenshannon. ks, chisquare and z are p-values.
        value: Evidently's number; None where it gave none.
        recomputed: Ours for the same values by the definition; None for a method without one here.
        limit: Evidently's own limit.
        flagged: Whether Evidently calls it drift.
    """

    method: str
    value: float | None
    recomputed: float | None
    limit: float
    flagged: bool

    @property
    def difference(self) -> float | None:
        """How far the two numbers lie apart, in units of the number above one; None without both."""
        if self.value is None or self.recomputed is None:
            return None
        return abs(self.value - self.recomputed) / max(1.0, abs(self.recomputed))

    def as_record(self) -> dict[str, Any]:
        return {**asdict(self), "difference": self.difference}


@dataclass(frozen=True)
class ColumnOpinion:
    """What Evidently said of one column, and what one has to know to read it.

    Attributes:
        default: The statistic that Evidently chooses by itself; its flag is Evidently's answer.
        statistics: psi, and ks and wasserstein or chisquare and jensenshannon.
        unseen_levels: Levels of the current window that the reference does not have.
        fullest_bin: Share of both windows' values that lie in the fullest of PSI's bins.
        expected_psi: What PSI is expected to be at these sample sizes when nothing moved.
        frozen_psi: PSI on the deciles of the reference alone; None for a categorical column.
    """

    feature: str
    kind: Kind
    reference: Sample
    current: Sample
    default: Statistic
    statistics: tuple[Statistic, ...]
    unseen_levels: int
    fullest_bin: float
    expected_psi: float
    frozen_psi: float | None

    @property
    def every_statistic(self) -> tuple[Statistic, ...]:
        """The default first, then those asked for by name."""
        return (self.default, *self.statistics)

    @property
    def extremes(self) -> int:
        """Absurdly far values in both windows."""
        return self.reference.extreme + self.current.extreme

    def named(self, method: str) -> Statistic | None:
        """The statistic of this name, where it was asked for."""
        return next((found for found in self.statistics if found.method == method), None)

    def as_record(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "default": self.default.as_record(),
            "statistics": [statistic.as_record() for statistic in self.statistics],
        }


@dataclass(frozen=True)
class LeftOut:
    """A column that was not given to Evidently, or that Evidently could not take, and why."""

    feature: str
    reason: str


@dataclass(frozen=True)
class SecondOpinion:
    """Evidently's view of one site's reference and current window.

    Attributes:
        evidently: Its version; None where it did not answer.
        missing_because: "no second opinion: ..." where there is none, else None.
        page_sha256: Of the saved page; None where none was asked for or could be written.
        page_missing_because: "no page: ..." where one was asked for and there is none, else None.
    """

    evidently: str | None
    columns: tuple[ColumnOpinion, ...]
    left_out: tuple[LeftOut, ...]
    missing_because: str | None = None
    page_sha256: str | None = None
    page_missing_because: str | None = None

    def as_record(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "columns": [column.as_record() for column in self.columns],
            "left_out": [asdict(column) for column in self.left_out],
        }


@dataclass(frozen=True)
class OurFinding:
    """What our own streams say of a feature: the state, and its effect where one is known."""

    state: State
    effect: Estimate | None = None


@dataclass(frozen=True)
class Agreement:
    """Our finding and Evidently's on one feature, side by side.

    Attributes:
        ours, effect: Our state and effect; None where we have no finding.
        theirs: Evidently's default statistic with its flag; None where it gave none.
        agree: Whether our alarm and its flag say the same; None where one of the two has no answer.
        because: What one has to know to read the pair.
        largest_difference: The largest between one of Evidently's numbers and ours by its definition.
    """

    feature: str
    ours: State | None
    effect: Estimate | None
    theirs: Statistic | None
    agree: bool | None
    because: str
    largest_difference: float | None

    def as_record(self) -> dict[str, Any]:
        return {**asdict(self), "theirs": self.theirs.as_record() if self.theirs else None}
