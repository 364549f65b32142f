"""Has the mix of studies changed, all covariates together, and does the score give the site away?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.drift.domain import (
    DomainRule,
    DomainShift,
    Sample,
    Scored,
    audit_shortcut,
    classify_domains,
    name_carriers,
)
from monitor.logistic import expit

RULE = DomainRule(folds=5, permutations=99, alpha=0.05, minimum_patients=50)
CHEAP = DomainRule(folds=3, permutations=39, alpha=0.05, minimum_patients=50)


def people(prefix: str, patients: int, studies: int = 1) -> np.ndarray:
    return np.array([f"{prefix}{one}" for one in range(patients) for _ in range(studies)], dtype=object)


def text(values: Any) -> np.ndarray:
    return np.array(list(values), dtype=object)


def classify(
    reference: dict[str, np.ndarray], window: dict[str, np.ndarray], *, rule: DomainRule = RULE, seed: int = 1
) -> DomainShift:
    """Of samples with one study a patient."""
    samples = [
        Sample({name: values.copy() for name, values in covariates.items()}, people(prefix, size(covariates)))
        for prefix, covariates in (("r", reference), ("w", window))
    ]
    return classify_domains(samples[0], samples[1], rule=rule, rng=np.random.default_rng(seed))


def size(covariates: dict[str, np.ndarray]) -> int:
    return len(next(iter(covariates.values())))


def normal(rng: np.random.Generator, rows: int, columns: int = 4) -> dict[str, np.ndarray]:
    return {f"x{number}": rng.normal(size=rows) for number in range(columns)}


def carrying(found: DomainShift) -> list[str]:
    return [carrier.name for carrier in found.carriers if carrier.carries]


# Without a shift


def test_without_a_shift_five_in_a_hundred_windows_have_p_at_most_five_hundredths() -> None:
    """300 windows: share, mean of p and coverage of the intervals lie within three Monte Carlo errors."""
    rng, runs = np.random.default_rng(20261122), 300
    found = [classify(normal(rng, 80, 2), normal(rng, 60, 2), rule=CHEAP, seed=run) for run in range(runs)]
    p = np.array([one.p_value for one in found])
    holds = np.mean([one.area.low <= 0.5 <= one.area.high for one in found])
    assert abs((p <= 0.05).mean() - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / runs)
    assert abs(p.mean() - 0.5125) <= 3 * np.sqrt(1 / 12 / runs)
    assert p.min() >= 1 / 40
    assert holds >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)


def test_a_p_value_is_never_zero_however_large_the_shift() -> None:
    found = classify({"x": np.arange(60.0)}, {"x": 100 + np.arange(60.0)})
    assert found.p_value == 1 / 100
    assert (found.area.value, found.area.low) == (1.0, None)


def test_without_a_shift_nothing_is_said_to_carry_it() -> None:
    rng = np.random.default_rng(4)
    found = classify(normal(rng, 300), normal(rng, 100))
    assert found.state == "no_shift_seen"
    assert carrying(found) == []
    assert name_carriers(found) == found.reason


def test_a_shift_is_not_called_absent_when_patients_are_missing() -> None:
    rng = np.random.default_rng(5)
    found = classify(normal(rng, 48), normal(rng, 20))
    assert found.state == "insufficient"
    assert found.reason == "patients missing: 2 in the reference, 30 in the window"
    assert (found.p_value, found.area.value, found.carriers) == (None, None, ())


# What is seen, and by which covariates


def test_half_a_standard_deviation_is_seen_and_named() -> None:
    """The best possible area is .638; the held-out one comes near it."""
    rng = np.random.default_rng(6)
    window = normal(rng, 800)
    window["x2"] += 0.5
    found = classify(normal(rng, 2000), window)
    assert found.state == "shift"
    assert found.area.value == pytest.approx(0.638, abs=0.03)
    assert found.area.low < found.area.value < found.area.high
    assert carrying(found) == ["x2"]
    assert found.carriers[0].difference == pytest.approx(0.5, abs=0.1)
    assert found.carriers[0].alone.value == pytest.approx(0.638, abs=0.03)


def test_a_wider_spread_is_seen_where_the_mean_stays() -> None:
    rng = np.random.default_rng(7)
    window = normal(rng, 500)
    window["x1"] *= 1.6
    found = classify(normal(rng, 1500), window)
    assert carrying(found) == ["x1"]
    assert abs(found.carriers[0].difference) < 0.15
    assert found.carriers[0].spread > 1.4


def correlated(rng: np.random.Generator, rows: int, others: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Standard normal x0 and x1 that correlate by .6."""
    x0, x1 = rng.normal(size=(2, rows))
    return {**others, "x0": x0, "x1": 0.6 * x0 + 0.8 * x1}


def test_two_covariates_that_vary_together_anew_are_seen_although_neither_moved() -> None:
    rng = np.random.default_rng(8)
    found = classify(normal(rng, 1000), correlated(rng, 500, normal(rng, 500)))
    assert (found.state, found.pairs) == ("shift", "all")
    assert sorted(carrying(found)) == ["x0", "x1"]
    for carrier in found.carriers[:2]:
        assert carrier.alone.value < 0.55
        assert carrier.p_value > 0.05
        assert carrier.lost.low > 0
    assert {carrier.varies_with for carrier in found.carriers[:2]} == {("x0",), ("x1",)}
    assert "varies otherwise with x0" in name_carriers(found)


def test_with_too_many_columns_for_pairs_such_a_change_is_not_seen_and_the_record_says_why() -> None:
    rng = np.random.default_rng(9)
    found = classify(normal(rng, 600, 40), correlated(rng, 300, normal(rng, 300, 40)))
    assert found.pairs == "none"
    assert found.state == "no_shift_seen"


def test_covariates_that_say_the_same_are_named_together() -> None:
    rng = np.random.default_rng(10)

    def sample(rows: int, shift: float) -> dict[str, np.ndarray]:
        thickness = rng.normal(shift, 1, rows)
        return {
            **normal(rng, rows, 2),
            "thickness": thickness,
            "spacing": thickness + rng.normal(0, 0.2, rows),
        }

    found = classify(sample(800, 0.0), sample(400, 0.7))
    assert set(carrying(found)) == {"thickness", "spacing"}
    by_name = {carrier.name: carrier for carrier in found.carriers}
    assert by_name["thickness"].together == ("spacing",)
    assert by_name["thickness"].lost.value < 0.05 < by_name["thickness"].alone.value - 0.5
    assert " together with " in name_carriers(found)


def test_covariates_that_merely_shifted_at_the_same_time_are_not_called_correlated() -> None:
    rng = np.random.default_rng(11)
    window = {name: values + 5.0 for name, values in normal(rng, 200, 2).items()}
    found = classify(normal(rng, 400, 2), window)
    assert [carrier.together for carrier in found.carriers] == [(), ()]


def test_values_that_went_missing_are_seen() -> None:
    rng = np.random.default_rng(12)
    window = normal(rng, 300)
    window["x3"][rng.random(300) < 0.3] = np.nan
    found = classify(normal(rng, 900), window)
    assert carrying(found) == ["x3"]
    assert found.carriers[0].level == "missing"
    assert found.carriers[0].share_change == pytest.approx(0.3, abs=0.08)


def test_a_vendor_that_the_reference_never_saw_is_seen_and_named() -> None:
    rng = np.random.default_rng(13)
    reference = {**normal(rng, 600), "vendor": text(rng.choice(["GE", "Siemens"], 600))}
    window = {**normal(rng, 200), "vendor": text(rng.choice(["GE", "Siemens", "Canon"], 200))}
    found = classify(reference, window)
    assert carrying(found) == ["vendor"]
    assert found.carriers[0].level == "Canon"
    assert "share of Canon +.3" in name_carriers(found)


def test_a_slice_thickness_that_only_one_side_uses_is_seen_although_it_lies_between_the_others() -> None:
    rng = np.random.default_rng(14)
    found = classify({"mm": rng.choice([1.0, 2.0, 3.0], 300)}, {"mm": rng.choice([1.5, 2.5], 150)})
    assert found.area.value == pytest.approx(1.0, abs=0.01)


def test_one_absurd_value_does_not_hide_a_shift() -> None:
    rng = np.random.default_rng(15)
    reference, window = normal(rng, 1000), normal(rng, 400)
    window["x0"] += 0.5
    clean = classify(reference, window)
    reference["x0"][0], window["x0"][0] = 1e6, -1e6
    found = classify(reference, window)
    assert carrying(found) == ["x0"]
    assert found.area.value == pytest.approx(clean.area.value, abs=0.01)


def test_the_unit_of_a_covariate_does_not_matter() -> None:
    rng = np.random.default_rng(16)
    reference, window = normal(rng, 300), normal(rng, 100)
    in_inches = [{name: values / 25.4 + 3 for name, values in one.items()} for one in (reference, window)]
    assert classify(*in_inches) == classify(reference, window)


# Patients


def test_a_patient_of_both_samples_is_counted_in_both_and_gives_nothing_away() -> None:
    """Every patient has the own, unmistakable covariates in both samples: a classifier that had seen the
    patient's other study would still learn nothing of this one's sample."""
    rng = np.random.default_rng(17)
    own = rng.normal(size=(80, 3))
    sample = [
        Sample({f"x{at}": own[:, at] + rng.normal(0, 0.01, 80) for at in range(3)}, people("p", 80))
        for _ in range(2)
    ]
    found = classify_domains(*sample, rule=RULE, rng=np.random.default_rng(1))
    assert (found.reference_patients, found.window_patients, found.shared_patients) == (80, 80, 80)
    assert found.state == "no_shift_seen"


def test_a_shift_inside_the_same_patients_is_seen() -> None:
    rng = np.random.default_rng(18)
    own = rng.normal(size=100)
    before, after = (
        Sample({"x": own + rng.normal(shift, 0.3, 100)}, people("p", 100)) for shift in (0.0, 0.6)
    )
    found = classify_domains(before, after, rule=RULE, rng=np.random.default_rng(1))
    assert (found.state, found.shared_patients) == ("shift", 100)


def test_counting_every_study_of_a_patient_three_times_makes_nothing_more_certain() -> None:
    rng = np.random.default_rng(19)
    reference, window = normal(rng, 200), normal(rng, 100)
    window["x0"] += 0.3
    once = classify(reference, window)
    thrice = classify_domains(
        *(
            Sample({name: np.repeat(values, 3) for name, values in one.items()}, people(prefix, size(one), 3))
            for prefix, one in (("r", reference), ("w", window))
        ),
        rule=RULE,
        rng=np.random.default_rng(1),
    )
    assert thrice.p_value == once.p_value
    assert (thrice.area.low, thrice.area.high) == pytest.approx((once.area.low, once.area.high), rel=1e-9)


def test_one_patient_with_many_odd_studies_is_no_shift() -> None:
    """Forty studies of one patient, all far off, in a window of 59 others."""
    rng = np.random.default_rng(20)
    window = Sample(
        {"x": np.append(rng.normal(size=59), np.full(40, 6.0))}, text([*people("w", 59), *["z"] * 40])
    )
    found = classify_domains(
        Sample({"x": rng.normal(size=200)}, people("r", 200)), window, rule=RULE, rng=np.random.default_rng(1)
    )
    assert found.state == "no_shift_seen"


# Odd input has a defined answer


@pytest.mark.parametrize(
    ("reference", "window"),
    [
        (np.full(60, 3.0), np.full(60, 3.0)),
        (np.full(60, np.nan), np.full(60, np.nan)),
        (text([None] * 60), text([None] * 60)),
        (text(["GE"] * 60), text(["GE"] * 60)),
    ],
)
def test_a_covariate_that_never_varies_says_nothing(reference: np.ndarray, window: np.ndarray) -> None:
    found = classify({"x": reference}, {"x": window})
    assert (found.state, found.area.value, found.p_value) == ("no_shift_seen", 0.5, 1.0)


@pytest.mark.parametrize(
    ("reference", "window", "level"),
    [
        (np.zeros(60), np.full(60, np.nan), "missing"),
        (text(["GE"] * 60), text([None] * 60), None),
        (text(["GE"] * 60), text(["Canon"] * 60), None),
        (text(["GE"] * 60), text([f"rare {one}" for one in range(60)]), None),
        (np.zeros(60), np.ones(60), None),
        (np.zeros(60), np.full(60, np.inf), None),
    ],
)
def test_a_covariate_that_is_another_altogether_tells_everything(
    reference: np.ndarray, window: np.ndarray, level: str | None
) -> None:
    found = classify({"x": reference}, {"x": window})
    assert (found.state, found.area.value, found.p_value) == ("shift", 1.0, 0.01)
    assert level is None or found.carriers[0].level == level


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_window_and_one_of_a_single_study_are_insufficient(rows: int) -> None:
    found = classify({"x": np.arange(60.0)}, {"x": np.arange(float(rows))})
    assert found.reason == f"patients missing: {50 - rows} in the window"


def test_levels_called_missing_or_other_are_levels() -> None:
    reference = text([None, "missing", "other"] * 40)
    found = classify({"x": reference}, {"x": text(["missing", "other"] * 40)})
    assert found.state == "shift"
    assert found.carriers[0].share_change == pytest.approx(-1 / 3)


def test_other_covariates_or_kinds_in_the_window_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="same covariates"):
        classify({"x": np.zeros(60)}, {"y": np.zeros(60)})
    with pytest.raises(ValueError, match="same covariates"):
        classify({"x": np.zeros(60)}, {"x": text(["a"] * 60)})
    with pytest.raises(ValueError, match="one value per study"):
        Sample({"x": np.zeros(3)}, people("p", 2))
    with pytest.raises(ValueError, match="floats or objects"):
        Sample({"x": np.zeros(2, dtype=np.int64)}, people("p", 2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"permutations": 18}, "too few"),
        ({"minimum_patients": 19}, "at least 4 per fold"),
        ({"folds": 1}, "folds >= 2"),
        ({"alpha": 0.0}, "inside"),
    ],
)
def test_a_rule_that_could_never_find_anything_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DomainRule(**{"folds": 5, "permutations": 99, "alpha": 0.05, "minimum_patients": 50, **changed})


# Repeating it


def test_the_same_seed_gives_the_same_finding_and_the_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(21)
    reference, window = (
        {**normal(rng, rows), "vendor": text(rng.choice(["GE", "Siemens", None], rows))}
        for rows in (200, 100)
    )
    window["x1"] += 0.3
    patients = people("r", 100, 2), people("w", 50, 2)

    def found(orders: tuple[np.ndarray, np.ndarray]) -> DomainShift:
        samples = [
            Sample({name: values[order] for name, values in one.items()}, who[order])
            for one, who, order in zip((reference, window), patients, orders, strict=True)
        ]
        return classify_domains(*samples, rule=RULE, rng=np.random.default_rng(3))

    as_it_came = found((np.arange(200), np.arange(100)))
    assert found((np.arange(200), np.arange(100))) == as_it_came
    shuffled = found((rng.permutation(200), rng.permutation(100)))
    assert (shuffled.state, shuffled.p_value) == (as_it_came.state, as_it_came.p_value)
    assert shuffled.area.value == pytest.approx(as_it_came.area.value, abs=1e-12)
    assert shuffled.area.low == pytest.approx(as_it_came.area.low, abs=1e-12)
    assert [one.name for one in shuffled.carriers] == [one.name for one in as_it_came.carriers]


# The shortcut audit


def scored(rng: np.random.Generator, prevalence: dict[str, float], shift: dict[str, float]) -> Scored:
    """300 patients a site; the score's law given the outcome is the same but for the site's shift."""
    site = np.repeat(text(sorted(prevalence)), 300)
    outcome = 1.0 * (rng.random(len(site)) < np.array([prevalence[one] for one in site]))
    log_odds = 1.5 * outcome + rng.normal(size=len(site)) + np.array([shift.get(one, 0.0) for one in site])
    return Scored(expit(log_odds - 1), site, people("p", len(site)), outcome)


ALIKE = {"A": 0.4, "B": 0.4, "C": 0.4}


def test_a_score_that_does_not_know_the_site_is_not_told() -> None:
    found = audit_shortcut(
        scored(np.random.default_rng(22), ALIKE, {}), rule=RULE, rng=np.random.default_rng(1)
    )
    assert found.state == "not_told"
    assert found.among_all.p_value >= 1 / 100


def test_a_site_that_is_scored_higher_is_told_within_each_outcome() -> None:
    studies = scored(np.random.default_rng(23), ALIKE, {"B": 0.8})
    found = audit_shortcut(studies, rule=RULE, rng=np.random.default_rng(1))
    assert found.state == "told_within_outcome"
    for told in (found.among_positives, found.among_negatives):
        by_name = {domain.domain: domain for domain in told.domains}
        assert (told.state, told.alpha) == ("told", 0.025)
        assert by_name["B"].p_value == 1 / 100
        assert by_name["B"].higher.low > 0.6
        assert by_name["B"].area.value > by_name["A"].area.value


def test_a_site_of_higher_prevalence_is_told_overall_and_not_taken_for_a_shortcut() -> None:
    studies = scored(np.random.default_rng(24), {"A": 0.2, "B": 0.7}, {})
    found = audit_shortcut(studies, rule=RULE, rng=np.random.default_rng(1))
    assert found.state == "told_overall"
    assert found.among_all.p_value == 1 / 100
    assert (found.among_positives.state, found.among_negatives.state) == ("not_told", "not_told")


def test_without_a_shortcut_the_audit_finds_one_in_five_of_a_hundred_at_most() -> None:
    """80 audits of two sites whose prevalences differ; the bound is alpha plus three Monte Carlo errors."""
    rng, runs, shortcuts = np.random.default_rng(25), 80, 0
    rule = DomainRule(folds=3, permutations=39, alpha=0.05, minimum_patients=20)
    for run in range(runs):
        studies = scored(rng, {"A": 0.3, "B": 0.6}, {})
        keep = rng.random(len(studies.score)) < 0.5
        found = audit_shortcut(studies.where(keep), rule=rule, rng=np.random.default_rng(run))
        shortcuts += found.state == "told_within_outcome"
    assert shortcuts / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_a_site_with_too_few_patients_is_named_with_what_it_lacks_and_the_others_are_judged() -> None:
    studies = scored(np.random.default_rng(26), ALIKE, {"B": 0.8})
    few = (studies.domain != "C") | (np.arange(900) >= 870)
    found = audit_shortcut(studies.where(few), rule=RULE, rng=np.random.default_rng(1))
    c = found.among_all.domains[2]
    assert (c.domain, c.patients, c.patients_missing) == ("C", 30, 20)
    assert (c.p_value, c.area.value, c.higher.value) == (None, None, None)
    assert found.among_all.domains[1].p_value == 1 / 100


def test_where_outcomes_are_unknown_the_audit_says_that_it_did_not_look_within_them() -> None:
    studies = scored(np.random.default_rng(27), ALIKE, {"B": 0.8})
    blind = Scored(studies.score, studies.domain, studies.patient, np.full(900, np.nan))
    found = audit_shortcut(blind, rule=RULE, rng=np.random.default_rng(1))
    assert found.state == "told_overall"
    assert found.reason.endswith("positives: too few patients; negatives: too few patients")


def test_one_site_alone_and_no_study_at_all_are_insufficient() -> None:
    studies = scored(np.random.default_rng(28), {"A": 0.4}, {})
    for keep in (np.ones(300, dtype=bool), np.zeros(300, dtype=bool)):
        found = audit_shortcut(studies.where(keep), rule=RULE, rng=np.random.default_rng(1))
        assert found.state == "insufficient"


def test_studies_without_a_score_or_a_known_site_are_left_out_and_counted() -> None:
    studies = scored(np.random.default_rng(29), ALIKE, {})
    score, domain = studies.score.copy(), studies.domain.copy()
    score[:7], domain[5:10] = np.nan, None
    found = audit_shortcut(
        Scored(score, domain, studies.patient, studies.outcome), rule=RULE, rng=np.random.default_rng(1)
    )
    assert found.left_out == 10
    assert [domain.domain for domain in found.among_all.domains] == ["A", "B", "C"]


def test_a_constant_score_tells_nothing() -> None:
    studies = scored(np.random.default_rng(30), ALIKE, {})
    flat = Scored(np.full(900, 0.5), studies.domain, studies.patient, studies.outcome)
    found = audit_shortcut(flat, rule=RULE, rng=np.random.default_rng(1))
    assert (found.state, found.among_all.area.value, found.among_all.p_value) == ("not_told", 0.5, 1.0)
