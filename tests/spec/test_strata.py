"""Strata: a hospital's scanner vendors are places of their own, and outcomes still find their study."""

from __future__ import annotations

import csv
import math
import shutil
from datetime import date
from pathlib import Path

import pytest

from flows.cli import run
from monitor.drift import log_limit
from monitor.errors import EvidenceError, PlanError, UsageError
from monitor.operation.archiving import archive
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.evidence.verify import verify
from monitor.operation.people.lifecycle import permitted_differences
from monitor.operation.reading.finding import find
from monitor.operation.reading.live import live
from monitor.operation.reading.status import status
from monitor.operation.replay import replay
from monitor.operation.streams import stream_limit
from monitor.operation.workspace import initialise, open_workspace
from monitor.plan import check, load
from monitor.registry import read_chain
from monitor.rehearsal.network import place_of, runs_of
from monitor.rehearsal.truth import NO_CHANGE
from monitor.simulation import Scenario, network
from tests.build_plan import make_plan
from tests.evidence import PLAN, undrawn
from tests.ingesting import Desk, prediction

STRATA = {"covariate": "view"}
VENDORS = "levels: [A, B, C]}\n"
DIVIDED = PLAN.read_text().replace(VENDORS, VENDORS + "  strata: {covariate: scanner_vendor}\n")
SCENARIOS = (
    Scenario("A", "quiet", "Nothing changes.", "No alarm.", 40.0, 0.2),
    Scenario("B", "intercept", "A shift.", "Accepted.", 120.0, 0.2, intercept_shift=1.5, change_share=0.2),
)


def one_hospital(files: tuple[Path, ...], target: Path) -> Path:
    """The logs of the simulated sites A and B as one hospital's, with the site as the scanner's vendor."""
    with files[0].open(newline="") as source, target.open("w", newline="") as joined:
        rows = csv.reader(source)
        header = next(rows)
        writer = csv.writer(joined, lineterminator="\n")
        writer.writerow(header)
        site, who = (
            header.index("hospital"),
            [i for i, name in enumerate(header) if name in ("accession", "mrn")],
        )
        for row in rows:
            if len(row) != len(header) or row[site] not in ("A", "B"):
                continue
            vendor, row[site] = row[site], "Harbour / North"
            for position in who:
                row[position] = row[position] and f"{vendor}-{row[position]}"
            if "scanner_vendor" in header:
                row[header.index("scanner_vendor")] = vendor
            writer.writerow(row)
    return target


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hospital in which the outcomes shift for the studies of vendor B alone."""
    folder = tmp_path_factory.mktemp("strata")
    made = network(nights=44, seed=11, scenarios=SCENARIOS)
    logs = made.write(folder / "logs")
    (folder / "plan.yaml").write_text(DIVIDED)
    initialise(folder / "workspace", folder / "plan.yaml", folder / "keys" / "key", at="2026-01-01")
    with undrawn():
        replay(
            folder / "workspace",
            [one_hospital(logs.predictions, folder / "predictions.csv")],
            [one_hospital(logs.outcomes, folder / "outcomes.csv")],
            until=made.complete_on,
            approve_accepted=True,
            key_file=folder / "keys" / "key",
        )
    return folder


class TestOnlyTheShiftedVendor:
    def test_alarms_and_gets_a_change_of_its_own(self, replayed: Path) -> None:
        found = status(replayed / "workspace")
        assert [site["site"] for site in found["sites"]] == ["Harbour / North / A", "Harbour / North / B"]
        assert {change["site"] for change in found["changes"]} == {"Harbour / North / B"}
        entries = read_chain(replayed / "workspace" / "ledger.jsonl")
        assert {entry.body["site"] for entry in entries if entry.kind == "alarm"} == {"Harbour / North / B"}
        assert {entry.body["site"] for entry in entries if entry.kind == "stream_started"} == {
            "Harbour / North / A",
            "Harbour / North / B",
        }

    def test_outcomes_join_by_hospital(self, replayed: Path) -> None:
        found = status(replayed / "workspace")
        waiting, outcomes = found["counts"]["waiting"], found["counts"]["outcomes"]
        assert waiting < 0.02 * outcomes, "only those of refused predictions wait"
        assert all(site["events"] > 100 for site in found["sites"])

    def test_the_other_vendor_keeps_the_original(self, replayed: Path) -> None:
        path = replayed / "workspace"
        assert status(path)["changes"][0]["verdict"] == "accept"
        assert live(path, "Harbour / North / A").calibrator.kind == "identity"
        assert live(path, "Harbour / North / B").calibrator.kind != "identity"

    def test_the_bare_hospital_is_refused_with_its_strata(self, replayed: Path) -> None:
        named = "'Harbour / North / A', 'Harbour / North / B'$"
        with pytest.raises(UsageError, match=f"--site Harbour / North: .*name one of {named}"):
            live(replayed / "workspace", "Harbour / North")
        with pytest.raises(UsageError, match="no mature study"):
            live(replayed / "workspace", "Elsewhere")

    def test_apply_takes_the_name_of_the_stratum(
        self, replayed: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        command = ["apply", str(replayed / "workspace"), "--score", "0.3", "--site"]
        assert run([*command, "Harbour / North / B"]) == 0
        assert float(capsys.readouterr().out.split()[0]) > 0.35, "the shift is upwards"
        assert run([*command, "Harbour / North"]) == 2
        assert "'Harbour / North / B'" in capsys.readouterr().err

    def test_every_night_is_derived_again(self, replayed: Path) -> None:
        with undrawn():
            checked = verify(replayed / "workspace", key_file=replayed / "keys" / "key")
        assert checked.nights > 30
        assert checked.tables > 0

    def test_the_dossier_names_the_place_and_what_its_alarm_is_shared_by(self, replayed: Path) -> None:
        path, key = replayed / "workspace", replayed / "keys" / "key"
        with open_workspace(path, key) as workspace, undrawn():
            issue_dossiers(workspace)
        (page,) = (path / "dossiers").glob("CHG-0001*/dossier.html")
        text = page.read_text(encoding="utf-8")
        assert "Harbour / North / B" in text
        assert "for all its strata together" in text

    def test_a_study_is_found_with_its_place_and_its_outcome(self, replayed: Path) -> None:
        with (replayed / "outcomes.csv").open(newline="") as source:
            study = next(row["accession"] for row in csv.DictReader(source) if row["ptx_confirmed"] == "1")
        found = find(replayed / "workspace", "study", study, replayed / "keys" / "key")
        (item,) = found["predictions"]
        assert item["site"] == f"Harbour / North / {study[0]}"
        assert item["outcome"]["known"]
        assert found["waiting"] == []


def test_archived_rows_leave_by_stratum_and_are_derived_again(replayed: Path, tmp_path: Path) -> None:
    path, key = tmp_path / "workspace", replayed / "keys" / "key"
    shutil.copytree(replayed / "workspace", path)
    before = status(path)["counts"]
    left = archive(path, date(2026, 1, 6), key_file=key)
    assert [place["site"] for place in left.places] == ["Harbour / North / A", "Harbour / North / B"]
    assert left.outcomes > 0.9 * left.predictions
    assert status(path)["counts"] == before
    with undrawn():
        verify(path, key_file=key)


class TestTheLimit:
    def test_counts_every_place_of_a_site(self) -> None:
        """Two findings times PA, AP and other: six places share the site's false-alarm probability."""
        findings = [{"id": "lesion"}, {"id": "nodule"}]
        columns = {f"logs__{log}__columns__finding": "finding" for log in ("predictions", "outcomes")}
        plan = make_plan(findings=findings, logs__strata=STRATA, **columns)
        assert plan.places_per_site == 6
        assert stream_limit(plan) == pytest.approx(math.log(365 * 6 / (0.05 * 0.4)))
        assert stream_limit(make_plan()) == log_limit(365, 1, 0.05, 0.4)

    def test_is_the_one_that_status_shows(self, replayed: Path) -> None:
        found = status(replayed / "workspace")
        assert [site["log_limit"] for site in found["sites"]] == pytest.approx([math.log(365 * 4 / 0.02)] * 2)

    def test_a_rehearsed_site_is_one_stratum(self) -> None:
        (run,) = runs_of((NO_CHANGE,), 1)
        assert place_of(make_plan(logs__strata=STRATA), run).site == "S0-0000 / PA"
        assert place_of(make_plan(), run).site == "S0-0000"


FAULTS = {
    "an undeclared covariate": ("covariate: scanner", "levels: [A, B, C]", "logs.strata.covariate"),
    "a covariate without levels": ("covariate: age", "levels: [A, B, C]", "logs.strata.covariate"),
    "a level called other": ("covariate: scanner_vendor", "levels: [A, Other]", "logs.covariates.3.levels.1"),
    "a level with a slash": ("covariate: scanner_vendor", "levels: [A, B / C]", "logs.covariates.3.levels.1"),
    "a padded level": ("covariate: scanner_vendor", "levels: [A, 'B ']", "logs.covariates.3.levels.1"),
    "an endless level": ("covariate: scanner_vendor", f"levels: [{'A' * 81}]", "logs.covariates.3.levels.0"),
}


def test_the_check_of_a_plan_names_its_strata(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.yaml").write_text(DIVIDED)
    assert run(["plan", "check", str(tmp_path / "plan.yaml")]) == 0
    assert "A, B, C, other, at each site" in capsys.readouterr().out


@pytest.mark.parametrize("name", FAULTS)
def test_strata_that_would_not_name_places_are_refused(name: str, tmp_path: Path) -> None:
    covariate, levels, key = FAULTS[name]
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        DIVIDED.replace("covariate: scanner_vendor", covariate).replace("levels: [A, B, C]", levels)
    )
    assert [fault.key for fault in check(plan)] == [key]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  strata: {covariate: scanner_vendor}\n", ""),
        ("levels: [A, B, C]", "levels: [A, B]"),
        ("strata: {covariate: scanner_vendor}", "strata: {covariate: view}"),
    ],
)
def test_an_amendment_leaves_the_strata_as_they_are(old: str, new: str, tmp_path: Path) -> None:
    bound, amended = tmp_path / "bound.yaml", tmp_path / "amended.yaml"
    bound.write_text(DIVIDED)
    amended.write_text(DIVIDED.replace("version: 1.0.0", "version: 1.1.0").replace(old, new))
    for before, after in ((bound, amended), (amended, bound)):
        if after is bound:
            before.write_text(before.read_text().replace("version: 1.1.0", "version: 0.9.0"))
        with pytest.raises(PlanError, match="the rows stored here fix the strata; bind a new workspace"):
            permitted_differences(load(before), load(after))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_plan(logs__strata=STRATA))


def scan(study: str, view: str, score: str = "0.5", site: str = "north", patient: str = "P1") -> str:
    return prediction(study, patient, site, score=score, rest=("m1", "60", view))


class TestAtTheDoor:
    def test_a_level_makes_the_place_and_the_log_keeps_its_site(self, desk: Desk) -> None:
        desk.predictions(scan("S1", "PA"), scan("S2", "ap"), scan("S3", ""), scan("S4", "LATERAL"))
        assert desk.query("SELECT site, hospital FROM predictions ORDER BY line") == [
            ("north / PA", "north"),
            ("north / AP", "north"),
            ("north / other", "north"),
            ("north / other", "north"),
        ]

    def test_a_site_whose_own_name_looks_like_a_stratum_is_another_place(self, desk: Desk) -> None:
        desk.predictions(scan("S1", "PA", site="north / PA"), scan("S1", "PA"))
        desk.outcomes("S1,north / PA,1,2026-03-02")
        assert desk.query("SELECT site FROM predictions ORDER BY line") == [
            ("north / PA / PA",),
            ("north / PA",),
        ]
        with desk.open() as store:
            found = store.mature_rows(matured_by=date(2026, 6, 1), known_by=date.max)
        assert {place.site: bool(len(rows.known())) for place, rows in found.items()} == {
            "north / PA": False,
            "north / PA / PA": True,
        }

    def test_a_study_whose_level_changed_is_still_the_same_study(self, desk: Desk) -> None:
        first = desk.predictions(scan("S1", "PA"), scan("S1", "AP"))
        later = desk.predictions(scan("S1", "AP"), scan("S1", "", score="0.6"))
        assert (first.stored, first.duplicates, first.rejected) == (1, 1, 0)
        assert (later.stored, later.duplicates, dict(later.reasons)) == (0, 1, {"conflicting_prediction": 1})
        assert desk.query("SELECT site FROM predictions") == [("north / PA",)]

    def test_refused_rows_keep_the_sites_own_name(self, desk: Desk) -> None:
        desk.predictions(scan("S1", "PA"), scan("S2", "PA", score="7"))
        assert [row["fields"]["site"] for row in desk.rejected()] == ["north"]

    def test_a_store_without_strata_has_no_second_column_and_serves_no_plan_with_strata(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path, make_plan())
        names = desk.query("SELECT column_name FROM duckdb_columns() WHERE table_name = 'predictions'")
        assert ("hospital",) not in names
        desk.plan = make_plan(logs__strata=STRATA)
        with pytest.raises(EvidenceError, match="hospital"), desk.open():
            pass
