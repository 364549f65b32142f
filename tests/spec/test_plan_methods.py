"""A plan lists exactly the methods that its numbers of events can lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.plan import check, load

DATED = (Path(__file__).parents[2] / "change_plans" / "chest_xray_pneumothorax.yaml").read_text(
    encoding="utf-8"
)
METHODS = "description_of_modifications.0.methods"
EVENTS_FOR = "modification_protocol.retraining.0.events_for"


def written(folder: Path, methods: str, events_for: str) -> Path:
    text = DATED
    for old, new in (
        ("methods: [intercept, platt]", methods),
        ("events_for: {closed_test: 100}", events_for),
    ):
        assert old in text
        text = text.replace(old, new)
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_method_with_its_events_is_a_sound_plan(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "methods: [intercept, platt, pooled, beta, isotonic]",
        "events_for: {pooled: 10, closed_test: 100, flexible: 1000}",
    )
    events_for = load(path).plan.retraining.events_for
    assert (events_for.least, events_for.closed_test, events_for.flexible) == (10, 100, 1000)


def test_without_pooling_the_closed_test_is_the_least(tmp_path: Path) -> None:
    path = written(tmp_path, "methods: [platt]", "events_for: {closed_test: 100}")
    assert load(path).plan.retraining.events_for.least == 100


@pytest.mark.parametrize(
    ("methods", "events_for", "key", "sentence"),
    [
        ("[platt, pooled]", "{closed_test: 100}", f"{METHODS}.1", "pooled needs events_for.pooled"),
        ("[beta]", "{closed_test: 100}", f"{METHODS}.0", "beta needs events_for.flexible"),
        ("[platt, isotonic]", "{pooled: 10, closed_test: 100}", f"{METHODS}.1", "isotonic needs"),
        ("[platt]", "{pooled: 10, closed_test: 100}", f"{EVENTS_FOR}.pooled", "no method listed needs it"),
        ("[platt]", "{closed_test: 100, flexible: 1000}", f"{EVENTS_FOR}.flexible", "beta or isotonic"),
        ("[platt, pooled]", "{pooled: 100, closed_test: 100}", f"{EVENTS_FOR}.closed_test", "no more events"),
        ("[platt, beta]", "{closed_test: 1000, flexible: 1000}", f"{EVENTS_FOR}.flexible", "no more events"),
        ("[platt, pooled]", "{pooled: 9, closed_test: 100}", f"{EVENTS_FOR}.pooled", "10"),
        ("[platt, beta]", "{closed_test: 100, flexible: 999}", f"{EVENTS_FOR}.flexible", "1000"),
    ],
)
def test_a_plan_that_promises_more_or_less_is_refused(
    tmp_path: Path, methods: str, events_for: str, key: str, sentence: str
) -> None:
    faults = check(written(tmp_path, f"methods: {methods}", f"events_for: {events_for}"))
    found = [str(fault) for fault in faults if fault.key == key]
    assert found, "\n".join(map(str, faults))
    assert sentence in found[0]
