"""Whatever a file holds: every line is accounted for, and only the product's own errors appear."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from monitor.errors import MonitorError
from monitor.plan.model import ChangePlan
from tests.build_plan import make_plan
from tests.ingesting import OUTCOMES, PREDICTIONS, Desk

CELLS = st.one_of(
    st.sampled_from(
        [
            "S1",
            "S2",
            "P1",
            "north",
            "2026-03-01",
            "2026-03-01T10:00:00Z",
            "m1",
            "0.5",
            "1",
            "0",
            "-1",
            "60",
            "PA",
        ]
    ),
    st.sampled_from(
        [
            "",
            " ",
            '"',
            '""',
            "nan",
            "1e999",
            "0x1",
            "1_0",
            "\x00",
            "\x1e",
            "\x1f",
            "\r",
            "\u202e",
            "é",
            "\x85",
        ]
    ),
    st.text(max_size=6),
)
PRECISIONS = {"second": "daily", "day": "weekly", "month": "monthly", "integer_day": "daily"}


def plan_of(precision: str) -> ChangePlan:
    return make_plan(
        logs__predictions__time_precision=precision,
        logs__predictions__day_zero="2020-01-01",
        monitoring__cadence=PRECISIONS[precision],
    )


def good_or_bad(good: str) -> st.SearchStrategy[bytes]:
    """A line with some cells replaced, or a line of anything."""
    cells = good.split(",")
    mixed = st.tuples(*(st.one_of(st.just(cell), st.just(cell), CELLS) for cell in cells)).map(",".join)
    text = st.one_of(mixed, mixed, mixed, st.lists(CELLS, max_size=10).map(",".join))
    return st.one_of(text.map(lambda t: t.encode("utf-8", "surrogatepass")), st.binary(max_size=20))


PREDICTION_LINES = st.lists(good_or_bad("S1,P1,north,2026-03-01,m1,0.5,60,PA"), max_size=12)
OUTCOME_LINES = st.lists(good_or_bad("S1,north,1,2026-03-02"), max_size=12)


@given(
    precision=st.sampled_from(sorted(PRECISIONS)),
    predictions=PREDICTION_LINES,
    outcomes=OUTCOME_LINES,
    end=st.sampled_from([b"\n", b"\r\n"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_line_is_accounted_for(
    precision: str, predictions: list[bytes], outcomes: list[bytes], end: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), plan_of(precision))
        for header, lines in ((PREDICTIONS, predictions), (OUTCOMES, outcomes)):
            content = end.join([header.encode(), *lines])
            physical = content.count(b"\n") + (not content.endswith(b"\n")) - 1
            report = desk.deliver(content)
            assert report.reconciles()
            assert report.rows_read + report.blank_lines == physical
            assert sum(report.reasons.values()) == report.rejected
            assert (
                len(desk.query("SELECT * FROM predictions UNION ALL BY NAME SELECT * FROM outcomes"))
                >= report.stored
            )


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.jsonl", "x.parquet"])
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace"))
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_give_a_report_or_an_error_of_the_product(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), make_plan())
        with contextlib.suppress(MonitorError):
            assert desk.deliver(content, name).reconciles()


@given(
    values=st.lists(
        st.dictionaries(
            st.sampled_from([*PREDICTIONS.split(","), "more", 'a"/~b']),
            st.one_of(
                CELLS,
                st.none(),
                st.booleans(),
                st.floats(),
                st.integers(),
                st.lists(st.integers(), max_size=2),
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_json_line_is_accounted_for(values: list[dict[str, object]]) -> None:
    import json

    complete = dict(
        zip(PREDICTIONS.split(","), ["S0", "P1", "north", "2026-03-01", "m1", "0.5", "60", "PA"], strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), make_plan())
        report = desk.deliver("\n".join(json.dumps({**complete, **value}) for value in values), "x.jsonl")
    assert report.reconciles()
    assert report.rows_read == len(values)
