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
from collections.abc import Callable
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
    parser.add_argument("--review", type=Path, help="a folder of pages, as `pccp review` wrote them")
    options = parser.parse_args()
    chromium = os.environ.get("PCCP_CHROMIUM") or shutil.which("chromium") or "google-chrome"
    with tempfile.TemporaryDirectory() as folder, keyboard(Path(chromium)) as keys:
        front = options.review / "index.html" if options.review else None
        front = front or write_review(report(options.places), Path(folder))[0]
        print(f"{front.name}: {front.stat().st_size / 1e6:.2f} MB")
        keys.send("Performance.enable", timeDomain="threadTicks")
        loads = [load(keys, front) for _ in range(ROUNDS)]
        for name, *times in zip(("interactive", "loaded", "painted"), *loads, strict=True):
            print(f"{name:<24}{statistics.median(times):6.0f} ms, most {max(times):.0f} ms")
        print(f"{'what is done by keys':<24}{'key to paint, at most':>24}{'work of the page in all':>26}")
        for name, (waited, worked) in answers(keys).items():
            print(f"{name:<24}{waited:21.0f} ms{worked:23.0f} ms")


def load(keys: Keyboard, front: Path) -> list[float]:
    """Milliseconds to an interactive, a loaded and a painted page."""
    keys.send("Page.navigate", url="about:blank")
    keys.open(front)
    keys.promised(SETTLED.replace("window.waits.splice(0)", "0"))
    return [*keys.value(LOADED), keys.value(PAINTED)]


def answers(keys: Keyboard) -> dict[str, tuple[float, float]]:
    """Of each act the slowest answer to a key, 16 or more, and the processor time of all; milliseconds."""
    keys.value(WATCH)
    acts: dict[str, Callable[[], object]] = {
        "tab to the filter": lambda: _tab_to_filter(keys),
        "type a filter": lambda: keys.type("hill"),
        "clear the filter": lambda: keys.press("Escape"),
        "tab to a column": lambda: keys.tab_to("Studies"),
        "sort by it": lambda: keys.press("Enter"),
        "sort the other way": lambda: keys.press("Enter"),
        "tab through 60 links": lambda: [keys.press("Tab") for _ in range(60)],
    }
    found: dict[str, tuple[float, float]] = {}
    for name, act in acts.items():
        before = _worked(keys)
        act()
        waits = [duration for _, duration in keys.promised(SETTLED)]
        found[name] = max([16.0, *waits]), _worked(keys) - before
    return found


def _tab_to_filter(keys: Keyboard) -> None:
    while keys.value("document.activeElement.id") != "find":
        keys.press("Tab")


def _worked(keys: Keyboard) -> float:
    """Milliseconds that the page's own thread has worked."""
    metrics = {item["name"]: item["value"] for item in keys.send("Performance.getMetrics")["metrics"]}
    return 1000 * metrics["TaskDuration"]


if __name__ == "__main__":
    main()
