"""Prints how long the overview of a large network takes to load and to answer, in Chromium.

Usage: python -m tests.browser.overview_speed [--places 500] [--review FOLDER]

It times nothing that a test relies on: run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from monitor.documentation.review import write_review
from tests.browser.keyboard import Keyboard, keyboard
from tests.review_examples import report

LOADED = """(({domInteractive, loadEventEnd}) => [domInteractive, loadEventEnd])(
  performance.getEntriesByType('navigation')[0])"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
WATCH = """window.waits = []; new PerformanceObserver((list) => {
  for (const {name, duration} of list.getEntries()) window.waits.push([name, duration]);
}).observe({type: "event", durationThreshold: 16});"""
SETTLED = "new Promise((done) => setTimeout(() => done(window.waits.splice(0)), 300))"
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=500)
    parser.add_argument(
        "--review", type=Path, help="pages that are there already, as `pccp review` wrote them"
    )
    options = parser.parse_args()
    chromium = os.environ.get("PCCP_CHROMIUM") or shutil.which("chromium") or "google-chrome"
    with tempfile.TemporaryDirectory() as folder, keyboard(Path(chromium)) as keys:
        front = (
            options.review / "index.html"
            if options.review
            else write_review(report(options.places), Path(folder))[0]
        )
        print(f"{front.name}: {front.stat().st_size / 1e6:.2f} MB")
        loads = [load(keys, front) for _ in range(ROUNDS)]
        for name, *times in zip(("interactive", "loaded", "painted"), *loads, strict=True):
            print(f"{name:<24}{statistics.median(times):8.0f} ms, most {max(times):.0f} ms")
        for name, seconds in answers(keys).items():
            print(f"{name:<24}{seconds:8.0f} ms at most, from the key to the next paint")


def load(keys: Keyboard, front: Path) -> list[float]:
    """Milliseconds to an interactive, a loaded and a painted page."""
    keys.send("Page.navigate", url="about:blank")
    keys.open(front)
    keys.answer(SETTLED.replace("window.waits.splice(0)", "0"))
    return [*keys.value(LOADED), keys.value(PAINTED)]


def answers(keys: Keyboard) -> dict[str, float]:
    """Milliseconds of the slowest answer to a key, by what was done; 16 and less count as 16."""
    keys.value(WATCH)
    found = {"tab to the filter": _slowest(keys)}
    while keys.value("document.activeElement.id") != "find":
        keys.press("Tab")
    found["tab to the filter"] = _slowest(keys)
    keys.type("hill")
    found["type a filter"] = _slowest(keys)
    keys.press("Escape")
    found["clear the filter"] = _slowest(keys)
    keys.tab_to("Studies")
    found["tab to a column"] = _slowest(keys)
    keys.press("Enter")
    found["sort by it"] = _slowest(keys)
    keys.press("Enter")
    found["sort the other way"] = _slowest(keys)
    for _ in range(60):
        keys.press("Tab")
    found["tab through places"] = _slowest(keys)
    return found


def _slowest(keys: Keyboard) -> float:
    return max([16.0, *(duration for _, duration in keys.answer(SETTLED))])


if __name__ == "__main__":
    main()
