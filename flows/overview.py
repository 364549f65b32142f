"""Rows of the tables a person reads, from the stable form of `pccp status --json`."""

from __future__ import annotations

from typing import Any

Row = tuple[object, ...]
NEXT_STEP = {
    "collecting": "wait: outcomes are being collected",
    "proposed": "decide: pccp approve or decline",
    "approved": "none",
    "declined": "close the alarm",
    "rejected": "close the alarm",
    "insufficient": "close the alarm, to watch anew",
    "withdrawn": "close the alarm",
    "void": "close the alarm",
    "rolled_back": "none",
}


def site_rows(status: dict[str, Any]) -> list[Row]:
    """One row per site and finding: status, counts, distance to the limit, what to do next."""
    return [_site_row(site, _last_change(status, site)) for site in status["sites"]]


def change_rows(changes: list[dict[str, Any]]) -> list[Row]:
    """One row per change attempt."""
    return [
        (
            change["id"],
            change["site"],
            change["finding"],
            change["kind"],
            change["state"],
            change["verdict"],
            _counted(change["fit"]),
            _counted(change["validation"]),
        )
        for change in changes
    ]


def _site_row(site: dict[str, Any], change: dict[str, Any] | None) -> Row:
    calibrator = site["calibrator"]
    return (
        site["site"],
        site["finding"],
        site["status"],
        site["n"],
        site["events"],
        _distance(site),
        f"{calibrator['version']} {calibrator['kind']}",
        f"{change['id']} {change['state']}" if change else None,
        _next_step(site, change),
    )


def _distance(site: dict[str, Any]) -> str | None:
    """log R beside the limit it is compared with; an alarm's own value while it is open."""
    if site["alarms"]:
        alarm = site["alarms"][0]
        return f"{alarm['log_r']:.1f} / {alarm['log_limit']:.1f}"
    if site.get("log_r") is None:
        return None
    return f"{site['log_r']:.1f} / {site['log_limit']:.1f}"


def _next_step(site: dict[str, Any], change: dict[str, Any] | None) -> str:
    if change and change["state"] == "deployed" and (change.get("follow_up") or {}).get("rollback_proposed"):
        return "decide: the change did harm, see pccp rollback"
    if not site["alarms"]:
        alerts = site.get("alert_rate")
        if alerts and alerts["above_limit"]:
            limit = alerts["limit_per_100_studies"]
            return f"look: {alerts['value']:.1f} alerts in 100 studies, the plan's limit is {limit:g}"
        return "none" if site["status"] in ("ok", "watch") else _still_missing(site)
    if change is None:
        return "close the alarm"
    return NEXT_STEP.get(change["state"], "none")


def _still_missing(site: dict[str, Any]) -> str:
    events = site.get("needed", {}).get("events")
    return f"wait: {events} more events needed" if events else "wait: no outcome has matured"


def _last_change(status: dict[str, Any], site: dict[str, Any]) -> dict[str, Any] | None:
    place = (site["site"], site["finding"])
    of_place = [change for change in status["changes"] if (change["site"], change["finding"]) == place]
    return of_place[-1] if of_place else None


def _counted(window: dict[str, Any]) -> str | None:
    return f"{window['n']} ({window['events']})" if window["n"] else None
