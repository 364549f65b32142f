"""The truth of the simulated network beside what the product found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.simulation import SiteTruth

HEADER = ("site", "what was planted", "what a correct product does", "what was found", "")
RIGHT, WRONG, TOO_SHORT = "as it should", "NOT as it should", "run too short to tell"
RIGHT_END = {"intercept": "accept", "small": "insufficient", "reverting": "reject"}
"""Verdict of the first change that each planted shift should end in."""

Row = tuple[object, ...]


def comparison(truth: Sequence[SiteTruth], status: dict[str, Any], *, complete: bool) -> list[Row]:
    """One row per site: planted, expected, found, and whether they agree.

    Args:
        truth: Of the network.
        status: Of the workspace, as `pccp status --json` prints it.
        complete: Whether the run was long enough for every story to end.
    """
    return [
        (
            site.site,
            site.description,
            site.expected,
            _found(changes, others),
            _agrees(site, changes, others, complete),
        )
        for site in truth
        for changes in [[change for change in status["changes"] if change["site"] == site.site]]
        for others in [_other_alarms(status, site.site)]
    ]


def _other_alarms(status: dict[str, Any], site: str) -> list[dict[str, Any]]:
    """Open alarms of streams that open no change, in the order of their nights."""
    found = [alarm for item in status["sites"] if item["site"] == site for alarm in item["alarms"]]
    return sorted(
        (alarm for alarm in found if alarm["stream"] != "calibration"), key=lambda alarm: alarm["night"]
    )


def _agrees(
    site: SiteTruth, changes: list[dict[str, Any]], others: list[dict[str, Any]], complete: bool
) -> str:
    if site.kind not in RIGHT_END:
        moved = site.kind == "covariate"
        if changes or (others and not moved):
            return WRONG
        return RIGHT if others or not moved else WRONG if complete else TOO_SHORT
    if changes and changes[0]["verdict"] == RIGHT_END[site.kind] and len(changes) == 1:
        return RIGHT
    return WRONG if complete else TOO_SHORT


def _found(changes: list[dict[str, Any]], others: list[dict[str, Any]]) -> str:
    """Every change of a site in words, and the alarms that opened none.

    Example:
        >>> _found([], [])
        'No alarm and no change.'
        >>> _found([], [{"stream": "score_mean", "night": "2026-03-17"}])
        'No change. To be looked into: score mean (2026-03-17).'
    """
    if not changes and not others:
        return "No alarm and no change."
    told = [_told(change) for change in changes] or ["No change."]
    if others:
        named = (f"{alarm['stream'].replace('_', ' ')} ({alarm['night']})" for alarm in others)
        told.append(f"To be looked into: {', '.join(named)}.")
    return " ".join(told)


def _told(change: dict[str, Any]) -> str:
    alarm, fit, judged = change["alarm"], change["fit"], change["validation"]
    parts = [
        f"Alarm on {alarm['night']} (log R {alarm['log_r']:.1f}, limit {alarm['log_limit']:.1f}); "
        f"{change['id']} {change['kind']}"
    ]
    if fit["n"]:
        parts.append(f"fitted on {fit['n']} studies ({fit['events']} events)")
    if judged["n"]:
        parts.append(f"judged on {judged['n']} ({judged['events']} events)")
    ends = dict.fromkeys((change["verdict"] or "no verdict", change["state"]))
    return f"{', '.join(parts)}: {', '.join(ends)}.{_needed(change)}"


def _needed(change: dict[str, Any]) -> str:
    needed = change["needed"]
    if not needed or not needed.get("events"):
        return ""
    forecast = f", expected by {needed['forecast']}" if needed.get("forecast") else ""
    return f" {needed['events']} more events needed{forecast}."
