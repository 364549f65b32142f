"""A small network under a plan with every stream, for tests of the nights that read them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from monitor.operation.replay import replay
from monitor.simulation import Scenario
from tests.evidence import Scene, bound

STREAMS = """  arrival_days: 1
  reference: {looks: 10, minimum_rows: 300, minimum_events: 30}
  unseen_category: investigate
  streams:
    prevalence: {weight: 0.10, tolerance: {logit: 0.1, standard_errors: 1}}
    covariates: {weight: 0.30, tolerance: {standardized_difference: 0.1, logit: 0.2, standard_errors: 2}}
    missingness: {weight: 0.05, tolerance: {logit: 0.2, standard_errors: 2}}
    score_mean: {weight: 0.05, tolerance: {logit: 0.1, standard_errors: 1}}
    score_shape: {weight: 0.05, tolerance: {standardized_difference: 0.1, standard_errors: 2}}
    alert_rate: {weight: 0.05, tolerance: {logit: 0.2, standard_errors: 2}}
"""
EDITS = {"  streams:\n": STREAMS}
NORTH = Scenario("North", "quiet", "Nothing changes.", "No alarm.", 50.0, 0.15)
RIVERSIDE = Scenario(
    "Riverside", "covariate", "Higher scores.", "No change.", 60.0, 0.12, score_shift=1.2, change_share=0.5
)
ISLAND = Scenario("Island", "small", "Few studies.", "Insufficient.", 4.0, 0.1)

Row = dict[str, str]


def watched(
    folder: Path, *scenarios: Scenario, nights: int = 44, edit: Callable[[Row], Row] | None = None
) -> Scene:
    """A replayed workspace whose prediction log was edited row by row beforehand."""
    scene = bound(folder, *scenarios, nights=nights, edits=EDITS)
    files = scene.made.write(scene.logs)
    if edit is not None:
        rewrite(files.predictions[0], edit)
    replay(
        scene.path,
        files.predictions,
        files.outcomes,
        until=scene.made.complete_on,
        key_file=scene.key,
    )
    return scene


def rewrite(file: Path, edit: Callable[[Row], Row]) -> None:
    """Put every row of a CSV file through a function."""
    with file.open(newline="") as opened:
        reader = csv.DictReader(opened)
        rows, names = [edit(row) for row in reader], list(reader.fieldnames or ())
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, names)
        writer.writeheader()
        writer.writerows(rows)
