"""Rows of the tables a person reads, from the stable form of `pccp status --json`."""

from __future__ import annotations

from typing import Any

Row = tuple[object, ...]
NEXT_STEP = {
    "collecting": "wait: outcomes are being collected",
    "proposed": "decide: pccp approve or decline",
    "approved": "none",
    "declined": "close {alarm}",
    "rejected": "close {alarm}",
    "insufficient": "close {alarm}, to watch anew",
    "withdrawn": "close {alarm}",
    "void": "close {alarm}",
    "rolled_back": "none",
}
RATES = {"alert_rate": "alerts", "false_positive_rate": "false positives"}
"""Rates that the plan may limit, by their key in the status."""


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
    """log R beside its limit of the stream that is nearest to it; an alarm's own values while one is open.

    Example:
        >>> _distance({"alarms": [{"stream": "unseen_category:vendor", "log_r": None, "log_limit": None}]})
        'unseen category: vendor'
        >>> _distance({"alarms": [], "streams": [{"stream": "calibration", "log_r": 1.0, "log_limit": 9.8}]})
        '1.0 / 9.8 calibration'
    """
    shown = site["alarms"] or [item for item in site["streams"] if item["log_r"] is not None]
    if not shown:
        return None
    nearest = max(shown, key=_share)
    if nearest["log_r"] is None:
        return _in_words(nearest["stream"])
    return f"{nearest['log_r']:.1f} / {nearest['log_limit']:.1f} {_in_words(nearest['stream'])}"


def _share(stream: dict[str, Any]) -> float:
    """Evidence as a share of its limit; what is no statistic counts as exactly there."""
    return 1.0 if stream["log_r"] is None else stream["log_r"] / stream["log_limit"]


def _in_words(stream: str) -> str:
    return stream.replace("_", " ").replace(":", ": ")


def _next_step(site: dict[str, Any], change: dict[str, Any] | None) -> str:
    if change and change["state"] == "deployed" and (change.get("follow_up") or {}).get("rollback_proposed"):
        return "decide: the change did harm, see pccp rollback"
    calibration = [alarm for alarm in site["alarms"] if alarm["stream"] == "calibration"]
    if calibration:
        step = NEXT_STEP.get(change["state"], "none") if change else "close {alarm}"
        return step.format(alarm=calibration[0]["alarm"])
    if site["alarms"]:
        return f"look into it: pccp review; then pccp close {site['alarms'][0]['alarm']}"
    above = [rate for rate in map(site.get, RATES) if rate and rate["above_limit"]]
    if above:
        limit, what = above[0]["limit_per_100_studies"], RATES[_name_of(site, above[0])]
        return f"look: {above[0]['value']:.1f} {what} in 100 studies, the plan's limit is {limit:g}"
    return "none" if site["status"] in ("ok", "watch") else _still_missing(site)


def _name_of(site: dict[str, Any], rate: dict[str, Any]) -> str:
    return next(name for name in RATES if site.get(name) is rate)


def _still_missing(site: dict[str, Any]) -> str:
    events = site.get("needed", {}).get("events")
    return f"wait: {events} more events needed" if events else "wait: no outcome has matured"


def _last_change(status: dict[str, Any], site: dict[str, Any]) -> dict[str, Any] | None:
    place = (site["site"], site["finding"])
    of_place = [change for change in status["changes"] if (change["site"], change["finding"]) == place]
    return of_place[-1] if of_place else None


def _counted(window: dict[str, Any]) -> str | None:
    return f"{window['n']} ({window['events']})" if window["n"] else None
