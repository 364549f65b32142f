"""The dossier as one self-contained page: no script, no network, every text inert."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from monitor.documentation.evidence import Record
from monitor.documentation.sections import headline_facts, sections
from monitor.documentation.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = ("dossier.html.j2", "index.html.j2", "blocks.html.j2")
FORMS = ("html", "pdf", "json")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
CHANGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
NOT_FOR_CSS = re.compile(r"[^A-Za-z0-9 ._-]")


def dossier_page(dossier: Record, drawings: Mapping[str, str], content_sha256: str) -> str:
    """HTML of one dossier.

    Args:
        dossier: The record, as `dossier()` made it.
        drawings: SVG text by figure name, as `figures()` drew it.
        content_sha256: SHA-256 of dossier.json, printed at the foot.
    """
    from markupsafe import Markup

    identity = dossier["document"]
    return _render(
        "dossier.html.j2",
        dossier=dossier,
        facts=headline_facts(dossier),
        sections=sections(dossier),
        drawings={name: Markup(svg) for name, svg in drawings.items()},  # noqa: S704  our own drawing, its texts escaped
        content_sha256=content_sha256,
        running_head=css_text(_running_head(dossier)),
        running_foot=css_text(f"{identity['change']} - content {content_sha256[:16]}"),
    )


def index_page(dossiers: Sequence[Record]) -> str:
    """HTML that lists dossiers with their verdicts; each links to its own page.

    Args:
        dossiers: Summaries, as `summary()` makes them, in the order to be listed.

    Raises:
        ValueError: An identifier of a change could leave the folder.
    """
    return _render(
        "index.html.j2",
        dossiers=[
            {**item, **{form: dossier_href(item["change"], form) for form in FORMS}} for item in dossiers
        ],
    )


def summary(dossier: Record) -> dict[str, Any]:
    """What the index shows of a dossier."""
    identity, headline = dossier["document"], dossier["headline"]
    return {
        **{key: identity[key] for key in ("change", "site", "finding")},
        **{key: headline[key] for key in ("verdict", "words", "state_words", "summary", "reasons")},
        "banners": [banner["text"] for banner in dossier["banners"]],
    }


def dossier_href(change: str, form: str = "html") -> str:
    """Relative address of a change's dossier in one of its forms.

    Raises:
        ValueError: The identifier holds anything but letters, digits, "_" and "-".

    Example:
        >>> dossier_href("CHG-0001")
        'CHG-0001/dossier.html'
    """
    if not CHANGE_ID.fullmatch(change):
        raise ValueError("the identifier of a change may hold letters, digits, '_' and '-' only")
    return f"{quote(change)}/dossier.{form}"


def css_text(text: str) -> str:
    """Text that cannot end a CSS string or a style element: other characters are left out.

    Example:
        >>> css_text('a";}</style>1.0')
        'astyle1.0'
    """
    return NOT_FOR_CSS.sub("", text)


def _running_head(dossier: Record) -> str:
    plan = dossier["plan"]
    warnings = [banner["text"].upper() for banner in dossier["banners"]]
    return " - ".join([*warnings, f"{plan['id']} {plan['version']}", f"plan {plan['sha256'][:16]}"])


def _render(template: str, **values: Any) -> str:
    from markupsafe import Markup

    style = resources.files("monitor.documentation").joinpath("dossier.css").read_text(encoding="utf-8")
    page = _environment().get_template(template)
    return page.render(**values, style=Markup(style), policy=POLICY) + "\n"  # noqa: S704  our own style sheet


def _environment() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files("monitor.documentation")
    texts = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in TEMPLATES}
    return Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    """Plain texts with their hidden characters made visible; finished markup as it is."""
    return value if hasattr(value, "__html__") or not isinstance(value, str) else visible(value)
