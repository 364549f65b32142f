"""Hostile plans: read as YAML, and, where a plan with hostile names is sound, put to use."""

from __future__ import annotations

import functools
import itertools
import json
import random
import shutil
from pathlib import Path
from typing import Any

from monitor import plan, store
from monitor.errors import PlanError
from monitor.plan.yaml import parse
from tests.build_plan import plan_dict
from tests.properties import hostile
from tests.properties.bench import KEY, RECEIVED, Tally, attempt

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "a'b",
    'a"b',
    "a;b --",
    "a/b~1c",
    "$.*",
    "score",
    "line",
    "broken",
    "text",
    "parts[1]",
    "<script>",
    "=1+1",
    "../x",
    "$inner_key",
    "a b",
    "été",
    "column_1",
    "0",
    "'' || study_id || ''",
)


@functools.cache
def _text() -> bytes:
    return (ROOT / "change_plans" / "ist_stroke.yaml").read_bytes()


def read_plan(path: Path) -> None:
    """`check` and `load` must agree; faults name a place."""
    faults = plan.check(path)
    try:
        plan.load(path)
    except PlanError as error:
        if not faults or "\n".join(map(str, faults)) != str(error):
            raise AssertionError("check and load disagree") from error
        raise
    if faults:
        raise AssertionError("check and load disagree")


def _yaml_tokens(content: bytes, rng: random.Random) -> bytes:
    put = (
        b"&a ",
        b"*a",
        b"!!python/object:os.system x",
        b"<<: *a",
        b"? ",
        b"- ",
        b": ",
        b"%YAML 1.1\n",
        b"---\n",
    )
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    key, colon, value = lines[at].partition(b": ")
    lines[at] = key + colon + rng.choice(put) + value
    return b"\n".join(lines)


def _bomb(content: bytes, rng: random.Random) -> bytes:
    names = "abcdefghij"
    levels = [f"{names[0]}: &{names[0]} [lol,lol,lol,lol,lol,lol,lol,lol,lol]"]
    for before, name in itertools.pairwise(names):
        levels.append(f"{name}: &{name} [" + ",".join([f"*{before}"] * 9) + "]")
    text = "\n".join(levels).encode()
    return rng.choice((text, text + b"\n" + content, content + b"\n" + text))


def _deep(content: bytes, rng: random.Random) -> bytes:
    deep = rng.choice((30, 1_000, 20_000))
    put = rng.choice(
        (
            "[" * deep,
            "[" * deep + "]" * deep,
            "{a: " * deep + "1" + "}" * deep,
            "- " * deep,
            "\n".join(" " * level + "a:" for level in range(min(deep, 600))),
            "a: " + "9" * deep,
            "? " * deep,
        )
    )
    return rng.choice((put.encode(), content + b"\n" + put.encode()))


def _values(content: bytes, rng: random.Random) -> bytes:
    """A value anywhere in the plan replaced by another of any kind."""
    found = parse("plan.yaml", content.decode()).content
    places = list(_places(found))
    for _ in range(rng.randrange(1, 4)):
        parent, name = rng.choice(places)
        parent[name] = rng.choice(
            (
                *hostile.TEXTS,
                None,
                True,
                [],
                {},
                [[]],
                -1,
                0,
                10**40,
                1e308,
                -0.5,
                2**63,
                {"a": {"b": 1}},
                ["x"] * 500,
            )
        )
    return json.dumps(found).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    items = list(
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [place for name, item in items for place in [(value, name), *_places(item)]]


def plan_mutants() -> dict[str, tuple[bytes, hostile.Mutation]]:
    """How plans are made hostile, each with the sound text."""
    ways = {
        "bytes flipped, truncated, spliced": lambda content, rng: rng.choice(
            (hostile.flip, hostile.truncate, hostile.splice)
        )(content, rng),
        "encodings, NULs, marks, line ends": lambda content, rng: rng.choice(
            (hostile.recode, hostile.put_bytes, hostile.marks, hostile.line_ends)
        )(content, rng),
        "hostile text anywhere": hostile.put_text,
        "anchors, tags, directives": _yaml_tokens,
        "alias bombs": _bomb,
        "deep nesting, huge numbers": _deep,
        "values of other kinds": _values,
    }
    return {name: (_text(), way) for name, way in ways.items()}


def store_with(folder: Path, tally: Tally, rng: random.Random) -> int:
    """A plan with hostile column, covariate and level names: if it is sound, a workspace works with it."""
    names = rng.sample((*NAMES, *rng.sample(hostile.TEXTS, k=2)), k=7)
    fields = ("study_id", "patient_id", "site", "predicted_at", "model_version", "score")
    columns = {name: rng.choice((name, other)) for name, other in zip(fields, names, strict=False)}
    column, level = names[6], rng.choice((*NAMES, rng.choice(hostile.TEXTS)))
    content = plan_dict(
        monitoring__label_streams={"studies_per_patient": "first", "window_days": 365},
        logs__predictions__columns=columns,
        logs__predictions__missing=["", rng.choice(NAMES)],
        logs__covariates=[
            {"name": "age", "kind": "continuous", "unit": "year", "range": [0.0, 120.0], "column": column},
            {"name": "view", "kind": "categorical", "levels": [level, "PA"]},
        ],
    )
    path = folder / "plan.json.yaml"
    path.write_text(json.dumps(content))
    found: list[plan.LoadedPlan] = []
    if not attempt(tally, lambda: found.append(plan.load(path))):
        tally.refused += 1
        return 0
    workspace = folder / "other"
    attempt(tally, lambda: _use(workspace, found[0], [*columns.values(), column, "view"], level))
    shutil.rmtree(workspace, ignore_errors=True)
    return 1


def _use(workspace: Path, loaded: plan.LoadedPlan, names: list[str], level: str) -> None:
    store.create(workspace, loaded.plan)
    cells = ["S1", "P1", "north", "2026-03-01", "m1", "0.5", "60", level]
    row = dict(zip(names, cells, strict=True))
    broken = dict(zip(names, [*cells[:5], "high", *cells[6:]], strict=True))
    file = workspace / "log.jsonl"
    file.write_text(f"{json.dumps(row)}\n{json.dumps(broken)}\n")
    with store.open_store(workspace, loaded.plan, KEY) as opened:
        report = opened.ingest(
            file, received_on=RECEIVED, record=lambda found: (0, json.dumps(found.as_record()))
        )
    if report.rows_read != 2:
        raise AssertionError("a row was lost")
