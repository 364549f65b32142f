"""The review pages say what needs attention and why, hide no absence, and need nothing but themselves."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from monitor.documentation.figures.lane import lane
from monitor.documentation.figures.nights import Scale, columns, largest, shares
from monitor.documentation.figures.overview import panel, time_axis
from monitor.documentation.figures.sheet import COLOURS
from monitor.documentation.figures.strip import strips
from monitor.documentation.review import review_pages, write_review
from monitor.documentation.review.render import script_hash, text_of
from tests.browser.page import Page, parse
from tests.review_examples import HOSTILE, bare, hostile, report

SCRIPTED = ("index.html", "ledger.html")
MARKS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\x00]")
LOADING = {
    "link",
    "img",
    "iframe",
    "object",
    "embed",
    "form",
    "base",
    "audio",
    "video",
    "image",
    "foreignObject",
}
EXAMPLES = {"network": report(5, nights=40), "hostile": hostile(), "bare": bare(), "empty": {}}


@pytest.fixture(scope="module", params=list(EXAMPLES))
def pages(request: pytest.FixtureRequest) -> dict[str, Page]:
    return {name: parse(page) for name, page in review_pages(EXAMPLES[request.param]).items()}


@pytest.fixture(scope="module")
def network() -> dict[str, Page]:
    return {name: parse(page) for name, page in review_pages(EXAMPLES["network"]).items()}


def place(pages: dict[str, Page], name: str) -> Page:
    return next(page for file, page in pages.items() if file.startswith(f"place-{name}"))


def words(page: Page) -> str:
    return re.sub(r"\s+", " ", page.text)


class TestEveryPage:
    def test_is_well_formed_and_in_english(self, pages: dict[str, Page]) -> None:
        for page in pages.values():
            assert page.faults == []
            assert page.tags[0] == ("html", {"lang": "en"})

    def test_loads_nothing_and_runs_at_most_the_script_that_its_policy_names(
        self, pages: dict[str, Page]
    ) -> None:
        script = text_of("monitor.documentation.review", "table.js")
        for name, page in pages.items():
            assert {tag for tag, _ in page.tags}.isdisjoint(LOADING)
            assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
            [policy] = [a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv")]
            scripts = re.findall(r"<script>(.*?)</script>", page.source, flags=re.DOTALL)
            assert scripts == ([script] if name in SCRIPTED else [])
            assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
            assert ("script-src" in policy) == (name in SCRIPTED)
            assert script_hash(script) in policy or name not in SCRIPTED

    def test_links_to_pages_of_the_folder_and_to_parts_that_exist(self, pages: dict[str, Page]) -> None:
        for name, page in pages.items():
            for link in page.links:
                file, _, part = link.partition("#")
                if file.startswith(("evidently/", "../dossiers/CHG-")):
                    continue
                target = pages[file or name]
                ids = {attributes["id"] for _, attributes in target.tags if "id" in attributes}
                assert not part or part in ids, (name, link)
        assert all(re.search(r"url\((?!#)|@import", page.source) is None for page in pages.values())

    def test_shows_marks_that_reorder_or_hide_by_their_code(self, pages: dict[str, Page]) -> None:
        assert all(MARKS.search(page.source) is None for page in pages.values())

    def test_can_be_read_by_a_screen_reader_and_by_keyboard(self, pages: dict[str, Page]) -> None:
        for page in pages.values():
            ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
            assert len(ids) == len(set(ids))
            assert [page.count(tag) for tag in ("h1", "main", "header", "footer")] == [1, 1, 1, 1]
            assert page.count("caption") == page.count("table")
            assert page.links[0] == "#content"
            assert all(a.get("scope") in ("col", "row") for tag, a in page.tags if tag == "th")
            assert all(a.get("aria-label") for tag, a in page.tags if tag == "nav")
            for tag, attributes in page.tags:
                assert tag != "svg" or (attributes["role"] == "img" and attributes["aria-labelledby"])
                assert "scroll" not in attributes.get("class", "") or attributes["tabindex"] == "0"
                for target in attributes.get("aria-labelledby", "").split():
                    assert target in ids


class TestHostileTexts:
    def test_stand_on_the_pages_as_they_were_written(self) -> None:
        for source in review_pages(hostile()).values():
            page = parse(source)
            for text in (*HOSTILE[:4], *HOSTILE[5:8]):
                assert text in page.text
            assert "abc[U+202E]def[U+2066]ghi" in page.text
            assert "a[U+0000]b & 'c'" in page.text

    def test_reach_no_style_sheet_and_no_class(self) -> None:
        for source in review_pages(hostile()).values():
            page = parse(source)
            styles = re.findall(r"<style>(.*?)</style>", page.source, flags=re.DOTALL)
            assert len(styles) == 1
            assert "<" not in styles[0]
            assert re.search(r"title='|=cmd|passwd\"|javascript:", styles[0]) is None
            assert all("owned" not in attributes.get("class", "") for _, attributes in page.tags)

    def test_lead_no_file_and_no_link_out_of_the_folder(self, tmp_path: Path) -> None:
        paths = write_review(hostile(), tmp_path / "review")
        assert {path.parent for path in paths} == {tmp_path / "review"}
        assert sorted(tmp_path.iterdir()) == [tmp_path / "review"]
        assert all(re.fullmatch(r"[a-z0-9-]+\.html", path.name) for path in paths)
        for path in paths:
            for link in parse(path.read_text(encoding="utf-8")).links:
                assert re.fullmatch(r"[a-z0-9-]*(\.html)?(#[A-Za-z0-9-]+)?", link), link

    def test_a_status_that_is_markup_is_no_class_and_no_success(self) -> None:
        site = {"site": "Harbour", "status": '"><script>', "streams": [{"stream": "a", "state": "<b>"}]}
        pages = review_pages({"sites": [site]})
        assert "No alarm; 1 of 1 place without enough data to tell" in words(parse(pages["index.html"]))
        assert all('"><script>' not in page for page in pages.values())


class TestFrontPage:
    def test_says_first_which_places_need_attention_and_why(self, network: dict[str, Page]) -> None:
        text = words(network["index.html"])
        assert text.index("1 of 5 places has an alarm") < text.index("Harbour · pneumothorax")
        assert text.index("Tube current and vendor moved") < text.index("Prevalence is at 71 %")
        assert network["index.html"].title.endswith("1 of 5 places has an alarm")

    def test_lists_places_by_alarm_watch_insufficient_and_ok(self, network: dict[str, Page]) -> None:
        states = [
            a["data-status"] for tag, a in network["index.html"].tags if tag == "tr" and "data-status" in a
        ]
        assert states == ["alarm", "watch", "insufficient", "ok", "ok"]

    def test_states_how_many_false_alarms_to_expect(self, network: dict[str, Page]) -> None:
        assert "at most 0.25 over all sites within 365 looks" in words(network["index.html"])

    def test_warns_of_missed_nights(self) -> None:
        late = {**report(1, nights=5), "freshness": {"last_night": "2026-02-20", "missed_nights": 9}}
        assert "9 nights were missed; the last one read is 2026-02-20." in words(
            parse(review_pages(late)["index.html"])
        )

    def test_shows_every_place_without_the_script(self) -> None:
        page = parse(review_pages(report(70, nights=3))["index.html"])
        assert sum(tag == "tr" and "data-status" in a for tag, a in page.tags) == 70
        assert [a for tag, a in page.tags if a.get("class") == "controls"] == [
            {"class": "controls", "hidden": ""}
        ]

    def test_limits_the_panels_and_says_which_places_they_are(self) -> None:
        page = parse(review_pages(report(70, nights=3))["index.html"])
        panels = {a["id"] for tag, a in page.tags if a.get("id", "").endswith("-title") and tag == "title"}
        assert len([name for name in panels if name.startswith("panel-")]) == 60
        assert "60 of 70 places are shown: those with an alarm first" in words(page)

    def test_has_a_script_of_under_a_hundred_lines(self) -> None:
        assert len(text_of("monitor.documentation.review", "table.js").splitlines()) < 100


class TestAbsence:
    def test_a_place_without_a_status_is_never_ok(self) -> None:
        pages = {name: parse(page) for name, page in review_pages({"sites": [{"site": "Hill"}]}).items()}
        assert "No alarm; 1 of 1 place without enough data to tell" in words(pages["index.html"])
        assert "Insufficient Hill No status was computed." in words(place(pages, "hill"))

    def test_an_open_alarm_makes_an_alarm_of_every_status(self) -> None:
        found = {
            "sites": [{"site": "Hill", "status": "ok"}],
            "alarms": [{"alarm": "ALM-0007", "site": "Hill"}],
        }
        text = words(parse(review_pages(found)["index.html"]))
        assert "1 of 1 place has an alarm" in text
        assert "Open: ALM-0007" in text

    def test_too_few_outcomes_exclude_no_explanation(self) -> None:
        found = {"status": "insufficient", "verdict": "insufficient, needs 8 more events in the window"}
        found |= {"kept": [], "p_values": {"none": 0.0001, "label": 0.7183}, "events": 42}
        pages = review_pages({"sites": [{"site": "Hill", "explanations": found}]})
        text = words(place({n: parse(p) for n, p in pages.items()}, "hill"))
        assert "No explanation is excluded yet." in text
        assert "mixed" not in text
        assert text.count("not judged") == 2

    def test_a_queue_that_is_cut_says_how_long_it_is_and_undated_studies_say_so(self) -> None:
        case = {"study": "ab12", "night": None, "score": 0.9, "ai": "positive", "reader": "negative"}
        site = {"site": "Hill", "readers": {"disagreements": [case], "disagreements_in_all": 312}}
        text = words(place({n: parse(p) for n, p in review_pages({"sites": [site]}).items()}, "hill"))
        assert "Queue for review: 1 of 312, the plainest contradictions first, on which" in text
        assert "ab12not dated0.900positivenegativenot yet known" in text

    def test_each_part_says_that_it_was_not_computed_and_why(self) -> None:
        site = {"site": "Hill", "readers": {"reason": "no reader decisions are logged"}}
        text = words(place({n: parse(p) for n, p in review_pages({"sites": [site]}).items()}, "hill"))
        assert "Not computed: no reader decisions are logged." in text
        assert text.count("Not computed: ") == 16

    def test_a_report_that_is_silent_on_alarms_does_not_claim_there_are_none(self) -> None:
        pages = review_pages({"sites": [{"site": "Hill"}]})
        assert "Not computed: the report says nothing about alarms." in words(parse(pages["alarms.html"]))
        assert "Alarms (not computed)" in words(parse(pages["index.html"]))

    def test_numbers_that_are_none_are_no_numbers(self) -> None:
        found = report(1, nights=4)
        found["sites"][0]["streams"][0]["effects"][0]["value"] = float("nan")
        found["sites"][0]["streams"][0]["history"][2]["log_r"] = float("nan")
        assert all(re.search(r"\bnan\b", page) is None for page in review_pages(found).values())


class TestPlacePage:
    def test_has_a_part_for_everything_that_is_monitored(self, network: dict[str, Page]) -> None:
        assert place(network, "harbour").sections == [
            *(
                "headline",
                "alarms",
                "changes",
                "streams",
                "effects",
                "explanations",
                "prevalence",
                "expected",
                "reliability",
                "calibration",
                "subgroups",
                "outcomes",
            ),
            *("readers", "exclusions", "quality", "domain", "second-opinion"),
        ]

    def test_shows_the_drawn_ratios_as_numbers_too(self, network: dict[str, Page]) -> None:
        page, site = place(network, "harbour"), EXAMPLES["network"]["sites"][0]
        shown = {value for value, _ in page.numbers}
        subgroups = site["calibration_by_subgroup"]["subgroups"]
        for found in (*site["calibration_over_time"]["periods"], *subgroups):
            if found["value"] is not None:
                assert {found["value"], found["low"], found["high"]} <= shown
                assert f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})" in page.text
        assert "not enough: 3 events observed, 10 are needed" in page.text

    def test_draws_how_right_the_calibrator_in_use_is_and_says_it_in_numbers(
        self, network: dict[str, Page]
    ) -> None:
        page, site = place(network, "harbour"), EXAMPLES["network"]["sites"][0]
        for group in site["calibration_in_use"]["groups"]:
            assert {group["predicted"], group["observed"]} <= {value for value, _ in page.numbers}
        assert "Calibrator v1 on the 900 studies with a mature outcome since it is in use" in page.text
        assert "The interval leaves the diagonal out in 1 of 10 groups." in page.text
        assert "on every mature study held" not in page.text

    def test_says_where_the_stream_nearest_to_its_limit_comes_from(self, network: dict[str, Page]) -> None:
        assert "at its limit since " in place(network, "harbour").text
        assert " 28 looks ago" in words(network["index.html"])

    def test_shows_the_drawn_effects_as_numbers_too(self, network: dict[str, Page]) -> None:
        page = place(network, "harbour")
        for stream in EXAMPLES["network"]["sites"][0]["streams"]:
            for effect in stream["effects"]:
                shown = {value for value, _ in page.numbers}
                assert {effect["value"], effect["low"], effect["high"]} <= shown

    def test_marks_estimates_without_outcomes(self, network: dict[str, Page]) -> None:
        text = words(place(network, "northgate"))
        assert "Estimate without outcomes. It holds only if" in text
        assert "An estimate without outcomes. Its interval includes the error of the calibrator." in text
        assert "Alert rate0.140 (0.130 to 0.150)counted already" in text

    def test_does_not_show_a_prevalence_whose_conditions_fail(self, network: dict[str, Page]) -> None:
        assert "Not shown: scores within each class may have moved" in words(place(network, "harbour"))

    def test_lists_disagreements_and_holds_false_positives_against_the_limit(
        self, network: dict[str, Page]
    ) -> None:
        text = words(place(network, "harbour"))
        assert "Queue for review: 6 on which reader and AI disagree" in text
        assert "Alert fatigueabove the limit" in text

    def test_links_to_a_report_inside_the_folder_only(self, network: dict[str, Page]) -> None:
        assert "evidently/harbour-pneumothorax.html" in place(network, "harbour").links
        for address in ("../up.html", "/etc/x.html", "https://canary.invalid/x.html", "javascript:x//.html"):
            site = {"site": "Hill", "second_opinion": {"html": address, "agreement": []}}
            page = place({n: parse(p) for n, p in review_pages({"sites": [site]}).items()}, "hill")
            assert address not in page.links
            assert f"The report is not linked, its address could leave this folder: {address}" in page.text


class TestAlarmDashboard:
    def test_gives_the_command_that_closes_an_open_alarm(self, network: dict[str, Page]) -> None:
        command = (
            "pccp close WORKSPACE ALM-0002 --signer 'NAME' --role 'ROLE' --cause CAUSE --reason 'REASON'"
        )
        assert command in network["alarms.html"].text

    def test_quotes_what_a_shell_would_read_otherwise(self) -> None:
        found = {"workspace": "my work; rm x", "alarms": [{"alarm": "ALM $(x)", "state": "open"}]}
        assert (
            "pccp close 'my work; rm x' 'ALM $(x)' --signer" in parse(review_pages(found)["alarms.html"]).text
        )

    def test_shows_cause_person_and_reason_of_a_closed_one(self, network: dict[str, Page]) -> None:
        text = words(network["alarms.html"])
        closed = text[text.index("Closed alarms") :]
        for word in ("ALM-0001", "device", "R. Okafor", "qa lead", "A dose protocol was tried for a week"):
            assert word in closed

    def test_names_streams_that_alarmed_again(self) -> None:
        site = {"site": "Hill", "finding": "nodule"}
        alarms = [
            {
                **site,
                "alarm": "ALM-0001",
                "stream": "age",
                "night": "2026-01-01",
                "state": "closed",
                "recurrence": 1,
            },
            {
                **site,
                "alarm": "ALM-0002",
                "stream": "age",
                "night": "2026-02-01",
                "state": "closed",
                "recurrence": 2,
            },
            {
                **site,
                "alarm": "ALM-0003",
                "stream": "age",
                "night": "2026-03-01",
                "state": "open",
                "recurrence": 3,
            },
            {
                **site,
                "alarm": "ALM-0004",
                "stream": "sex",
                "night": "2026-03-01",
                "state": "open",
                "recurrence": 1,
            },
        ]
        text = words(parse(review_pages({"sites": [site], "alarms": alarms})["alarms.html"]))
        again = text[text.index("Recurring alarms") : text.index("Closed alarms")]
        assert "1 stream alarmed more than once." in text
        assert re.findall(r"ALM-\d{4}", again) == ["ALM-0003"]

    def test_an_alarm_without_a_state_is_open(self) -> None:
        assert "1 open, 0 closed alarm" in words(
            parse(review_pages({"alarms": [{"alarm": "ALM-0001"}]})["alarms.html"])
        )


class TestFigures:
    def test_a_strip_is_the_same_text_for_the_same_place_and_well_formed(self) -> None:
        found = EXAMPLES["network"]
        site = found["sites"][0]
        first, again = (strips(site, found["alarms"]) for _ in range(2))
        assert first == again
        for svg in first:
            ElementTree.fromstring(svg)

    def test_a_strip_has_a_row_for_every_stream_however_many_there_are(self) -> None:
        streams = [
            {
                "stream": f"s{n}",
                "group": "covariates",
                "log_limit": 9.0,
                "history": [{"night": "a", "log_r": 1.0}],
            }
            for n in range(80)
        ]
        drawn = strips({"site": "Hill", "streams": streams}, [])
        assert len(drawn) == 3
        shown = " ".join(drawn)
        assert all(f">s{n}</text>" in shown for n in range(80))
        assert shown.count(">Covariates</text>") == 3

    def test_nights_without_rows_stay_hatched(self) -> None:
        stream = {
            "log_limit": 10.0,
            "history": [
                {"night": f"2026-01-{n:02d}", "n": 0 if n == 2 else 9, "log_r": 2.0} for n in (1, 2, 3, 6)
            ],
        }
        found = shares(stream)
        drawn = columns(found, 100)
        parts = lane(drawn, found, Scale(drawn[0].start, drawn[-1].end, 0.0, 60.0), 0.0, 20.0)
        assert "url(#hatch)" in parts[0]
        assert parts[1].count("Z") == 3

    def test_evidence_of_half_the_limit_and_of_the_limit_changes_colour_and_height(self) -> None:
        history = [
            {"night": name, "n": 9, "log_r": log_r}
            for name, log_r in zip("abcd", (4.9, 5.0, 10.0, 99.0), strict=True)
        ]
        found = shares({"log_limit": 10.0, "history": history})
        drawn = columns(found, 100)
        text = "".join(lane(drawn, found, Scale(0, 4, 0.0, 40.0), 0.0, 20.0))
        assert f'{COLOURS["low"]}" d="M0 20V12.2H10V20Z"' in text
        assert f'{COLOURS["middle"]}" d="M10 20V12H20V20Z"' in text
        assert f'{COLOURS["high"]}" d="M20 20V4H30V20ZM30 20V0H40V20Z"' in text

    def test_joining_nights_hides_no_alarm(self) -> None:
        history = [{"night": f"{n:04d}", "n": 9, "log_r": 12.0 if n == 777 else 0.1} for n in range(1000)]
        found = shares({"log_limit": 10.0, "history": history})
        drawn = columns(found, 100)
        assert len(drawn) == 100
        assert [column.nights[0] for column in drawn if (largest(column, found) or 0) >= 1] == ["0770"]

    def test_no_column_joins_nights_across_a_gap(self) -> None:
        nights = [f"2026-01-{n:02d}" for n in (1, 2, 3, 4, 21, 22, 23, 24)]
        assert [column.nights[0][-2:] for column in columns(nights, 2)] == ["01", "21"]
        assert [column.nights[0][-2:] for column in columns(nights, 1)] == ["01", "21"]

    def test_open_and_closed_alarms_differ_in_more_than_colour(self) -> None:
        site = EXAMPLES["network"]["sites"][0]
        night = site["streams"][0]["history"][5]["night"]
        axis = time_axis([site])
        bars = {}
        for state, closed in (("open", None), ("closed", {"at": night})):
            bars[state] = panel(site, [{"night": night, "state": state, "closed": closed}], axis, "p")
        assert 'class="fill-ink line-paper"' in bars["open"]
        assert 'class="fill-paper line-ink"' in bars["closed"]
        assert bars["closed"].count('stroke-width="2"') == 1

    def test_colours_fall_in_lightness_so_that_grey_print_keeps_their_order(self) -> None:
        def lightness(name: str) -> float:
            red, green, blue = (int(COLOURS[name][at : at + 2], 16) for at in (1, 3, 5))
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue

        paper, low, middle, high = map(lightness, ("paper", "low", "middle", "high"))
        assert paper - low > 40
        assert low - middle > 60
        assert middle - high > 60

    def test_an_effect_outside_its_band_has_another_shape(self, network: dict[str, Page]) -> None:
        source = place(network, "harbour").source
        effects = source[source.index('id="figure-effects"') :].partition("</figure>")[0]
        assert effects.count('class="fill-high line-ink"') == 2
        assert "tube current: 0.6" in source[source.index("effects-figure-desc") :]


class TestFiles:
    def test_have_the_same_bytes_for_the_same_report(self, tmp_path: Path) -> None:
        first, again = (write_review(report(3, nights=20), tmp_path / name) for name in ("a", "b"))
        assert [path.name for path in first] == [path.name for path in again]
        assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]

    def test_pages_of_places_that_are_gone_are_removed_and_nothing_else(self, tmp_path: Path) -> None:
        write_review(report(3, nights=3), tmp_path)
        kept = [tmp_path / "evidently", tmp_path / "place-notes.html", tmp_path / "other.txt"]
        kept[0].mkdir()
        for path in kept[1:]:
            path.write_text("mine", encoding="utf-8")
        paths = write_review(report(1, nights=3), tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([*paths, *kept])

    def test_places_whose_names_look_alike_have_pages_of_their_own(self) -> None:
        names = ("St Mary", "st-mary", "St. Mary!", "סנט מרי", "圣玛丽", "a" * 300, "a" * 301)
        pages = review_pages({"sites": [{"site": name, "finding": "nodule"} for name in names]})
        assert len(pages) == 6 + len(names)
        assert all(name.isascii() and len(name) < 80 for name in pages)
