"""The sites a plan is tried on: typical ones, or those of a file."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from monitor.errors import UsageError

COLUMNS = ("site", "studies_per_month", "prevalence", "auc")
LARGEST_VOLUME = 1_000_000.0
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class SiteProfile:
    """A site as a simulation needs to know it.

    Attributes:
        site: Name.
        studies_per_month: Studies a month with a usable outcome; of an undated log, studies in the cohort.
        prevalence: Share of events, strictly between 0 and 1.
        auc: Area under the ROC curve of the score, above .5 and below 1.

    Raises:
        ValueError: A number lies outside its range.

    Example:
        >>> SiteProfile("North", 600, 0.05, 0.85).events_per_month
        30.0
        >>> SiteProfile("North", 600, 0.95, 0.85).events_per_month
        30.0
    """

    site: str
    studies_per_month: float
    prevalence: float
    auc: float

    def __post_init__(self) -> None:
        if not 1.0 <= self.studies_per_month <= LARGEST_VOLUME:
            raise ValueError(f"studies_per_month must be a number from 1 to {LARGEST_VOLUME:,.0f}")
        if not 0.001 <= self.prevalence <= 0.999:
            raise ValueError("prevalence must be a share from 0.001 to 0.999")
        if not 0.55 <= self.auc <= 0.995:
            raise ValueError("auc must be a number from 0.55 to 0.995")

    @property
    def events_per_month(self) -> float:
        """Studies of the rarer class a month."""
        return round(self.studies_per_month * min(self.prevalence, 1.0 - self.prevalence), 9)

    def as_record(self) -> dict[str, Any]:
        """The form of `--json`."""
        return asdict(self)


TYPICAL = (
    SiteProfile("small clinic", 150, 0.10, 0.80),
    SiteProfile("district hospital", 600, 0.05, 0.85),
    SiteProfile("regional hospital", 1500, 0.08, 0.85),
    SiteProfile("university hospital", 6000, 0.05, 0.85),
    SiteProfile("screening programme", 12000, 0.01, 0.90),
    SiteProfile("stroke unit", 100, 0.35, 0.79),
)
"""Sites that span volume and prevalence, for a plan whose own sites are not known yet."""

TYPICAL_COHORTS = tuple(
    SiteProfile(f"cohort of {studies}", studies, 0.30, 0.85) for studies in (250, 500, 1000, 2000, 4000)
)
"""The same for undated logs, whose sites are single cohorts."""


def read_sites(file: Path) -> tuple[SiteProfile, ...]:
    """Sites from a CSV file with a header, or from a YAML list of mappings.

    Args:
        file: With site, studies_per_month, prevalence and auc; the name ends in .csv, .yaml or .yml.

    Raises:
        UsageError: The file cannot be read, or a row is not a site; names the row and what is expected.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read as text") from error
    rows = _yaml_rows(file, text) if file.suffix.lower() in (".yaml", ".yml") else _csv_rows(file, text)
    if not rows:
        raise UsageError(f"{file}: expected at least one site, found none")
    sites = tuple(_site(f"{file}: site {number}", row) for number, row in enumerate(rows, start=1))
    if len({site.site for site in sites}) < len(sites):
        raise UsageError(f"{file}: expected site names that differ, found one twice")
    return sites


def _csv_rows(file: Path, text: str) -> Sequence[Mapping[str, Any]]:
    reader = csv.DictReader(text.splitlines())
    _require_columns(str(file), reader.fieldnames or ())
    return list(reader)


def _yaml_rows(file: Path, text: str) -> Sequence[Mapping[str, Any]]:
    try:
        content: Any = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise UsageError(f"{file}: cannot be read as YAML") from error
    rows: Any = content.get("sites") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{file}: expected a list of sites, each a mapping with {', '.join(COLUMNS)}")
    return rows


def _site(where: str, row: Mapping[str, Any]) -> SiteProfile:
    _require_columns(where, [str(name) for name in row])
    numbers = [_number(where, name, row[name]) for name in COLUMNS[1:]]
    if row["site"] in (None, ""):
        raise UsageError(f"{where}: site: expected a name")
    try:
        return SiteProfile(str(row["site"]), *numbers)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error


def _require_columns(where: str, found: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise UsageError(f"{where}: expected {', '.join(COLUMNS)}; {', '.join(missing)} missing")


def _number(where: str, name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {name}: expected a number") from error
    if not math.isfinite(number):
        raise UsageError(f"{where}: {name}: expected a number")
    return number
