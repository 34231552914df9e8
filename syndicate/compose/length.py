"""How long a status is, as the server that will judge it counts.

Mastodon counts grapheme clusters of warning and text together, a URL as 23 and a remote mention without its
domain (app/validators/status_length_validator.rb, app/lib/extractor.rb, config/initializers/twitter_regex.rb
of 4.6.5). Its web composer, and the counters of client libraries, count otherwise and are wrong about one
text in six. Most other software counts code points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from encodings.idna import ToASCII
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from stringprep import in_table_a1
from typing import Any

from syndicate.compose.model import StatusLimits

CHARS_PER_URL = 23
_MAX_URL = 4096
_MAX_MENTION_DOMAIN = 253
_MAX_TCO_SLUG = 40
_RUBY_SPACE = "\0\t\n\v\f\r "
"""What Ruby's String#strip takes away; an ideographic space stays."""

Span = tuple[int, int, str]
"""Start, end, and what it counts as."""


def measure(text: str, spoiler: str, limits: StatusLimits) -> int:
    """Return the length of a status as the software that `limits` describes counts it."""
    if limits.counts_as_mastodon:
        return status_length(text, spoiler, chars_per_url=limits.chars_per_url)
    return raw_length(text, spoiler)


def raw_length(text: str, spoiler: str) -> int:
    """Return the code points of text and warning: what GoToSocial, Pleroma and others count, URLs in full."""
    return len(text) + len(spoiler)


def status_length(text: str, spoiler: str, *, chars_per_url: int = CHARS_PER_URL) -> int:
    """Return the length that Mastodon's validator gives a status; it refuses one over `max_characters`.

    "see https://lantern.example/a" → 27. Both are stripped as Status#prepare_contents strips them. The
    warning counts as it stands, and stands before the text when clusters are formed.
    """
    text, spoiler = text.strip(_RUBY_SPACE), spoiler.strip(_RUBY_SPACE)
    return grapheme_count(spoiler + _countable(text, chars_per_url))


def grapheme_count(text: str) -> int:
    """Return how many characters a reader sees: extended grapheme clusters (UAX #29)."""
    return sum(1 for _ in _patterns().grapheme.finditer(text))


def graphemes(text: str) -> tuple[str, ...]:
    """Return the extended grapheme clusters of a text, in order; joined they are the text."""
    return tuple(match.group() for match in _patterns().grapheme.finditer(text))


def _countable(text: str, chars_per_url: int) -> str:
    """Return the text with each entity replaced by what it counts as; blank text counts nothing."""
    if not text.strip():
        return ""
    parts: list[str] = []
    at = 0
    for start, end, counted in sorted([*_urls(text, chars_per_url), *_mentions(text)]):
        if start >= at:
            parts += text[at:start], counted
            at = end
    return "".join(parts) + text[at:]


def _urls(text: str, chars_per_url: int) -> Iterator[Span]:
    """Yield the URLs that get the concession.

    Bare domains are matched too, because they swallow what follows them, and then get no concession. No URL goes
    over a blank, so only words with a scheme in them are searched (a long Japanese text is one word).
    """
    for word in re.finditer(r"[^ \t-\r]+", text):
        if "://" in word[0]:
            for match in _patterns().url.finditer(text, max(word.start() - 1, 0), word.end()):
                end = _url_end(match)
                if match["scheme"] and end is not None and _is_encodable(match["domain"], end - match.start("url")):
                    yield match.start("url"), end, "x" * chars_per_url


def _url_end(match: Any) -> int | None:
    """Return where a URL ends: twitter-text cuts its own shortener's addresses after the slug."""
    tco = _patterns().tco.match(match["url"])
    if tco is None:
        return int(match.end("url"))
    return None if len(tco["slug"]) > _MAX_TCO_SLUG else int(match.start("url")) + int(tco.end())


def _is_encodable(domain: str, url_chars: int) -> bool:
    """Return whether the domain has an IDNA 2003 form with which the URL keeps within 4096 characters."""
    try:
        encoded = [_encode_label(label) for label in re.split("[.\u3002\uff0e\uff61]", domain)]
    except UnicodeError:
        return False
    grown = sum(map(len, encoded)) + len(encoded) - 1 - len(domain)
    return url_chars + max(grown, 0) <= _MAX_URL


def _encode_label(label: str) -> bytes:
    """Return a label in ASCII; UnicodeError where it is too long, or holds characters newer than Unicode 3.2.

    Python's codec lets the newer ones pass, libidn does not.
    """
    if any(in_table_a1(character) for character in label):
        raise UnicodeError(f"unassigned in Unicode 3.2: {label!r}")
    return ToASCII(label)


def _mentions(text: str) -> Iterator[Span]:
    """Yield mentions, which count as their user name alone."""
    for match in _patterns().mention.finditer(text):
        unspoilt = not _patterns().after_mention.match(text, match.end())
        if unspoilt and len(match["domain"] or "") <= _MAX_MENTION_DOMAIN:
            yield match.start(), match.end(), f"@{match['user']}"


class _Patterns:
    """The expressions, built at first use: `regex` and the list of domains are too heavy for every start."""

    def __init__(self) -> None:
        import regex

        self.grapheme = regex.compile(r"\X")
        self.tco = regex.compile(r"https?://t\.co/(?P<slug>[a-z0-9]+)", regex.I)
        self.url = regex.compile(_url_pattern(), regex.I | regex.M | regex.X, tlds=top_level_domains())
        self.mention = regex.compile(
            rf"(?<![=/{_WORD}])@(?P<user>[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)"
            rf"(?:@(?P<domain>[{_WORD}]+(?:[.-]+[{_WORD}]+)*))?"
        )
        self.after_mention = regex.compile(rf"[@＠]|[{_LATIN_ACCENTS}]|://")


@cache
def _patterns() -> _Patterns:
    return _Patterns()


_WORD = r"\p{L}\p{M}\p{Nd}\p{Pc}"
"""Onigmo's [[:word:]]."""
_LATIN_ACCENTS = (
    r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289"
    r"\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_DIRECTIONAL = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVALID = r"\ufffe\ufeff\uffff"
_SPACES = r"\x09-\x0d\x20\x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_HOST = rf"""[^{_DIRECTIONAL}{_INVALID}{_SPACES}\x00-\x1f\x7f!"\#$%&'()*+,\-./:;<=>?@\[\]^_`{{|}}~]"""
"""A character at the edge of a host label: no space, control or punctuation (a backslash passes)."""


def _url_pattern() -> str:
    """Return the expression for a URL or bare domain and the character before it (flags I, M, X)."""
    query_more = _unicode_query_chars()
    return rf"""
        (?: [^A-Z0-9@＠$\#＃{_INVALID}] | [{_DIRECTIONAL}] | ^ )
        (?P<url>
          (?P<scheme> (?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini):// )?
          (?P<domain>
            (?: {_HOST}++ (?: [_-]++ {_HOST}++ )*+ \. )*
            {_HOST}++ (?: -++ {_HOST}++ )*+ \.
            (?: (?= {_MAYBE_TLD} ) \L<tlds> (?= {_TLD_END} ) | xn--[0-9a-z]+ )
          )
          (?: :[0-9]+ )?
          (?: / (?: (?: {_PATH} | {_parens(_PATH)} )* (?: {_PATH_END} | {_parens(_OLD_PATH)} ) )? )?
          (?: \? [a-z0-9!?*'();:&=+$/%\#\[\]\-_.,~|@^{query_more}]* [a-z0-9_&=\#/\-{query_more}] )?
        )"""


_TLD_END = r"[^0-9a-z@+\-] | $"
_MAYBE_TLD = rf"[a-z]{{2,}}+ (?: {_TLD_END} ) | [^\x00-\x7f]"
"""Asked before the list of 1,500: "a.b.a.b…" would look up each of its labels at each of its labels."""
_PATH = r"[^\p{White_Space}<>()?]"
_PATH_END = r"""[^\p{White_Space}()?!*"'「」<>;:=,.$%\[\]~&|]"""
_OLD_PATH = rf"[a-z\p{{Cyrillic}}0-9!*';:=+,.$/%\#\[\]\p{{Pd}}_~&|@{_LATIN_ACCENTS}]"
"""Parentheses end a path only if they hold twitter-text's own characters: "_(film)", but not "_(映画)"."""


def _parens(inside: str) -> str:
    """Return the expression for balanced parentheses, one level nested."""
    return rf"\( (?: {inside}+ | {inside}* \( {inside}+ \) {inside}* ) \)"


def _unicode_query_chars() -> str:
    """Return the ranges that RFC 3987 calls ucschar and iprivate, as Mastodon lists them."""
    planes = [rf"\U{plane:04x}0000-\U{plane:04x}fffd" for plane in range(1, 17) if plane != 14]
    return r"\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\uffef\U000e1000-\U000efffd" + "".join(planes)


def top_level_domains() -> frozenset[str]:
    """Return the top-level domains that twitter-text 3.1.0 knows; they are frozen in that release.

    The package's two lists are loaded as files: importing it as a whole parses its emoji tables with
    pkg_resources, which newer Pythons do not have.
    """
    spec = find_spec("twitter_text")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0], "regexp")
    return _alternatives(folder, "valid_gtld") | _alternatives(folder, "valid_cctld")


def _alternatives(folder: Path, name: str) -> frozenset[str]:
    """Return the words of one of the package's lists: a module with one pattern "(?:(?:a|b|…)(?=…))"."""
    spec = spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    pattern: str = getattr(module, name).pattern
    words = re.fullmatch(r"\(\?:\(\?:(.+)\)\(\?=.+", pattern)
    assert words is not None
    return frozenset(words[1].split("|"))
