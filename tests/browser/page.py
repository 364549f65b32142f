"""An HTML page as tests look at it: its text, numbers, links, and whether it is well formed."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "base"}
QUIET = {"style", "script"}


@dataclass
class Page:
    """What was found; `faults` is empty for a page whose tags close in order."""

    source: str
    text: str = ""
    title: str = ""
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    numbers: list[tuple[float, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def sections(self) -> list[str]:
        return [attributes["id"] for tag, attributes in self.tags if tag == "section"]

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.tags if tag == "a"]

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


class _Reader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page(source)
        self.open: list[str] = []
        self.value: str | None = None
        self.feed(source)
        self.close()
        self.page.faults += [f"<{tag}> is never closed" for tag in self.open]
        self.page.text = " ".join(self.page.text.split(" "))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.page.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "data":
            self.value = attributes["value"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.page.faults.append(f"</{tag}> out of order at {self.getpos()}")
        if tag == "data":
            self.value = None

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in QUIET:
            return
        if self.open and self.open[-1] == "title" and "svg" not in self.open:
            self.page.title = data
        if self.value is not None:
            self.page.numbers.append((float(self.value), data))
        self.page.text += data


def parse(source: str) -> Page:
    """Read a page."""
    return _Reader(source).page
