"""The subgroups of a look as a forest plot of what each saves."""

from __future__ import annotations

from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.forest import Axis, Row, forest
from monitor.documentation.numbers import rounded

AXIS: Final = Axis("Log loss saved per study (nats)", 0.0, "the candidate is better")
LEGEND: Final = (
    "Log loss that the candidate saves against the calibrator in use, by subgroup; the line reaches to the "
    "lower bound, the arrow says that there is no upper one. Grey bar: the loss that is tolerated; a "
    "subgroup is certified when its bound lies to the right of it. Filled diamond: harmed."
)
DECIMALS: Final = 4


def subgroup_forest(dossier: Record) -> str:
    """SVG of every subgroup that was looked at, with its claim in words."""
    rows = [_row(found) for found in dossier["subgroups"]["found"]]
    return forest("subgroups-figure", "Log loss saved by subgroup", rows, AXIS)


def _row(found: Record) -> Row:
    claim = str(found["status"]).replace("_", " ")
    studies = f"{found['n']:,} studies" if isinstance(found["n"], int) else "studies withheld"
    value, bound = found["value"], found["bound"]
    if value is None or bound is None:
        return Row(found["name"], f"{claim}, {studies}", f"{claim}, {studies}", None, None, None, None, False)
    shown, lower = rounded(value, DECIMALS), rounded(bound, DECIMALS)
    margin = found["margin"]
    tolerated = f", tolerated {rounded(margin, DECIMALS)}" if margin is not None else ""
    return Row(
        label=found["name"],
        detail=f"{shown} (from {lower}); {claim}",
        said=f"{claim}, saves {shown}, lower bound {lower}{tolerated}, {studies}",
        value=value,
        low=bound,
        high=None,
        limit=margin,
        beyond=found["status"] == "harmed",
    )
