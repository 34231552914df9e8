"""What each message of the corpus says about whom."""

from __future__ import annotations

import pytest

from syndicate.returns.model import ReturnKind
from syndicate.returns.read import read_returned
from tests.returns.corpus import CASES, COMPLAINTS, LOOSE, PEOPLE, REPORTS, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_is_understood(case: Case) -> None:
    returned = read_returned(case.content)
    assert (returned.kind, returned.recipients, returned.status) == (case.kind, case.recipients, case.status)
    assert returned.why
    assert "\n" not in returned.why


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("written", ["crlf", "mbox", "bom", "piped"])
def test_it_says_the_same_however_it_was_saved(case: Case, written: str) -> None:
    content = {
        "crlf": case.content.replace(b"\n", b"\r\n"),
        "mbox": b"From MAILER-DAEMON Fri Nov  6 08:00:00 2026\n" + case.content,
        "bom": b"\xef\xbb\xbf" + case.content,
        "piped": b"\n" + case.content,
    }[written]
    assert read_returned(content) == read_returned(case.content)


def test_the_corpus_is_wide_enough_to_mean_something() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 45
    assert min(len(group) for group in (REPORTS, COMPLAINTS, LOOSE, PEOPLE)) >= 7
    assert {case.kind for case in CASES} == set(ReturnKind)
