"""One installation that has read its feed; for tests that only look."""

from __future__ import annotations

import pytest

from tests.web.studio.places import Place, make_place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return an installation on a Thursday, with an issue for Friday; not to be changed."""
    return make_place(tmp_path_factory.mktemp("place"))
