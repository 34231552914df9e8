"""An installation, its readers' pages, and a page of the browser kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.readers.house import House, house


@pytest.fixture
def here(tmp_path: Path) -> Iterator[House]:
    """Return an installation of its own."""
    with house(tmp_path) as opened:
        yield opened
