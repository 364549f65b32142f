"""The change as formula and picture, and how well its probabilities match the outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.documentation.blocks import (
    Aside,
    Beside,
    Block,
    Cell,
    Code,
    Drawing,
    Facts,
    Section,
    Sentence,
    Stack,
    Table,
)
from monitor.documentation.evidence import Record
from monitor.documentation.figures import has_map
from monitor.documentation.numbers import Interval, Number, Share, rounded

NAMES = {"original": "Original", "last_deployed": "Last deployed", "candidate": "Candidate"}


def change_section(dossier: Record) -> Section:
    """Original, last deployed and candidate map, and the tests that chose the method."""
    change = dossier["change"]
    blocks: list[Block] = [_maps(change["calibrators"])]
    if change["calibrators"]["candidate"] is None:
        blocks.append(Aside(_no_candidate(dossier)))
    if has_map(dossier):
        blocks.append(Drawing("map", _map_caption(dossier)))
    if change["closed_test"]:
        blocks.extend(_closed_test(change))
    if change.get("pooling"):
        blocks.append(_pooling(change))
    if change.get("cross_validation"):
        blocks.extend(_cross_validation(change))
    blocks.append(
        Sentence(
            "The model and its score are unchanged. Every map starts from the raw score, none is stacked."
        )
    )
    return Section("change", "The change", tuple(blocks))


def reliability_section(dossier: Record) -> Section:
    """Predicted against observed on the validation studies, before and after."""
    groups = dossier["reliability"]
    if groups is None:
        reached = dossier["verdict"]["look"] is not None
        why = "The groups would have too few studies" if reached else "No look was reached"
        text = f"{why}, so there are no validation results to draw."
        return Section("reliability", "Reliability on the validation studies", (Aside(text),))
    caption = (
        "Observed share of the outcome against predicted probability, in groups of validation studies, with "
        "95 % intervals for display; both diagrams have the same axes. Points on the diagonal are right. "
        "Below: the same studies by predicted probability."
    )
    tables = tuple(_groups(name, groups[name]) for name in ("last_deployed", "candidate") if name in groups)
    return Section(
        "reliability",
        "Reliability on the validation studies",
        (Drawing("reliability", caption), Beside(tables)),
    )


def formula(calibrator: Record) -> str:
    """The map as a formula with its numbers.

    Example:
        >>> formula({"parameters": {"intercept": -0.5, "slope": 1.0}})
        'logit(p) = −0.5000 + 1.0000 × logit(score)'
    """
    parameters = calibrator["parameters"]
    shape = SHAPES.get(calibrator.get("kind", ""), _straight)(parameters)
    return f"logit(p) = {rounded(parameters['intercept'], 4)} + {rounded(parameters['slope'], 4)} × {shape}"


def _straight(_: Record) -> str:
    return "logit(score)"


def _beta(parameters: Record) -> str:
    a, b = rounded(parameters["a"], 4), rounded(parameters["b"], 4)
    return f"({a} × ln(score) − {b} × ln(1 − score))"


def _isotonic(parameters: Record) -> str:
    share, knots = parameters["isotonic_share"], len(parameters["knots"])
    line = f"{rounded(parameters['platt_intercept'], 4)} + {rounded(parameters['platt_slope'], 4)}"
    return (
        f"logit({rounded(share, 2)} × isotonic({knots} knots) + {rounded(1.0 - share, 2)} × "
        f"expit({line} × logit(score)))"
    )


SHAPES: Mapping[str, Callable[[Record], str]] = {"beta": _beta, "isotonic": _isotonic}


def _maps(calibrators: Record) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, title in NAMES.items():
        calibrator = calibrators[name]
        if calibrator is None:
            rows.append((title, "—", "none", "—", "—"))
            continue
        cells = [_with_error(calibrator, part) for part in ("intercept", "slope")]
        rows.append(
            (
                title,
                calibrator["version"],
                Stack((Code(formula(calibrator)), calibrator["kind_words"])),
                *cells,
            )
        )
    columns = ("Calibrator", "Version", "Map (logit is the log-odds)", "Intercept", "Slope")
    return Table("maps", "Maps from raw score to probability p", columns, tuple(rows))


def _with_error(calibrator: Record, part: str) -> Stack:
    value, error = Number(calibrator["parameters"][part], 4), calibrator["standard_errors"][part]
    return Stack((value, "known exactly" if error == 0 else Number(error, 4, before="SE")))


def _no_candidate(dossier: Record) -> str:
    if dossier["headline"]["state"] == "withdrawn":
        return "No candidate was put forward: the deployed calibrator stays."
    return "There is no candidate: the fitting window does not hold enough events yet."


def _map_caption(dossier: Record) -> str:
    caption = "Probability given to each raw score. On the thin diagonal it is the raw score itself."
    if dossier["change"]["calibrators"]["candidate"] is not None:
        caption += " Shaded: 95 % band of the candidate."
    if dossier["score_histogram"]:
        caption += " Below: raw scores of the validation studies, with and without the outcome."
    return caption


def _closed_test(change: Record) -> list[Block]:
    test = change["closed_test"]
    rows = tuple(
        (
            str(step["test"]).capitalize(),
            Number(step["statistic"], 2),
            Number(step["degrees_of_freedom"]),
            Share(step["p"]),
        )
        for step in test["steps"]
    )
    columns = ("Likelihood-ratio test", "Statistic", "Degrees of freedom", "p")
    facts: list[tuple[str, Cell]] = [("Chosen", test["chosen_words"])]
    if change["winsorised_logit"]:
        low, high = (rounded(value, 3) for value in change["winsorised_logit"])
        facts.append(("Score range of the fit", f"log-odds limited to {low} … {high}"))
    caption = f"Closed test on the fitting window, level {test['level']:g}: the least change that fits"
    return [Table("closed-test", caption, columns, rows), Facts(tuple(facts))]


def _pooling(change: Record) -> Facts:
    """Where the prior of a pooled fit comes from."""
    pooling = change["pooling"]
    mean, deviation = pooling["prior_mean"], pooling["prior_sd"]
    sources = {
        "empirical_bayes": f"estimated from {pooling['sites']} sites with events (empirical Bayes)",
        "map": "centred on the calibrator in use; the sites together are too few or have too few events",
    }
    counts = "withheld under the plan's small-cell minimum"
    if pooling["rows"] is not None:
        counts = f"{pooling['rows']:,} studies, {pooling['events']:,} of the rarer class, this site included"
    facts: list[tuple[str, Cell]] = [
        ("Method", "intercept and slope under a normal prior"),
        ("Prior", sources[pooling["estimator"]]),
        ("Pool", counts),
        ("Prior intercept", f"{rounded(mean[0], 3)} (SD {rounded(deviation[0], 3)})"),
        ("Prior slope", f"{rounded(mean[1], 3)} (SD {rounded(deviation[1], 3)})"),
    ]
    return Facts(tuple(facts))


def _cross_validation(change: Record) -> list[Block]:
    """Held-out losses of the methods, simplest first."""
    found = change["cross_validation"]
    rows = tuple(
        (
            score["method_words"],
            Number(score["log_loss"], 5),
            Number(score["distance"], 5),
            Number(score["standard_error"], 5),
        )
        for score in found["scores"]
    )
    columns = ("Method", "Log loss", "Above the best", "Standard error")
    caption = (
        f"Cross-validation on the fitting window, {found['folds']} folds of whole patients: the first method "
        "within one standard error of the best"
    )
    table = Table("cross-validation", caption, columns, rows)
    return [table, Facts((("Chosen", found["chosen_words"]),))]


def _groups(name: str, groups: list[Record]) -> Table:
    rows = tuple(
        (
            Number(group["predicted"], 3),
            Interval(group["observed"], group["low"], group["high"], 3),
            Number(group["n"]),
            Number(group["events"]),
        )
        for group in groups
    )
    columns = ("Predicted", "Observed (95 % interval)", "Studies", "Events")
    return Table(
        f"groups-{name.replace('_', '-')}", f"{NAMES[name]}: the points of the diagram", columns, rows
    )
