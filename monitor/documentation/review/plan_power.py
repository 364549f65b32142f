"""What the plan could accept at each site's volume and prevalence: a curve and the power table."""

from __future__ import annotations

import shlex
from typing import Final

from monitor.documentation.blocks import Aside, Block, Bullets, Cell, Drawing, Mark, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.power_curve import CANDIDATES, LEGEND, WANTED
from monitor.documentation.numbers import FIXED_SPACE, Number, rounded
from monitor.documentation.review.loose import many, not_computed, part
from monitor.documentation.review.pieces import Command, Part, Piece
from monitor.documentation.visible import visible
from monitor.documentation.wording import counted, listed

TITLE: Final = "What it could accept"
SHARES: Final = ("Months to the looks", "Perfect accepted", "Useful accepted", "Harmful accepted", "Answer")


def power_part(power: Record, workspace: str) -> Part:
    """The power table of the plan page, its curve, and the command that makes it with more runs.

    Args:
        power: The record of `pccp plan power` for the sites of the workspace; empty when not asked for.
        workspace: Its folder, for the command.
    """
    command = _command(workspace)
    if not many(power, "sites"):
        found = {"reason": power.get("reason") or "the review was made without it"}
        return Part("power", TITLE, (not_computed(found), command))
    pieces: list[Piece] = [Sentence(_words(power)), *_sites_left_out(power)]
    if part(power, "curves").get("lines"):
        pieces.append(Drawing("power", f"At {part(power, 'curves')['site']}. {LEGEND}"))
    pieces += [power_table(power), _candidates(power), command]
    return Part("power", TITLE, tuple(pieces))


def power_table(power: Record) -> Table:
    """One row for each site: what it is, events each criterion needs, months, and what would be accepted."""
    names = [_needed_name(found) for found in many(power["sites"][0], "needed")]
    undated = power["sites"][0].get("months_to_look") is None
    volume = "Studies in the cohort" if undated else "Studies a month"
    columns = ("Site", volume, "Prevalence", "AUC", *names, *SHARES)
    caption = (
        f"Events that each criterion needs (probability {WANTED}), and shares of {power.get('runs')} first "
        "attempts accepted by the last look, ± Monte Carlo standard error"
    )
    rows = tuple(_row(site) for site in power["sites"])
    return Table("power", caption, columns, rows, wide=True)


def _needed_name(found: Record) -> str:
    must = "" if found.get("require") == "demonstrated" else ", not contradicted"
    return f"Events for {found.get('criterion')}{must}"


def _row(site: Record) -> tuple[Cell, ...]:
    needed: list[Cell] = [
        "never" if found["events"] is None else Number(found["events"]) for found in many(site, "needed")
    ]
    months = site.get("months_to_look")
    wait: Cell = "one cohort" if not months else Stack(tuple(Number(m, 1) for m in months))
    accepted = [_share(site["passing"][name][-1]["accepted"]) for name in CANDIDATES]
    answer = Mark("ok", "enough") if site.get("perfect_passes") else Mark("watch", f"below {WANTED}")
    return (
        str(site.get("site")),
        Number(site.get("studies_per_month"), 0),
        Number(site.get("prevalence"), 3),
        Number(site.get("auc"), 3),
        *needed,
        wait,
        *accepted,
        answer,
    )


def _share(found: Record) -> str:
    return f"{rounded(found['value'], 2)}{FIXED_SPACE}±{FIXED_SPACE}{rounded(found['error'], 2)}"


def _words(power: Record) -> str:
    """The answer first.

    Example:
        >>> _words({"sites": [{"site": "A", "perfect_passes": True}, {"site": "B"}]})[-46:]
        'ability 0.8 or more at 1 of 2 sites; not at B.'
    """
    sites = many(power, "sites")
    failing = [str(site.get("site")) for site in sites if not site.get("perfect_passes")]
    where = "typical sites" if power.get("typical") else counted(len(sites), "site")
    text = (
        f"A candidate that is exactly right would be accepted with probability {WANTED} or more at "
        f"{len(sites) - len(failing)} of {where}"
    )
    return f"{text}; not at {listed(failing)}." if failing else f"{text}."


def _sites_left_out(power: Record) -> list[Block]:
    blocks: list[Block] = []
    if power.get("typical"):
        blocks.append(
            Aside("No site of this workspace has ten events yet; these are typical sites, not your own.")
        )
    if few := [str(name) for name in power.get("too_few") or []]:
        text = f"Not enough to describe {listed(few)}: ten events with known outcomes are needed."
        blocks.append(Aside(text))
    if untried := power.get("untried"):
        text = f"{untried} more sites are not tried here; those shown span the network by events a month."
        blocks.append(Aside(text))
    return blocks


def _candidates(power: Record) -> Bullets:
    told = part(power, "candidates")
    return Bullets(tuple(f"{str(name).capitalize()}: {text}." for name, text in told.items()))


def _command(workspace: str) -> Command:
    where = shlex.quote(visible(workspace))
    plan = shlex.quote(visible(f"{workspace}/plan.yaml"))
    return Command("Every site, with more runs:", f"pccp plan power {plan} --workspace {where} --runs 1000")
