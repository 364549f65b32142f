"""From values to pages: every text inert, nothing loaded, no script but the one whose hash the page names."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from monitor.documentation.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from monitor.documentation.review.desk import Desk

HERE: Final = "monitor.documentation.review"
BESIDE: Final = "monitor.documentation"
TEMPLATES: Final = {
    **dict.fromkeys(
        (
            *("review.html.j2", "pieces.html.j2", "front.html.j2", "place.html.j2", "alarms.html.j2"),
            *("document.html.j2", "ledger.html.j2", "form.html.j2"),
        ),
        HERE,
    ),
    "blocks.html.j2": BESIDE,
}
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; {script}base-uri 'none'; form-action {to}"


def rendered(template: str, values: Mapping[str, Any], *, script: str = "", desk: Desk | None = None) -> str:
    """HTML of one page.

    Args:
        template: One of `TEMPLATES`.
        values: What it needs; texts are escaped, only what `drawn` returned is not.
        script: The one script that the page may run; none when empty.
        desk: Of the session in which the page is shown; None for a file, which has no form and sends nothing.
    """
    allowed = f"script-src '{script_hash(script)}'; " if script else ""
    style = text_of(BESIDE, "dossier.css") + text_of(HERE, "review.css")
    page = environment().get_template(template)
    policy = POLICY.format(script=allowed, to="'self'" if desk else "'none'")
    marked = {"style": drawn(style), "script": drawn(script), "policy": policy, "desk": desk}
    return page.render(**values, **marked) + "\n"


def drawn(markup: str) -> Markup:
    """Our own drawing, style or script, whose texts are escaped already."""
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704  never called with a text of the report


def script_hash(script: str) -> str:
    """What a page's policy calls this script.

    Example:
        >>> script_hash("")
        'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def text_of(package: str, name: str) -> str:
    """A file of this program."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Templates that escape every text, show hidden characters and refuse a missing value."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    texts = {name: text_of(package, name) for name, package in TEMPLATES.items()}
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
