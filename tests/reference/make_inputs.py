"""Writes the inputs that our functions and the oracles both read: `python tests/reference/make_inputs.py`.

Everything is drawn here from fixed seeds; no row belongs to a person. The committed files are the
reference: a NumPy that draws differently would fail the hash test, not shift the comparison.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

INPUTS = Path(__file__).parent / "inputs"


def expit(log_odds: np.ndarray) -> np.ndarray:
    """Probability of a log-odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def patients() -> list[str]:
    """One row per patient: a calibrated risk, one with intercept and slope off, and a rival score."""
    rng = np.random.default_rng(20_261_101)
    log_odds = rng.normal(-1.2, 1.3, 600)
    outcome = rng.random(600) < expit(log_odds)
    wrong = expit(0.5 + 1.4 * log_odds)
    rival = expit(log_odds + rng.normal(0.0, 1.0, 600))
    rows = zip(expit(log_odds), wrong, rival, outcome, strict=True)
    lines = [f"p{i:03d},{a:.6f},{b:.6f},{c:.6f},{y:d}" for i, (a, b, c, y) in enumerate(rows)]
    return ["patient,calibrated,distorted,rival,outcome", *lines]


def clustered() -> list[str]:
    """One to three rows per patient, outcomes sharing a latent effect; the risk in use and a candidate's."""
    rng = np.random.default_rng(20_261_102)
    lines = ["patient,old,new,outcome"]
    for patient in range(260):
        level, shared = rng.normal(-1.0, 1.0), rng.normal(0.0, 0.8)
        for _ in range(int(rng.integers(1, 4))):
            log_odds = level + rng.normal(0.0, 0.7)
            outcome = rng.random() < expit(log_odds + shared)
            old, new = expit(0.8 + 1.3 * log_odds), expit(0.05 + 0.9 * log_odds)
            lines.append(f"c{patient:03d},{old:.6f},{new:.6f},{outcome:d}")
    return lines


def tied() -> list[str]:
    """A score reported in steps of .05, as a device with a coarse display exports it."""
    rng = np.random.default_rng(20_261_103)
    log_odds = rng.normal(-0.3, 1.5, 300)
    score = np.clip(np.round(expit(log_odds) * 20) / 20, 0.05, 0.95)
    outcome = rng.random(300) < expit(log_odds)
    return ["score,outcome", *(f"{s:.2f},{y:d}" for s, y in zip(score, outcome, strict=True))]


def paired() -> list[str]:
    """Twelve rows of eight patients: small enough to check by hand."""
    rng = np.random.default_rng(20_261_104)
    names = ["a", "a", "b", "c", "c", "d", "e", "f", "f", "g", "h", "h"]
    log_odds = rng.normal(0.0, 1.2, len(names))
    outcome = rng.random(len(names)) < expit(log_odds)
    columns = zip(names, expit(log_odds + 0.7), expit(0.9 * log_odds), outcome, strict=True)
    return ["patient,old,new,outcome", *(f"{who},{old:.4f},{new:.4f},{y:d}" for who, old, new, y in columns)]


def separable() -> list[str]:
    """Every event scores above every other row: no maximum-likelihood fit exists, a penalised one does."""
    scores = [0.05, 0.08, 0.12, 0.2, 0.27, 0.33, 0.41, 0.62, 0.7, 0.83]
    return ["score,outcome", *(f"{score},{int(score > 0.5)}" for score in scores)]


def sites() -> list[str]:
    """Seven small sites whose intercepts and slopes differ, all on one score."""
    rng = np.random.default_rng(20_261_105)
    lines = ["site,score,outcome"]
    for site, n in enumerate((40, 55, 70, 90, 120, 150, 60)):
        a, b = rng.normal(0.4, 0.5), rng.normal(0.85, 0.2)
        log_odds = rng.normal(-1.2, 1.2, n)
        outcome = rng.random(n) < expit(a + b * log_odds)
        lines += [f"s{site},{s:.6f},{y:d}" for s, y in zip(expit(log_odds), outcome, strict=True)]
    return lines


def quantification() -> tuple[list[str], list[str]]:
    """Calibrated reference scores with labels at 20 %, and unlabelled target scores at about 35 %."""
    rng = np.random.default_rng(20_261_106)
    d = 1.466

    def scores(labels: np.ndarray) -> np.ndarray:
        return expit(rng.normal(np.log(0.2 / 0.8) + (labels - 0.5) * d**2, d))

    reference = (rng.random(800) < 0.2).astype(int)
    target = (rng.random(700) < 0.35).astype(int)
    labelled = zip(scores(reference), reference, strict=True)
    return (
        ["score,outcome", *(f"{s:.6f},{y:d}" for s, y in labelled)],
        ["score", *(f"{s:.6f}" for s in scores(target))],
    )


def readers() -> list[str]:
    """Three readers of sixty studies, each wrong at his own rate."""
    rng = np.random.default_rng(20_261_107)
    truth = rng.random(60) < 0.4
    reads = [np.where(rng.random(60) < wrong, ~truth, truth) for wrong in (0.05, 0.1, 0.18)]
    lines = [f"r{i:02d},{a:d},{b:d},{c:d}" for i, (a, b, c) in enumerate(zip(*reads, strict=True))]
    return ["study,first,second,third", *lines]


def stream() -> list[str]:
    """Thirty cohorts of outcomes on deployed log-odds, which are .6 too low from the sixteenth on."""
    rng = np.random.default_rng(20_261_108)
    lines = ["cohort,patient,log_odds,half_width,outcome"]
    for cohort in range(30):
        shift = 0.6 if cohort >= 15 else 0.0
        for row in range(20):
            patient = f"t{cohort:02d}{row // 2 if row < 6 else row:02d}"
            log_odds = rng.normal(-1.5, 1.0)
            outcome = rng.random() < expit(log_odds + shift)
            lines.append(f"{cohort},{patient},{log_odds:.6f},{0.1 + 0.05 * abs(log_odds):.6f},{outcome:d}")
    return lines


def written() -> dict[str, str]:
    """Text of every file by its name."""
    reference, target = quantification()
    files = {
        "patients": patients(),
        "clustered": clustered(),
        "tied": tied(),
        "paired": paired(),
        "separable": separable(),
        "sites": sites(),
        "quantification_reference": reference,
        "quantification_target": target,
        "readers": readers(),
        "stream": stream(),
    }
    return {f"{name}.csv": "\n".join(lines) + "\n" for name, lines in files.items()}


def main() -> None:
    """Write every file."""
    INPUTS.mkdir(exist_ok=True)
    for name, text in written().items():
        (INPUTS / name).write_text(text, encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
