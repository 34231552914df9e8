"""One installation that has read its feed; for tests that only look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.studio.places import Browser, Place, make_place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return an installation on a Thursday, with an issue for Friday; not to be changed."""
    return make_place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return the studio over an installation that may be changed."""
    with make_place(tmp_path_factory.mktemp("studio")).previewed() as browser:
        yield browser
