"""What is logged is one line that a terminal shows and does not obey."""

from __future__ import annotations

import json

import pytest

from syndicate import log

ORIGIN = "https://a\x9b31m\x7f\u202e.example\n2026-01-01T00:00:00Z error forged"


@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
def test_a_strangers_words_are_one_printable_line(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    kept = log.logger.handlers[:], log.logger.propagate, log.logger.level
    log.configure(as_json=as_json, verbosity=1)
    log.event("form-trap", origin=ORIGIN)
    log.logger.handlers[:], log.logger.propagate = kept[0], kept[1]
    log.logger.setLevel(kept[2])
    told = capsys.readouterr().err
    assert told.endswith("\n")
    assert told[:-1].isprintable()
    if as_json:
        assert json.loads(told)["origin"] == ORIGIN
