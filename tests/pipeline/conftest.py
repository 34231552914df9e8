"""One installation for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.studio import Studio, studio


@pytest.fixture
def lantern(tmp_path: Path) -> Iterator[Studio]:
    """Return an installation whose first run is still to come."""
    with studio(tmp_path) as opened:
        yield opened
