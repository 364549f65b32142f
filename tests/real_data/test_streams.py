"""Every stream on the real logs: quiet where nothing moves, and what moved where something did."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import streams

from monitor.operation.reading.monitoring import monitoring_report

pytestmark = pytest.mark.data
MOVED = {"covariate:age", "score_mean", "score_shape"}
"""In the quiet control the mean age doubles between April and June, and the mean score rises by a tenth."""


def test_the_quiet_control_is_quiet_on_every_stream_that_is_stable(real_data: Path, tmp_path: Path) -> None:
    replayed = streams.quiet_control(tmp_path, real_data)
    alarmed = {alarm.stream for alarm in replayed.state.alarms.values()}
    assert alarmed <= MOVED
    assert "covariate:age" in alarmed
    site = monitoring_report(replayed.workspace, today=date(2020, 6, 18), evidently=False)["sites"][0]
    quiet = {item["stream"] for item in site["streams"] if item["state"] == "quiet"}
    stable = {"covariate:gender", "covariate:demo_group", "covariate:drive_thru", "prevalence", "calibration"}
    assert stable | {f"missingness:{name}" for name in ("age", "gender", "demo_group", "drive_thru")} <= quiet


def test_clinics_are_ranked_by_effect_and_told_alarm_watch_or_too_few_events(
    real_data: Path, tmp_path: Path
) -> None:
    replayed = streams.quiet_control(tmp_path, real_data, "clinic_name")
    report = monitoring_report(replayed.workspace, today=date(2020, 6, 18), evidently=False)
    assert len(report["sites"]) == 88
    assert report["expected_false_alarms"] == pytest.approx(88 * 0.05)
    words = {site["status"] for site in report["sites"]}
    assert words <= {"alarm", "watch", "ok", "insufficient"}
    assert {"alarm", "insufficient"} <= words
    assert all(site["reason"] for site in report["sites"])
    few = next(site for site in report["sites"] if site["status"] == "insufficient")
    assert "more of the rarer class are needed" in few["reason"]
    alarmed = {(alarm.place.site, alarm.stream) for alarm in replayed.state.alarms.values()}
    assert ("emergency dept", "covariate:age") in alarmed
    assert not {stream for _, stream in alarmed} - MOVED - {"calibration"}
    largest = [site["largest_effect"] for site in report["sites"] if site["largest_effect"]]
    assert all(effect["low"] <= effect["value"] <= effect["high"] for effect in largest)


def test_the_stroke_trial_shows_which_country_changed_its_use_of_ct_and_when(
    real_data: Path, tmp_path: Path
) -> None:
    """CT before randomisation: rarer in Italy from 1993 and Poland in 1996, commoner in Czechia."""
    replayed = streams.stroke_trial(tmp_path, real_data)
    found = {
        alarm.place.site: alarm.body
        for alarm in replayed.state.alarms.values()
        if alarm.stream == "covariate:RCT"
    }
    assert found.keys() == {"ITAL", "CZEC", "POLA"}
    for country, month, rarer in (("ITAL", "1993", True), ("CZEC", "1996", False), ("POLA", "1996", True)):
        effect = found[country]["effect"]
        assert found[country]["night"].startswith(month)
        assert effect["functional"] == "N"
        assert (effect["value"] > effect["reference"]) == rarer
    united_kingdom = {a.stream for a in replayed.state.alarms.values() if a.place.site == "UK"}
    assert "calibration" not in united_kingdom
    assert {"prevalence", "score_mean", "covariate:AGE"} <= united_kingdom
