"""Evidently as a second opinion: its numbers equal ours by its definitions, its blind spots are said, and
nothing that it or a file does can stop a night, reach the network or run in a reader's browser."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.drift.second_opinion import OurFinding, SecondOpinion, compare, second_opinion
from monitor.drift.second_opinion.records import Agreement, ColumnOpinion
from monitor.hashing import canonical_json
from tests.browser.test_dossier_in_browser import visit
from tests.spec.test_no_connection import GUARD

SEED = 20261129
SCRIPT = "<script>alert(1);console.error('ran')</script>"
IMAGE = "<img src=x onerror=console.error('ran')>"
BREAKING = f"B\u202e</script>{SCRIPT}<a href='http://canary.invalid/x'>"
OUTSIDE = re.compile(r"""(?:https?:)?//(?!www\.w3\.org)[\w-]+(?:\.[\w-]+)+/""")
UNREAD = ("null", "empty", "one row", "constant", "one class", "patient_id", "accession")


@dataclass(frozen=True)
class Asked:
    """One opinion with its page and what the guard of the process saw."""

    opinion: SecondOpinion
    page: Path
    notes: list[str]
    kinds: dict[str, Any]

    def column(self, feature: str) -> ColumnOpinion:
        return next(found for found in self.opinion.columns if found.feature == feature)

    def agreement(self, feature: str, ours: OurFinding) -> Agreement:
        return compare({feature: ours}, self.opinion)[0]


def drawn(rng: np.random.Generator, levels: list[Any], n: int, weights: list[float]) -> Any:
    return rng.choice(np.array(levels, dtype=object), n, p=weights)


def windows(
    rng: np.random.Generator, n: int, m: int
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A reference of n and a current window of m studies: stable and shifted features, and every odd one."""
    there, here, ages = rng.normal(size=n), rng.normal(size=m), rng.integers(18, 95, n)
    vendors, seen = ["A", "B", SCRIPT], ["A", "B", BREAKING]
    everything: dict[str, tuple[str, Any, Any]] = {
        "stable": ("continuous", there, here),
        "shifted": ("continuous", there, here + 0.5),
        "hidden": ("continuous", there, np.append(here[1:] + 0.5, 1e6)),
        "reference outlier": ("continuous", np.append(there[1:], -1e6), here + 0.5),
        "skewed": ("continuous", rng.exponential(size=n), rng.exponential(1.3, size=m)),
        "whole years": ("continuous", ages, rng.integers(25, 99, m)),
        "few values": ("continuous", rng.integers(0, 12, n), rng.integers(0, 14, m)),
        "four values": ("continuous", rng.integers(0, 4, n), rng.integers(0, 4, m)),
        "two values": ("continuous", rng.integers(0, 2, n), rng.integers(0, 2, m)),
        "constant now": ("continuous", there, np.full(m, 0.3)),
        "missing": (
            "continuous",
            np.where(rng.random(n) < 0.1, np.nan, there),
            np.where(here > -1, np.nan, here),
        ),
        "infinite": ("continuous", np.append(there, -np.inf), np.append(here, [np.inf, np.inf])),
        "absurd": ("continuous", there, np.append(here, [1e308, -1e308])),
        IMAGE: ("continuous", there, here),
        "vendor": (
            "categorical",
            drawn(rng, vendors, n, [0.5, 0.3, 0.2]),
            drawn(rng, seen, m, [0.5, 0.3, 0.2]),
        ),
        "kernel": (
            "categorical",
            drawn(rng, [*"abcd", None], n, [0.2] * 5),
            drawn(rng, [*"abc", None], m, [0.25] * 4),
        ),
        "rare": (
            "categorical",
            np.repeat(["u", "v", "w"], [1, 3, n - 4]),
            drawn(rng, ["v", "w"], m, [0.1, 0.9]),
        ),
        "sex": ("categorical", drawn(rng, ["f", "m"], n, [0.5, 0.5]), drawn(rng, ["f", "m"], m, [0.4, 0.6])),
        "new class": ("categorical", np.repeat("a", n), np.repeat(["a", "b"], [m - 5, 5])),
        "one class": ("categorical", np.repeat("a", n), np.repeat("a", m)),
        "null": ("continuous", there, np.full(m, np.nan)),
        "empty": ("continuous", there, np.array([])),
        "one row": ("continuous", there, np.array([0.1])),
        "constant": ("continuous", np.ones(n), np.ones(m)),
        "patient_id": ("categorical", np.repeat("pseudonym-1", n), np.repeat("pseudonym-2", m)),
        "accession": (
            "categorical",
            np.array([f"accession-{i}" for i in range(n)]),
            np.repeat("accession-7", m),
        ),
    }
    kinds = {feature: kind for feature, (kind, _, _) in everything.items()}
    reference = {feature: values for feature, (_, values, _) in everything.items()}
    return reference, {feature: values for feature, (_, _, values) in everything.items()}, kinds


def asked(folder: Path, n: int, m: int, *, without: tuple[str, ...] = ()) -> Asked:
    """Ask where every connection to the outside is refused and noted."""
    (folder / "sitecustomize.py").write_text(GUARD)
    (folder / "notes").write_text("")
    reference, current, every = windows(np.random.default_rng(SEED), n, m)
    kinds = {feature: kind for feature, kind in every.items() if feature not in without}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(folder))
        environment.setenv("PCCP_TEST_NOTES", str(folder / "notes"))
        environment.delenv("DO_NOT_TRACK", raising=False)
        opinion = second_opinion(reference, current, kinds, folder / "page.html")
    return Asked(opinion, folder / "page.html", (folder / "notes").read_text().splitlines(), kinds)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """More than 1,000 studies of reference: Evidently's own choice is a distance."""
    return asked(tmp_path_factory.mktemp("large"), 2400, 400)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """At most 1,000: its own choice is a p-value."""
    return asked(tmp_path_factory.mktemp("small"), 700, 60, without=("absurd",))


def test_each_column_has_evidentlys_statistics_flags_and_limits(large: Asked) -> None:
    assert large.opinion.missing_because is None
    for column in large.opinion.columns:
        numbers = column.kind == "continuous"
        expected = ["psi", "ks", "wasserstein"] if numbers else ["psi", "chisquare", "jensenshannon"]
        assert [found.method for found in column.statistics] == expected
        for found in column.every_statistic:
            assert found.value is not None
            small_is_drift = found.method in ("ks", "chisquare", "z")
            assert found.limit == (0.05 if small_is_drift else 0.1)
            assert found.flagged == (found.value <= 0.05 if small_is_drift else found.value >= 0.1)


def test_our_numbers_by_its_definitions_equal_its_own(large: Asked, small: Asked) -> None:
    found = [
        (column.feature, statistic)
        for opinion in (large.opinion, small.opinion)
        for column in opinion.columns
        for statistic in column.every_statistic
    ]
    assert len(found) > 100
    assert {one.method for _, one in found} == {"psi", "ks", "chisquare", "z", "wasserstein", "jensenshannon"}
    for feature, one in found:
        assert one.difference is not None, (feature, one)
        assert one.difference <= 1e-9, (feature, one)


def test_its_own_choice_changes_from_a_p_value_to_a_distance_at_a_thousand(
    large: Asked, small: Asked
) -> None:
    assert (small.column("stable").default.method, large.column("stable").default.method) == (
        "ks",
        "wasserstein",
    )
    assert small.column("sex").default.method == "z"
    assert small.column("kernel").default.method == "chisquare"
    assert large.column("kernel").default.method == "jensenshannon"


def test_one_extreme_value_hides_a_shift_from_its_psi_and_the_record_says_so(large: Asked) -> None:
    shifted, hidden = large.column("shifted"), large.column("hidden")
    assert shifted.named("psi").value > 0.2
    assert hidden.named("psi").value < 0.05
    assert not hidden.named("psi").flagged
    assert hidden.frozen_psi == pytest.approx(shifted.frozen_psi, abs=0.02)
    assert (shifted.current.extreme, hidden.current.extreme) == (0, 1)
    for feature in ("hidden", "reference outlier"):
        assert "An extreme value hides" in large.agreement(feature, OurFinding("alarm")).because
    assert "An extreme value" not in large.agreement("shifted", OurFinding("alarm")).because


def test_its_psi_flags_a_small_unshifted_window_and_the_record_says_why(small: Asked) -> None:
    stable = small.column("stable")
    assert stable.named("psi").flagged
    assert stable.expected_psi > 0.1
    assert "PSI does not know the sample size" in small.agreement("stable", OurFinding("quiet")).because


def test_what_it_cannot_take_is_left_out_with_a_reason_and_the_rest_is_answered(large: Asked) -> None:
    reasons = {column.feature: column.reason for column in large.opinion.left_out}
    assert set(reasons) == {*UNREAD, "absurd"}
    assert reasons["null"] == reasons["empty"] == "no value in the current window"
    assert reasons["one row"] == "a single value in the current window"
    assert reasons["constant"] == "constant in the reference"
    assert reasons["one class"] == "one level in both windows"
    assert reasons["absurd"] == "Evidently failed (ValueError)"
    answered = {column.feature for column in large.opinion.columns}
    assert answered == set(large.kinds) - set(reasons)


def test_unseen_and_single_classes_are_defined(large: Asked, small: Asked) -> None:
    for found in (large, small):
        assert found.column("vendor").unseen_levels == 1
        assert found.column("new class").unseen_levels == 1
        assert found.column("kernel").unseen_levels == 0
        assert found.column("new class").named("chisquare").value == 0
        assert (
            "level(s) the reference does not have" in found.agreement("vendor", OurFinding("alarm")).because
        )


def test_missing_and_infinite_values_are_counted_because_it_drops_them(large: Asked) -> None:
    assert large.column("infinite").current.infinite == 2
    assert large.column("infinite").reference.infinite == 1
    missing = large.column("missing").current
    assert missing.n + missing.missing == 400
    assert missing.missing > 300
    assert (
        f"{missing.missing} of the current window" in large.agreement("missing", OurFinding("alarm")).because
    )


def test_it_runs_with_the_pinned_versions(large: Asked) -> None:
    assert large.opinion.evidently == version("evidently")
    assert version("pandas").startswith("3.0.")


def test_an_identifier_is_never_given(large: Asked) -> None:
    reasons = {column.feature: column.reason for column in large.opinion.left_out}
    assert reasons["patient_id"] == "an identifier is never given to another program"
    assert reasons["accession"] == "more than 100 levels, which could tell patients apart"
    page = large.page.read_text()
    assert "pseudonym-" not in page
    assert "accession-" not in page


def test_the_process_reaches_nothing_outside(large: Asked) -> None:
    assert large.notes
    assert set(large.notes) == {"guarded"}


def test_agreement_is_recorded_and_our_finding_is_not_touched(large: Asked) -> None:
    ours = {
        "stable": OurFinding("quiet"),
        "shifted": OurFinding("alarm"),
        "skewed": OurFinding("insufficient"),
    }
    pairs = {pair.feature: pair for pair in compare(ours, large.opinion)}
    assert pairs["stable"].agree is True
    assert pairs["shifted"].agree is True
    assert pairs["skewed"].agree is None
    assert large.agreement("stable", OurFinding("alarm")).agree is False
    assert large.agreement("shifted", OurFinding("quiet")).agree is False
    assert {feature: pairs[feature].ours for feature in ours} == {key: one.state for key, one in ours.items()}
    assert pairs["null"].agree is None
    assert "no value in the current window" in pairs["null"].because
    assert max(pair.largest_difference or 0.0 for pair in pairs.values()) <= 1e-9


def test_the_same_windows_give_the_same_record_and_the_same_page(small: Asked, tmp_path: Path) -> None:
    again = asked(tmp_path, 700, 60, without=("absurd",))
    assert canonical_json(again.opinion.as_record()) == canonical_json(small.opinion.as_record())
    assert again.page.read_bytes() == small.page.read_bytes()
    assert again.opinion.page_sha256 is not None


# The page.


class Scripts(HTMLParser):
    """Start tags, and what stands inside each script."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"
        self.scripts += [""] if self.inside else []

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def test_the_page_is_readable_by_its_owner_only_and_has_no_way_out(large: Asked) -> None:
    assert stat.S_IMODE(large.page.stat().st_mode) == 0o600
    page = large.page.read_text()
    top = page[page.index('<div id="second-opinion">') : page.index("</div>")]
    assert OUTSIDE.findall(page.replace(top, "")) == []
    assert [
        tag
        for tag, given in Scripts(page).tags
        if (given.get("src") or given.get("href") or "").startswith("http")
    ] == []
    assert page.index("Content-Security-Policy") < page.index("<script")


def test_hostile_names_and_levels_are_shown_as_text(large: Asked) -> None:
    page = large.page.read_text()
    found = Scripts(page)
    assert found.scripts
    assert not any("alert(1)" in script or "console.error('ran')" in script for script in found.scripts)
    assert ("img", {"src": "x", "onerror": "console.error('ran')"}) not in found.tags
    assert "&lt;script&gt;alert(1)" in page
    assert "B[U+202E]&lt;/script&gt;" in page
    assert "&lt;img src=x" in page


@pytest.mark.browser
def test_a_browser_opens_it_offline_and_runs_nothing_of_a_file(large: Asked, chromium: str) -> None:
    found = visit(Path(chromium), large.page)
    assert found.console == ""
    assert found.requests == []
    assert "Data Drift Summary" in found.page.text
    assert SCRIPT in found.page.text
    assert found.page.count("img") == 0


# Failures are findings.


def failing(tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> SecondOpinion:
    """An opinion asked of another module named evidently."""
    (tmp_path / "evidently.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    values = {"x": np.arange(9.0)}
    return second_opinion(values, values, {"x": "continuous"}, tmp_path / "page.html", seconds=60)


@pytest.mark.parametrize(
    ("module", "because"),
    [
        ("print('secret'); raise ImportError('secret')", "its process ended with code 1"),
        ("import os; print('secret', flush=True); os._exit(0)", "its answer cannot be read"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "its process ended with code -9"),
    ],
)
def test_a_failure_is_a_finding_without_its_text(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    module: str,
    because: str,
) -> None:
    found = failing(tmp_path, module, monkeypatch)
    assert found.missing_because == f"no second opinion: {because}"
    assert found.columns == ()
    assert not (tmp_path / "page.html").exists()
    assert capfd.readouterr() == ("", "")
    (pair,) = compare({"x": OurFinding("alarm")}, found)
    assert (pair.ours, pair.agree, pair.because) == ("alarm", None, found.missing_because)


def test_a_time_limit_is_a_finding() -> None:
    values = {"x": np.arange(9.0)}
    found = second_opinion(values, values, {"x": "continuous"}, None, seconds=0.01)
    assert found.missing_because == "no second opinion: Evidently took longer than 0.01 seconds"


def test_nothing_to_give_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a process was started"))
    found = second_opinion({"x": [np.nan]}, {"x": [1.0]}, {"x": "continuous"}, None)
    assert found.missing_because == "no second opinion: no column can be given"
    assert [column.reason for column in found.left_out] == ["no value in the reference"]
