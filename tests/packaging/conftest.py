"""The wheels of this repository, built once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.packaging.building import MEMBERS, build


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Build the wheel of each member."""
    destination = tmp_path_factory.mktemp("wheels")
    return {name: build(directory, destination / name) for name, directory in MEMBERS.items()}
