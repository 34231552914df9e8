"""Every platform of the wild, as an invented blog, beside all that is read from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeds.golden import DOCUMENTS, as_json, expected_of, read


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_field_of_the_feed_is_read_as_expected(document: Path) -> None:
    assert as_json(read(document)) == expected_of(document).read_text(encoding="utf-8")


def test_no_expectation_lacks_its_feed() -> None:
    folder = DOCUMENTS[0].parent
    assert {path.name for path in folder.glob("*.expected.json")} == {expected_of(each).name for each in DOCUMENTS}
