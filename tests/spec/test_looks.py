"""Several looks share one alpha: each has its own bound, fixed by the planned events alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from monitor.errors import EvidenceError
from monitor.operation.evidence.verify import verify
from monitor.operation.reading.status import status
from monitor.registry import Entry, read_chain
from monitor.validation import HeldLook, held_bound, look_bounds
from monitor.validation.spending import obrien_fleming
from tests.evidence import Scene, bound, forge, replayed, shifted, undrawn

LOOKS = (
    "      minimum_events: 200\n      minimum_patients: 150\n      looks: {events: [200]}\n",
    "      minimum_events: 60\n      minimum_patients: 50\n"
    "      looks: {events: [60, 120, 180], spending: obrien_fleming}\n",
)


JUDGED_BY_MORE = {
    "      on_unresolvable_failure:": (
        "        - {id: G4, metric: sensitivity, at: operating_point, bound: lower, limit: 0.5}\n"
        "        - {id: G5, metric: auc, against: original, bound: lower, margin: -0.03}\n"
        "      subgroups: {harm: {metric: log_loss_difference, margin_relative: -0.05}, multiplicity: holm, "
        "certify_with: bonferroni}\n      on_unresolvable_failure:"
    ),
    "    implementation: manual\n": "    implementation: manual\n    guardrails: {slope: [0.5, 2.0]}\n",
    "\nmonitoring:\n": (
        "  subgroups: [view, {name: elderly_ap, where: \"view = 'AP' and age >= 65\"}]\n\nmonitoring:\n"
    ),
}


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A replay whose log ends after the first look decided nothing."""
    edits = {LOOKS[0]: LOOKS[1].replace("[60, 120, 180]", "[60, 5000]")}
    with undrawn():
        return replayed(bound(tmp_path_factory.mktemp("ends"), shifted("Harbour"), nights=30, edits=edits))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A replay of one shifted site under a plan with three looks."""
    with undrawn():
        edits = {**dict([LOOKS]), **JUDGED_BY_MORE}
        return replayed(bound(tmp_path_factory.mktemp("looks"), shifted("Harbour"), nights=30, edits=edits))


def entries(scene: Scene, *kinds: str) -> list[Entry]:
    return [entry for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind in kinds]


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [(0.025, (4.3326, 2.9631, 2.3590, 2.0141)), (0.05, (3.7496, 2.5399, 2.0161, 1.7202))],
)
def test_bounds_of_four_equal_looks_to_four_digits(alpha: float, expected: tuple[float, ...]) -> None:
    """The values of gsDesign's sfLDOF for one-sided tests."""
    found = look_bounds((125, 250, 375, 500), alpha, "obrien_fleming")
    assert [round(bound.z, 4) for bound in found] == list(expected)
    assert found[-1].alpha_spent == pytest.approx(alpha, abs=1e-12)


def test_looks_at_two_to_five_hundred() -> None:
    found = look_bounds((200, 300, 400, 500), 0.025, "obrien_fleming")
    assert [bound.z for bound in found] == pytest.approx([3.36, 2.69, 2.29, 2.03], abs=0.011)


def test_each_look_is_crossed_first_with_the_alpha_it_was_given() -> None:
    """Sums of normal increments, drawn: what the recursion integrates."""
    events, runs = (60, 120, 180), 400_000
    bounds = look_bounds(events, 0.05, "obrien_fleming")
    steps = np.sqrt(np.diff((0, *events)))
    sums = np.cumsum(np.random.default_rng(1).normal(size=(runs, 3)) * steps, axis=1)
    crossed = sums / np.sqrt(events) > [bound.z for bound in bounds]
    first = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 3)
    spent = np.cumsum([float((first == look).mean()) for look in range(3)])
    for share, item in zip(spent, bounds, strict=True):
        error = (item.alpha_spent * (1 - item.alpha_spent) / runs) ** 0.5
        assert share == pytest.approx(item.alpha_spent, abs=4 * error)


def test_the_first_look_spends_what_the_function_says() -> None:
    """2 - 2 Phi(z_{1-alpha/2} / sqrt t) with t = 1/4 and alpha .05: 2 (1 - Phi(3.92)) = .0000886."""
    assert obrien_fleming(0.25, 0.05) == pytest.approx(2 * norm.sf(2 * 1.959964), rel=1e-5)
    first = look_bounds((1, 4), 0.05, "obrien_fleming")[0]
    assert norm.sf(first.z) == pytest.approx(first.alpha_spent, rel=1e-9)


def test_one_look_has_the_whole_alpha() -> None:
    (only,) = look_bounds((200,), 0.025, None)
    assert (only.alpha_spent, only.nominal_alpha) == (0.025, 0.025)
    assert only.z == pytest.approx(norm.isf(0.025))


@pytest.mark.parametrize(
    ("events", "alpha", "spending"),
    [
        ((), 0.05, None),
        ((2, 1), 0.05, "obrien_fleming"),
        ((1, 2), 0.05, None),
        ((1, 2), 0.5, "obrien_fleming"),
    ],
)
def test_looks_that_no_plan_could_mean_are_refused(
    events: tuple[int, ...], alpha: float, spending: str | None
) -> None:
    with pytest.raises(ValueError, match=r"looks|alpha"):
        look_bounds(events, alpha, spending)


def test_looks_held_as_planned_have_the_planned_bounds() -> None:
    planned = (125, 250, 375, 500)
    expected = look_bounds(planned, 0.025, "obrien_fleming")
    held = [HeldLook(number, events) for number, events in enumerate(planned, start=1)]
    for number in range(1, 5):
        found = held_bound(planned, held[:number], 0.025, "obrien_fleming")
        assert found.z == pytest.approx(expected[number - 1].z, abs=1e-9)


@pytest.mark.parametrize("events", [(190, 200), (190, 1000), (199, 5000)])
def test_rows_that_overshoot_a_look_spend_no_more_than_alpha(events: tuple[int, int]) -> None:
    """Months of outcomes arrive at once after a first look; drawn sums cross with probability alpha."""
    planned, runs = (190, 200), 1_000_000
    held = [HeldLook(1, events[0]), HeldLook(2, events[1])]
    bounds = [held_bound(planned, held[:number], 0.025, "obrien_fleming").z for number in (1, 2)]
    steps = np.sqrt(np.diff((0, *events)))
    sums = np.cumsum(np.random.default_rng(5).normal(size=(runs, 2)) * steps, axis=1)
    crossed = (sums / np.sqrt(events) > bounds).any(axis=1).mean()
    assert crossed == pytest.approx(0.025, abs=4 * (0.025 * 0.975 / runs) ** 0.5)


def test_a_look_that_was_jumped_over_crossed_nothing() -> None:
    last = held_bound((125, 250, 375, 500), [HeldLook(4, 700)], 0.025, "obrien_fleming")
    assert last.z == pytest.approx(norm.isf(0.025))


@pytest.mark.parametrize(
    "held", [[], [HeldLook(2, 120), HeldLook(1, 130)], [HeldLook(1, 90), HeldLook(2, 90)], [HeldLook(3, 90)]]
)
def test_looks_held_out_of_order_are_refused(held: list[HeldLook]) -> None:
    with pytest.raises(ValueError, match="order of the plan"):
        held_bound((60, 120), held, 0.025, "obrien_fleming")


def test_a_look_that_decides_nothing_is_on_record_and_the_change_collects_on(several: Scene) -> None:
    first, last = entries(several, "look", "verdict")[:2]
    assert (first.kind, first.body["look"], first.body["verdict"]) == ("look", 1, None)
    assert first.body["reasons"]
    assert (last.kind, last.body["look"], last.body["verdict"]) == ("verdict", 2, "accept")
    held = [HeldLook(body["look"], body["validation"]["events"]) for body in (first.body, last.body)]
    for number, body in enumerate((first.body, last.body), start=1):
        item = held_bound((60, 120, 180), held[:number], 0.025, "obrien_fleming")
        assert body["z"] == pytest.approx(item.z, rel=1e-9)
        assert body["looks"] == {"planned": [60, 120, 180], "alpha_spent": item.alpha_spent}


def test_rows_of_a_look_include_those_of_the_look_before(several: Scene) -> None:
    first, last = (entry.body["validation"] for entry in entries(several, "look", "verdict")[:2])
    assert first["from"] == last["from"]
    assert first["to"] < last["to"]
    assert last["n"] > first["n"] >= 60


def test_status_names_the_look_and_the_attempts_alpha(several: Scene) -> None:
    (change,) = status(several.path)["changes"]
    assert (change["look"], change["alpha"], change["verdict"]) == (2, 0.025, "accept")


def test_the_dossier_lists_every_look_with_its_bound(several: Scene) -> None:
    text = (several.path / "dossiers" / "CHG-0001" / "dossier.json").read_text(encoding="utf-8")
    held = json.loads(text)["attempt"]["looks_held"]
    assert [(look["look"], look["verdict"]) for look in held] == [(1, None), (2, "accept")]
    page = (several.path / "dossiers" / "CHG-0001" / "dossier.html").read_text(encoding="utf-8")
    assert "none, the change collects on" in page


def test_subgroups_guardrails_and_the_operating_point_are_part_of_each_look(several: Scene) -> None:
    for entry in entries(several, "look", "verdict"):
        assert [row["name"] for row in entry.body["subgroups"]] == ["view = PA", "view = AP", "elderly_ap"]
        assert sum(row["n"] for row in entry.body["subgroups"][:2]) <= entry.body["validation"]["n"]
        assert entry.body["envelope"]["slope"] == pytest.approx(1.0)
        by_id = {row["id"]: row for row in entry.body["criteria"]}
        assert by_id["G5"]["estimate"]["method"].startswith("rank-identical")
        assert by_id["G4"]["estimate"]["low"] < by_id["G4"]["estimate"]["value"]
    page = (several.path / "dossiers" / "CHG-0001" / "dossier.html").read_text(encoding="utf-8")
    assert "elderly_ap" in page


def test_a_change_that_never_reaches_its_last_look_keeps_what_the_one_before_showed(
    unfinished: Scene,
) -> None:
    held, ended = entries(unfinished, "look", "verdict")
    assert (held.kind, ended.kind) == ("look", "verdict")
    assert ended.body["verdict"] == "insufficient"
    assert "5000 are needed" in ended.body["reasons"][0]
    assert ended.body["criteria"] == held.body["criteria"]
    assert ended.body["needed"]["events"] > 1000
    assert verify(unfinished.path).derived > 0


def test_looks_are_derived_again(several: Scene, tmp_path: Path) -> None:
    assert verify(several.path).derived > 0
    forged = several.copy(tmp_path / "forged")

    def easier(found: list[Entry]) -> list[tuple[str, str, dict[str, Any]]]:
        return [
            (entry.kind, entry.at, {**entry.body, "z": 1.0} if entry.kind == "look" else entry.body)
            for entry in found
        ]

    forge(forged.path, easier)
    with pytest.raises(EvidenceError, match=r"look CHG-0001\): z: recorded 1\.0"):
        verify(forged.path)
