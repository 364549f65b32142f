"""The other sites' rows for a fit that borrows from them, and what the record says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.calibration import SaturatedScoreError, SiteRows, winsorised_logit
from monitor.operation.attempt.windows import Knowledge, pool_sha256, pool_windows
from monitor.operation.workspace import Workspace
from monitor.records import Rows
from monitor.registry import Change


@dataclass(frozen=True)
class Pool:
    """The other sites.

    Attributes:
        sites: Their rows, in the order of their names.
        record: Sites left out, and the hash of all rows that were read.
    """

    sites: tuple[SiteRows, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])


NO_POOL = Pool()


def other_sites(workspace: Workspace, change: Change, rows: Rows, knowledge: Knowledge) -> Pool:
    """Usable rows of the change's finding at every other site, in the cohorts of its fitting window.

    Each site is winsorised by itself; one whose export is saturated is left out and counted.

    Args:
        workspace: With the plan and the store.
        change: The change to fit.
        rows: Its fitting window, at least one row.
        knowledge: Of the night.
    """
    windows = pool_windows(workspace, change, str(rows.cohort.max()), knowledge)
    sites = [site for window in windows if (site := _winsorised(window)) is not None]
    record = {"left_out": len(windows) - len(sites), "others_sha256": pool_sha256(windows)}
    return Pool(tuple(sites), record)


def _winsorised(window: Rows) -> SiteRows | None:
    try:
        x, _ = winsorised_logit(window.score)
    except SaturatedScoreError:
        return None
    return SiteRows(x, window.outcome)
