"""The demonstration at full length finds what was planted, and keeps to its folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from flows.demo import free_folder, shipped_plan

LIMIT_SECONDS = 180
"""Twice what one run may take, because tests share the machine."""


def test_every_site_ends_as_it_should(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**kept, "HOME": str(tmp_path / "home"), "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    command = [sys.executable, "-c", "from flows.cli import main; main()", "demo", "--out", "demo"]
    begun = time.monotonic()
    found = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
    )
    assert found.returncode == 0, found.stderr
    assert time.monotonic() - begun < LIMIT_SECONDS
    assert found.stdout.count("as it should") == 5
    assert "NOT as it should" not in found.stdout
    page = tmp_path / "demo" / "workspace" / "dossiers" / "index.html"
    assert f"Open {page}" in found.stdout
    assert page.is_file()
    assert not (tmp_path / "home" / ".prefect").exists()
    assert (tmp_path / "demo" / "private").stat().st_mode & 0o077 == 0
    assert "Traceback" not in found.stderr


def test_an_earlier_demo_is_left_alone(tmp_path: Path) -> None:
    assert free_folder(tmp_path / "demo") == tmp_path / "demo"
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo-2").mkdir()
    assert free_folder(tmp_path / "demo") == tmp_path / "demo-3"


def test_its_plan_is_installed_with_the_packages() -> None:
    assert shipped_plan("chest_xray_pneumothorax.yaml").is_file()
