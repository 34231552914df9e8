"""The length of a status, as the server that judges it counts. Each row names the rule that it shows."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.compose.length import (
    grapheme_count,
    graphemes,
    measure,
    raw_length,
    status_length,
    top_level_domains,
)
from syndicate.compose.model import StatusLimits

LONG_URL = "https://lantern.example.com/reviews/" + "a" * 300

ROWS = [
    # StatusLengthValidator: graphemes of warning + text, a URL is 23
    ("plain text counts its characters", "A quiet film", "", 12),
    ("nothing counts nothing", "", "", 0),
    ("the warning counts", "A quiet film", "Spoilers", 20),
    ("a warning alone counts", "", "Spoilers", 8),
    ("a URL counts 23 however long", f"see {LONG_URL}", "", 27),
    ("a URL counts 23 however short", "see http://a.ie", "", 27),
    ("a URL in the warning counts in full", "film", "https://a.ie/", 17),
    ("a mention in the warning counts in full", "film", "@mara@far.example", 21),
    ("blank text counts nothing", " \u3000\n ", "", 0),
    # Status#prepare_contents strips as Ruby does
    ("ASCII space and NUL around it are stripped", "\0 \tfilm \r\n\0", " cw ", 6),
    ("an ideographic space around it stays", "\u3000film\u3000", "", 6),
    # grapheme clusters
    ("CR LF is one", "a\r\nb", "", 3),
    ("a family of four is one", "👨‍👩‍👧‍👦", "", 1),
    ("a flag is one", "🇮🇪", "", 1),
    ("a skin tone adds none", "✊🏿", "", 1),
    ("a keycap is one", "5️⃣", "", 1),
    ("a combining accent adds none", "cafe\u0301", "", 4),
    ("Hangul jamo join", "\u1112\u1161\u11ab", "", 1),
    ("a mark that opens the text joins the warning's last letter", "\u0301film", "cw", 6),
    # twitter_regex.rb: which schemes, and what stands before
    ("gemini has the concession", "gemini://lantern.example.org/a/long/way/down", "", 23),
    ("ftp has none", "ftp://lantern.example.org/a", "", 27),
    ("a bare domain has none", "lantern.org/a/long/way/to/go", "", 28),
    ("a scheme glued to a letter is none", "xhttps://lantern.org/a", "", 22),
    ("a scheme after @ is none", "@https://lantern.org/a", "", 22),
    ("a scheme after a bracket is one", "(https://lantern.org/a)", "", 25),
    ("a URL swallowed by a bare domain is none", "lantern.org/https://lantern.org", "", 31),
    # hosts
    ("localhost is no domain", "http://localhost:8000/a", "", 23),
    ("one longer proves it", "http://localhost:8000/ab", "", 24),
    ("an address in numbers is no domain", "http://127.0.0.1/reviews/a/b/c", "", 30),
    ("a user in the address is no domain", "http://ed:pw@lantern.org/review/a", "", 33),
    ("an unknown top-level domain has none", "https://lantern.nosuchtld/review", "", 32),
    ("a known one does", "https://lantern.film/review", "", 23),
    ("an underscore in the host's own name has none", "https://the_lantern.org/review", "", 30),
    ("an underscore in a subdomain is fine", "https://the_old.lantern.org/review", "", 23),
    ("an international name is fine", "https://фонарь.рф/обзор", "", 23),
    ("a label over 63 has none", "https://" + "a" * 64 + ".org", "", 76),
    ("a label of 63 is fine", "https://" + "a" * 63 + ".org", "", 23),
    ("a character newer than IDNA 2003 has none", "https://💡lamp.org/abcdefgh", "", 26),
    ("a port is part of it", "https://lantern.org:8443/review", "", 23),
    ("over 4096 characters has none", "https://a.org/" + "b" * 4083, "", 4097),
    ("4096 is fine", "https://a.org/" + "b" * 4082, "", 23),
    # ends
    ("a full stop after it counts", "https://lantern.org/a.", "", 24),
    ("a question mark after it counts", "https://lantern.org/a?", "", 24),
    ("an ellipsis after a path is swallowed", "https://lantern.org/a…", "", 23),
    ("an ideographic full stop after a path is swallowed", "https://lantern.org/a。", "", 23),
    ("balanced brackets belong to it", "https://lantern.org/Dusk_(film)", "", 23),
    ("an unbalanced bracket does not", "https://lantern.org/Dusk)", "", 24),
    ("brackets around foreign letters end it", "https://lantern.org/夕_(映画)", "", 27),
    ("a query belongs to it", "https://lantern.org/?q=夕&p=1", "", 23),
    ("an @ at the end belongs to it", "https://lantern.org/TW@ x", "", 25),
    ("twitter's shortener ends at its slug", "https://t.co/abc?amp=1", "", 29),
    ("a slug over 40 has none", "https://t.co/" + "a" * 41, "", 54),
    # Account::MENTION_RE
    ("a far mention counts as its name", "hi @mara@far.example", "", 8),
    ("a near mention counts as it stands", "hi @mara", "", 8),
    ("a mention after a letter is none", "x@mara@far.example", "", 18),
    ("a mention after a slash is none", "/@mara@far.example", "", 18),
    ("a mention followed by :// is none", "@mara@far://", "", 12),
    ("a domain over 253 has no concession", "@m@" + "a" * 254, "", 257),
    ("a domain of 253 has", "@m@" + "a" * 253, "", 2),
    ("a mention in a URL is the URL's", "https://far.org/@mara@near.example", "", 23),
    ("a mention in its query too", "https://far.org/a?@mara@near.example", "", 23),
    ("a hashtag counts in full", "#FilmReview", "", 11),
]


@pytest.mark.parametrize(("text", "spoiler", "expected"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_counts_as_mastodons_validator(text: str, spoiler: str, expected: int) -> None:
    assert status_length(text, spoiler) == expected


def test_other_software_counts_code_points_and_urls_in_full() -> None:
    limits = StatusLimits(counts_as_mastodon=False)
    assert measure("👨‍👩‍👧‍👦 https://a.ie", "cw", limits) == raw_length("👨‍👩‍👧‍👦 https://a.ie", "cw") == 22


def test_a_server_with_another_weight_for_urls_is_believed() -> None:
    assert measure(LONG_URL, "", StatusLimits(chars_per_url=30)) == 30


def test_the_list_of_domains_is_the_frozen_one() -> None:
    """Would notice if the package changed the shape of its lists, or grew new domains."""
    domains = top_level_domains()
    assert {"film", "movie", "museum", "zip", "ie", "みんな", "рф", "onion"} <= domains
    assert not any(set(domain) & set("()|?[]") for domain in domains)
    assert 1400 < len(domains) < 1700


@given(st.text(), st.text())
def test_clusters_joined_are_the_text_and_no_text_is_longer_than_its_code_points(text: str, spoiler: str) -> None:
    assert "".join(graphemes(text)) == text
    assert len(graphemes(text)) == grapheme_count(text) <= len(text)
    assert status_length(text, spoiler) <= raw_length(text, spoiler) or "://" in text


@pytest.mark.parametrize("hostile", ["a.b-", "((", "(a", "あ", "#?", "@a.", "http://a.", "a_"])
def test_no_text_of_a_statuss_size_takes_long_to_count(hostile: str) -> None:
    status_length("https://lantern.org", "")
    before = time.process_time()
    status_length("https://lantern.org/x " + hostile * (500 // len(hostile)), "")
    assert time.process_time() - before < 0.5
