"""What a plan must say for each stream, and the sentences it gets when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.plan import check

PLANS = Path(__file__).resolve().parents[2] / "change_plans"
FULL = (PLANS / "chest_xray_pneumothorax.yaml").read_text(encoding="utf-8")
UNDATED = (PLANS / "lidc_nodule.yaml").read_text(encoding="utf-8")
REFERENCE = next(line for line in FULL.splitlines() if line.startswith("  reference:"))
CALIBRATION = "    calibration: {weight: 0.40, tolerance: {logit: 0.1, standard_errors: 1}}\n"
OTHERS = FULL[FULL.index(CALIBRATION) + len(CALIBRATION) : FULL.index("  unseen_category")]
RATE = "{weight: 0.05, tolerance: {logit: 0.2, standard_errors: 2}}"

FAULTS = {
    "weights": (
        ("covariates: {weight: 0.30", "covariates: {weight: 0.50"),
        "the weights sum to more than 1",
    ),
    "no reference": ((REFERENCE + "\n", ""), "the stream prevalence has nothing to compare with"),
    "no arrival days": (("  arrival_days: 1\n", ""), "does not wait for outcomes"),
    "nobody needs the reference": (
        (OTHERS + "  unseen_category: investigate\n", ""),
        "no stream of this plan uses it",
    ),
    "arrival after maturity": (("arrival_days: 1\n", "arrival_days: 90\n"), "would be mature before"),
    "no quality grades": (
        (
            "    alert_rate:",
            "    quality: {weight: 0.01, tolerance: {standardized_difference: 0.1, logit: 0.2, "
            "standard_errors: 2}}\n    alert_rate:",
        ),
        "declares nothing for this stream",
    ),
    "no words of readers": (
        (
            "    alert_rate:",
            "    agreement: {weight: 0.01, tolerance: {logit: 0.2, standard_errors: 2}}\n    alert_rate:",
        ),
        "nothing says what the reader's decisions mean",
    ),
    "no tolerance": (
        (
            "score_mean: {weight: 0.05, tolerance: {logit: 0.1, standard_errors: 1}}",
            "score_mean: {weight: 0.05}",
        ),
        "missing key",
    ),
    "a tolerance of another kind": (
        (
            "score_shape: {weight: 0.05, tolerance: {standardized_difference: 0.1,",
            "score_shape: {weight: 0.05, tolerance: {logit: 0.1,",
        ),
        "unknown key",
    ),
}


def told(folder: Path, text: str) -> str:
    plan = folder / "plan.yaml"
    plan.write_text(text, encoding="utf-8")
    return "\n".join(map(str, check(plan)))


def test_the_shipped_plan_with_every_stream_is_sound(tmp_path: Path) -> None:
    assert told(tmp_path, FULL) == ""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(tmp_path: Path, name: str) -> None:
    (old, new), sentence = FAULTS[name]
    assert FULL.count(old) == 1, old
    assert sentence in told(tmp_path, FULL.replace(old, new))


def test_an_undated_log_takes_calibration_alone(tmp_path: Path) -> None:
    line = next(line for line in UNDATED.splitlines() if line.startswith("    calibration:"))
    found = told(
        tmp_path,
        UNDATED.replace(
            line,
            f"{line}\n    score_shape: {{weight: 0.05, tolerance: "
            "{standardized_difference: 0.1, standard_errors: 2}}",
        ),
    )
    assert "undated logs have one look, which leaves no reference to compare with" in found


def test_an_alert_rate_needs_a_threshold(tmp_path: Path) -> None:
    start, end = FULL.index("    operating_point:"), FULL.index("    abstention:")
    without = FULL[:start] + FULL[end:].replace(FULL[end : FULL.index("\n", end) + 1], "", 1)
    assert "a finding without an operating point has no alerts" in told(tmp_path, without)


def test_a_plan_of_before_has_the_hash_it_had_whatever_keys_are_new(tmp_path: Path) -> None:
    """Absent optional keys do not enter the hash."""
    from monitor.plan import canonical, load

    text = canonical(load(PLANS / "ist_stroke.yaml").plan)
    assert "null" not in text
    assert "reference" not in text.replace("reference_standard", "").replace("score_reference_rows", "")
