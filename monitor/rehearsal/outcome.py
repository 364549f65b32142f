"""What became of one simulated site, and the rows of the table that counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.rehearsal.passing import Share
from monitor.rehearsal.truth import Shift

VERDICTS = ("reject", "insufficient", "withdrawn")


@dataclass(frozen=True)
class RunOutcome:
    """One run.

    Attributes:
        shift: The scenario.
        alarm_days: Days from the change to the alarm, its maturity included; None without an alarm.
        alarmed_before_change: The alarm came while nothing had changed.
        verdict: accept, reject, insufficient, or withdrawn when the fit put no candidate forward; None
            without an alarm.
        verdict_days: Days from the change to a verdict that rests on a look.
        gain: Expected log loss saved by the candidate under the truth after the change.
    """

    shift: Shift
    alarm_days: int | None
    alarmed_before_change: bool
    verdict: str | None
    verdict_days: int | None
    gain: float | None

    @property
    def false_alarm(self) -> bool:
        """An alarm while the deployed probabilities were right."""
        return self.alarm_days is not None and (
            self.alarmed_before_change or not self.shift.recalibration_helps
        )

    @property
    def true_accept(self) -> bool:
        """An accepted candidate that is better than the deployed map under the truth."""
        return self.verdict == "accept" and (self.gain or 0.0) > 0.0

    @property
    def false_accept(self) -> bool:
        """An accepted candidate that is not better."""
        return self.verdict == "accept" and not self.true_accept


@dataclass(frozen=True)
class Delay:
    """Days from the change among the runs that got there; None where none did."""

    median: float | None
    ninetieth: float | None
    runs: int

    def as_record(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {"median": self.median, "ninetieth_percentile": self.ninetieth, "runs": self.runs}


@dataclass(frozen=True)
class ScenarioRow:
    """One scenario of the table.

    Attributes:
        name: In words.
        shares: By column name.
        to_alarm, to_verdict: Delays of the runs that had no false alarm.
    """

    name: str
    shares: dict[str, Share]
    to_alarm: Delay
    to_verdict: Delay

    def as_record(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {
            "scenario": self.name,
            **{name: share.as_record() for name, share in self.shares.items()},
            "days_to_alarm": self.to_alarm.as_record(),
            "days_to_verdict": self.to_verdict.as_record(),
        }


def scenario_row(name: str, runs: Sequence[RunOutcome]) -> ScenarioRow:
    """Count the runs of one scenario, at least one.

    Example:
        >>> quiet = RunOutcome(Shift("no change"), None, False, None, None, None)
        >>> row = scenario_row("no change", [quiet] * 4)
        >>> row.shares["false_alarm"].value, row.to_alarm.runs
        (0.0, 0)
    """
    counts = {
        "false_alarm": sum(run.false_alarm for run in runs),
        "alarm": sum(run.alarm_days is not None for run in runs),
        "true_accept": sum(run.true_accept for run in runs),
        "false_accept": sum(run.false_accept for run in runs),
        **{verdict: sum(run.verdict == verdict for run in runs) for verdict in VERDICTS},
    }
    right = [run for run in runs if not run.false_alarm]
    return ScenarioRow(
        name,
        {column: Share(count, len(runs)) for column, count in counts.items()},
        _delay([run.alarm_days for run in right]),
        _delay([run.verdict_days for run in right]),
    )


def _delay(days: Sequence[int | None]) -> Delay:
    found = [day for day in days if day is not None]
    if not found:
        return Delay(None, None, 0)
    return Delay(float(np.median(found)), float(np.quantile(found, 0.9, method="higher")), len(found))
