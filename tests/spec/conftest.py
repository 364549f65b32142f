"""Two finished workspaces that tests copy and disturb: one that people decided in, one replayed."""

from __future__ import annotations

import pytest

from tests.evidence import PASSING, QUIET, Scene, bound, lived, replayed, shifted, undrawn


@pytest.fixture(scope="session")
def lived_scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Two runs with an approval, a refusal and a closed alarm between them."""
    with undrawn():
        return lived(bound(tmp_path_factory.mktemp("lived"), shifted("Harbour"), shifted("Bay"), QUIET))


@pytest.fixture(scope="session")
def replayed_scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """One replay with a simulated approval."""
    with undrawn():
        return replayed(bound(tmp_path_factory.mktemp("replayed"), shifted("Harbour"), nights=34))


@pytest.fixture(scope="session")
def two_shifts(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """One replay in which a shift stays at one site and passes at the other."""
    with undrawn():
        return replayed(bound(tmp_path_factory.mktemp("two"), shifted("Harbour"), PASSING, nights=70))
