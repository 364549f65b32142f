"""File names, links and commands made from names that nobody may trust."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from monitor.documentation.evidence import Record
from monitor.documentation.visible import visible
from monitor.hashing import sha256_record, sha256_text

PLACE_PAGE: Final = re.compile(r"place-[a-z0-9-]{0,40}-[0-9a-f]{12}\.html")
"""Every file that a page of a place can be written to, and no other."""
CHANGE_PAGE: Final = re.compile(r"change-[a-z0-9-]{0,40}-[0-9a-f]{12}\.html")
"""Likewise of a change."""
DOSSIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
LONGEST: Final = 40
STEP: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
CAUSES: Final = "data, population, device, practice, none or other"


def place_page(place: Record) -> str:
    """Name of a place's page: a readable part, and a hash that keeps alike names apart.

    Example:
        >>> place_page({"site": "../St. Märy's", "finding": "nodule"})
        'place-st-mary-s-nodule-26b583896f7d.html'
    """
    names = [str(place.get("site")), str(place.get("finding"))]
    return f"place-{_readable(names)}-{sha256_record(names)[:12]}.html"


def change_page(change: Record) -> str:
    """Name of a change's page, made as that of a place.

    Example:
        >>> change_page({"id": "CHG-0001"})
        'change-chg-0001-1febd0d98237.html'
    """
    names = [str(change.get("id"))]
    return f"change-{_readable(names)}-{sha256_record(names)[:12]}.html"


def dossier_address(change: Record, form: str = "html") -> str | None:
    """Where the dossier of a change lies, beside the folder of these pages; None where there is none.

    Args:
        change: Of the report; its `dossier` tells whether there is one.
        form: html, pdf or json.

    Example:
        >>> dossier_address({"id": "CHG-0001", "dossier": True})
        '../dossiers/CHG-0001/dossier.html'
        >>> dossier_address({"id": "../x", "dossier": True}) is None
        True
    """
    name = str(change.get("id"))
    known = change.get("dossier") and DOSSIER.fullmatch(name)
    return f"../dossiers/{name}/dossier.{form}" if known else None


def _readable(names: list[str]) -> str:
    plain = unicodedata.normalize("NFKD", " ".join(names)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")


def inside(address: Any) -> str | None:
    """A relative address that stays in the folder and opens a page; None for every other.

    Example:
        >>> inside("evidently/harbour.html"), inside("../x.html"), inside("javascript:alert(1)//.html")
        ('evidently/harbour.html', None, None)
    """
    if not isinstance(address, str) or not address.endswith(".html"):
        return None
    whole = all(STEP.fullmatch(step) for step in address.split("/"))
    return quote(address) if whole else None


def anchor(alarm: Mapping[str, Any]) -> str:
    """Identifier of an alarm on its page: its name, or a hash of a name that is no plain word.

    Example:
        >>> anchor({"alarm": "ALM-0001"}), anchor({"alarm": "<b>"})
        ('alarm-ALM-0001', 'alarm-507ca5a2742e')
    """
    name = str(alarm.get("alarm"))
    return f"alarm-{name if STEP.fullmatch(name) else sha256_text(name)[:12]}"


def close_command(alarm: str, workspace: str) -> str:
    """The command that closes an alarm; it is refused until CAUSE is replaced by one of the causes.

    Example:
        >>> print(close_command("ALM-0001", "my work"))
        pccp close 'my work' ALM-0001 --signer 'NAME' --role 'ROLE' --cause CAUSE --reason 'REASON'
    """
    where, what = shlex.quote(visible(workspace)), shlex.quote(visible(alarm))
    return f"pccp close {where} {what} --signer 'NAME' --role 'ROLE' --cause CAUSE --reason 'REASON'"


def sign_command(verb: str, change: str, workspace: str, role: str = "ROLE") -> str:
    """The command by which a person of a role approves or declines a change.

    Example:
        >>> print(sign_command("approve", "CHG-0001", "my work", "qa_lead"))
        pccp approve 'my work' CHG-0001 --signer 'NAME' --role qa_lead --key 'KEYFILE' --meaning 'MEANING'
    """
    where, what, who = (shlex.quote(visible(text)) for text in (workspace, change, role))
    return f"pccp {verb} {where} {what} --signer 'NAME' --role {who} --key 'KEYFILE' --meaning 'MEANING'"


def rollback_command(place: Record, workspace: str, *, with_key: bool) -> str:
    """The command that returns a place to the calibrator that was approved before.

    Example:
        >>> print(rollback_command({"site": "St Mary", "finding": "nodule"}, "net", with_key=False))
        pccp rollback net --site 'St Mary' --finding nodule --signer 'NAME' --role 'ROLE' --reason 'REASON'
    """
    texts = (workspace, str(place.get("site")), str(place.get("finding")))
    where, site, finding = (shlex.quote(visible(text)) for text in texts)
    key = "--key 'KEYFILE' " if with_key else ""
    return (
        f"pccp rollback {where} --site {site} --finding {finding} --signer 'NAME' --role 'ROLE' "
        f"{key}--reason 'REASON'"
    )
