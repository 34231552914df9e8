"""docs/linting.md has the table of checks that the code has."""

from __future__ import annotations

import re

from syndicate.compose.lint import CHECKS
from tests.docs.pages import text_of


def test_the_table_of_checks_is_the_codes_own() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| ([EWN]) \| ([^|]+) \|$", text_of("linting.md"), re.MULTILINE)
    own = [(str(each.number), each.name, each.severity.value[0].upper(), each.what) for each in CHECKS]
    assert rows == own


def test_each_number_is_used_once_and_in_order() -> None:
    numbers = [each.number for each in CHECKS]
    assert numbers == sorted(set(numbers))


def test_what_is_not_looked_for_is_told() -> None:
    missing = set(range(1, 41)) - {each.number for each in CHECKS}
    text = text_of("linting.md").partition("## What is not looked for")[2]
    assert [number for number in sorted(missing) if f"({number} in our count)" not in text] == []
