"""A network of simulated hospitals: what each logged, and the truth behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from monitor.simulation import outcome_log, prediction_log
from monitor.simulation.clock import FIRST_DAY, date_of
from monitor.simulation.files import Line, NetworkFiles, write_log
from monitor.simulation.scenario import FULL_NIGHTS, SITES, Scenario, SiteTruth
from monitor.simulation.studies import FOLLOW_UP_DAYS, SiteLog, generator, site_log


@dataclass(frozen=True)
class Network:
    """Sites over a number of nights, night 0 being 2026-01-01.

    Attributes:
        nights: Nights with predictions.
        seed: From which everything follows.
        sites: One log per site.
    """

    nights: int
    seed: int
    sites: tuple[SiteLog, ...]

    @property
    def truth(self) -> tuple[SiteTruth, ...]:
        """What really happened, site by site."""
        return tuple(log.truth for log in self.sites)

    @property
    def first_day(self) -> date:
        """Date of night 0."""
        return FIRST_DAY

    @property
    def last_day(self) -> date:
        """Date of the last predictions."""
        return date_of(self.nights - 1)

    @property
    def complete_on(self) -> date:
        """Day on which the last night's outcomes have had their whole follow-up; the logs end here."""
        return date_of(self.nights - 1 + FOLLOW_UP_DAYS)

    def date_of(self, night: int) -> date:
        """Date of a night counted from 0."""
        return date_of(night)

    def write(self, folder: Path, *, per_night: bool = False) -> NetworkFiles:
        """Write the logs as CSV files: the same network always gives the same bytes.

        Args:
            folder: Made if absent.
            per_night: One file per day on which something is sent, for an inbox; else one per log.
        """
        folder.mkdir(parents=True, exist_ok=True)
        predictions = self._prediction_lines()
        outcomes = [line for line in self._outcome_lines() if date_of(line.day) <= self.complete_on]
        return NetworkFiles(
            write_log(folder / "predictions", prediction_log.HEADER, predictions, per_night),
            write_log(folder / "outcomes", outcome_log.HEADER, outcomes, per_night),
        )

    def _prediction_lines(self) -> list[Line]:
        return [
            line
            for log in self.sites
            for line in prediction_log.prediction_lines(
                log, generator(self.seed, log.truth.site, "prediction dirt")
            )
        ]

    def _outcome_lines(self) -> list[Line]:
        return [
            line
            for log in self.sites
            for line in outcome_log.outcome_lines(log, generator(self.seed, log.truth.site, "outcome dirt"))
        ]


def network(
    nights: int = FULL_NIGHTS, seed: int = 20260101, scenarios: tuple[Scenario, ...] = SITES
) -> Network:
    """Simulate the hospital network.

    Args:
        nights: Length of the run. The five default stories are tuned for 180 nights; in a shorter run
            they begin earlier and may not end.
        seed: Every site draws from its own stream, so adding a site leaves the others as they are.
        scenarios: The sites, each with a name of its own.

    Raises:
        ValueError: No night, no site, or two sites of one name.

    Example:
        >>> small = network(nights=30, seed=1)
        >>> [what.kind for what in small.truth]
        ['quiet', 'covariate', 'intercept', 'small', 'reverting']
        >>> small.last_day.isoformat(), small.complete_on.isoformat()
        ('2026-01-30', '2026-02-13')
    """
    if nights < 1 or not scenarios:
        raise ValueError("a network needs at least one night and one site")
    if len({scenario.site for scenario in scenarios}) < len(scenarios):
        raise ValueError("site names must be unique within a network")
    return Network(nights, seed, tuple(site_log(scenario, nights, seed) for scenario in scenarios))
