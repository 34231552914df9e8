"""A post's title → strand, film, year: the blog's grammar, then the forms of other blogs, or an editor's own rules.

title  = prefix SEP film [ (year) ] [ [note] ] [ | site ]
prefix = ( "New Release" | "First Look" | festival year | medium | column ) ( "Review" | "Retrospective" ) [ (format) ]
SEP    = - – — or :, the first one after the word Review, with or without blanks
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import regex

from syndicate.reviews.films import film_of, film_parts, without_headline
from syndicate.reviews.model import Festival, Kind, Rating
from syndicate.reviews.names import split_names
from syndicate.reviews.ratings import parse_rating

MAX_TITLE_CHARS = 300
_RULE_SECONDS = 0.05
"""How long one rule may ponder one title; an editor's regex can be exponential without looking so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleRules:
    """How the titles of one feed are read: an editor's own rules in order, then the blog's grammar."""

    patterns: tuple[str, ...] = ()


BLOG_RULES = TitleRules()
"""The grammar of the blog that syndicate was made for, and the forms of other blogs where they are safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleReading:
    """What a title says by itself; `kind` None where it neither says that the post is a review nor that it is not."""

    kind: Kind | None
    why: str
    film: str
    year: int | None = None
    strand: str | None = None
    festival: Festival | None = None
    format: str | None = None
    rating: Rating | None = None
    reviewer: str | None = None
    cast: tuple[str, ...] = ()


def compile_title_rules(patterns: Sequence[str]) -> TitleRules:
    """Return the rules written in config.yaml: regular expressions with the groups strand, film and year.

    Each is searched in the title, case counts, the first that matches wins; `film` must be among its groups.
    Raises ValueError, in an editor's words, for a pattern that is none or names no film.
    """
    for pattern in patterns:
        groups = _compile(pattern).groupindex
        if "film" not in groups:
            raise ValueError(f'the title rule "{pattern}" has no group named film; write it as (?P<film>.+)')
        if unknown := sorted(set(groups) - {"strand", "film", "year"}):
            raise ValueError(f'the title rule "{pattern}" names a group {unknown[0]}; use strand, film and year')
    return TitleRules(patterns=tuple(patterns))


def read_title(title: str, rules: TitleRules = BLOG_RULES, *, site_names: Sequence[str] = ()) -> TitleReading:
    """Return what the title says; the film is the whole title where nothing in it is known."""
    title = _without_site(" ".join(title.split()), site_names)
    for pattern in rules.patterns:
        if reading := _by_rule(pattern, title):
            return reading
    if len(title) > MAX_TITLE_CHARS:
        return _unknown(title)
    for form in _FORMS:
        if reading := form(title):
            return reading
    return _unknown(title)


_SEP = r"\s*[-–—:]\s*"
_SPACED = r"(?:\s+[-–—|]\s+|\s*\|\s*|:\s+)"
_WORD = r"(?:Review|Retrospective)"
_PREFIX = re.compile(
    rf"(?P<strand>(?:(?P<pre>.{{1,90}}?)\s+)?{_WORD}(?![\w'’])(?P<brackets>(?:\s*[\[(][^\])]{{1,40}}[\])])*))(?:{_SEP}|(?<=[\])])\s+)(?P<film>\S.*)",
    re.I,
)
_BRACKETED = re.compile(rf"(?P<strand>\[(?P<pre>[^\]]{{0,60}}?)\s*\b{_WORD}\])\s*[-–—:]?\s*(?P<film>\S.*)", re.I)
_MEDIUM = r"(?:Film|Movie|Short Film|Blu-?ray|DVD|4K|VOD|Netflix|Cinema|TV|Television|Series|Book|Festival)"
_FESTIVAL_YEAR = r"[^-–—|:]{2,60}?\s(?:19|20)\d\d"
_LAST = re.compile(rf"(?P<film>\S.*?){_SPACED}(?P<strand>(?:(?P<pre>{_MEDIUM}|{_FESTIVAL_YEAR})\s+)?{_WORD})", re.I)
_MEDIUM_COLON = re.compile(rf"(?:{_MEDIUM}\s+)?{_WORD}:\s+", re.I)
_FILM_YEAR = re.compile(r".*\S\s*\((?:18[89]|19\d|20\d)\d\)")
_SUFFIX = re.compile(r"(?P<film>\S.*?)\s+(?P<strand>(?:(?:Film|Movie|Blu-?ray|DVD)\s+)?Review)", re.I)
_FESTIVAL_FIRST = re.compile(rf"(?P<strand>{_FESTIVAL_YEAR}):\s+(?P<film>\S.*)", re.I)
_FEST_ONLY = re.compile(r"(?P<strand>[^:]{2,60}\bfest(?:ival)?):\s+(?P<film>\S.*)", re.I)
_REVIEW_BY = re.compile(r"(?P<film>\S.*?)\s+(?P<strand>(?:Film |Movie )?Review) by (?P<name>[^-–—|:]{4,60})", re.I)
_RATED = re.compile(
    r"(?P<film>\S.*?)(?:\s+[-–—|]\s+|,\s+|\s+)"
    r"(?P<rating>(?:[★⭐]️?\s?)+½?[☆]*|½[☆]*"
    r"|(?:\d 1/2|[\d½.]+) Stars?(?= [-–—|]|$)|[\d.]+/(?:5|10))(?:\s+[-–—|]\s+.*)?\.?",
    re.I,
)
_YEAR_AFTER_COMMA = re.compile(r"(?P<film>.*\S),\s(?P<year>(?:18[89]|19\d|20\d)\d)")
_FESTIVAL = re.compile(rf"(?P<name>.*\S)\s+(?P<year>(?:19|20)\d\d)(?:\s+First Look)?(?:\s+{_WORD})?", re.I)
_YEAR_FESTIVAL = re.compile(r"(?P<year>(?:19|20)\d\d)\s+(?P<name>\S.*)")
_NO_FESTIVAL = re.compile(
    r"(?:the\s+)?(?:new release|first look|tv|book|film|movie|dvd|vod|blu-?ray|netflix|best of|top \d+|year"
    r"|summer|winter|spring|autumn|january|february|march|april|may|june|july|august|september|october|november|december)",
    re.I,
)

_NOT_A_FILM = re.compile(
    r"\b(?:games?|albums?|music|gig|concert|soundtrack|score|theatre|theater|stage|musical|opera"
    r"|comics?|restaurant|product|app|gadget|podcast|trailers?|posters?|toy|beer|website|figure|exhibition)$",
    re.I,
)
_IDIOM = re.compile(
    r"(?:.*\b)?(?:in|under|peer|year|week|month|annual|weekly|monthly|for|the|a|an|my|your|this|no|to|we)$",
    re.I,
)
_BOOK = re.compile(r"\b(?:book|novel|audiobook)$", re.I)
_TV = re.compile(r"\b(?:TV|television|series|mini-?series|season(?: \w+)?|episode(?: \w+)?|show)$", re.I)
_SPLIT_PREFIX = re.compile(r"\s[-–—|]\s|[:|]\s?|\s[-–—]|[-–—]\s")

_OTHERS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.I), why)
    for pattern, why in (
        (r"(?:\w+\s)?Interview\s*[-–—:|]", "an interview"),
        (r".*\bInterview$|Interviews?\s+with\b.{0,60}\b(?:director|star|writer)", "an interview"),
        (r"First Look\s*[-–—:]", "“First Look” without Review is a preview"),
        (r".*\bReviews\b", "it speaks of Reviews in the plural, not of one"),
        (r"(?:.*\s)?(?:new|final|first|official|teaser)\s(?:\w+\s)?trailers?\b", "a trailer"),
        (r".*\btrailers?\s(?:&|and|for)\b|trailers?\s*[-–—:]|watch the trailer", "a trailer"),
        (r"(?:exclusive|podcast|infographic|video essay|news|competition|win|preview)\s*[-–—:!]", "by its first word"),
        (r".*\b(?:preview|podcast)$", "by its last word"),
        (r".*\b(?:movie|film|cinema|festival|season) preview\s*[-–—:]", "a preview"),
        (r"(?:great movie posters?|tv waffle)\s*[-–—:]", "a column that is not of reviews"),
        (r"(?:the\s)?(?:top\s)?\d+\s(?:\w+\s)?(?:great|greatest|best|worst|movies|films|most)\b", "a list of films"),
        (r"the (?:most|best|worst|\d+)\b.*\b(?:movies|films)\b", "a list of films"),
    )
)


def _by_rule(pattern: str, title: str) -> TitleReading | None:
    try:
        match = _compile(pattern).search(title[:MAX_TITLE_CHARS], timeout=_RULE_SECONDS)
    except TimeoutError:
        return None
    if not match or not (match.group("film") or "").strip():
        return None
    groups = match.groupdict()
    strand = (groups.get("strand") or "").strip() or None
    reading = _review(strand, _bare_strand(strand), groups["film"], why="a title rule of this feed")
    year = groups.get("year") or ""
    return replace(reading, year=int(year) if re.fullmatch(r"\d{4}", year, re.ASCII) else reading.year)


def _compile(pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as fault:
        raise ValueError(f'the title rule "{pattern}" is no regular expression: {fault}') from fault


def _bare_strand(strand: str | None) -> str:
    """Return a strand without its bracket and its word Review: what tells the kind."""
    bare = re.sub(r"[\[(][^\])]*[\])]\s*$", "", strand or "").strip("[] ")
    return re.sub(rf"\s*\b{_WORD}$", "", bare, flags=re.I)


def _other(title: str) -> TitleReading | None:
    for pattern, why in _OTHERS:
        if pattern.match(title):
            return replace(_unknown(title), kind=Kind.OTHER, why=f"the title says no: {why}")
    return None


def _prefixed(title: str) -> TitleReading | None:
    match = _PREFIX.fullmatch(title)
    if not match:
        return None
    pre = match["pre"] or ""
    if _FILM_YEAR.fullmatch(pre) and not match["brackets"]:
        return _review(match["strand"][len(pre) :].strip(), "", pre)
    if _SPLIT_PREFIX.search(pre) and not re.search(r"\s(?:19|20)\d\d$", pre):
        return None
    if pre and _IDIOM.fullmatch(pre):
        return None
    film = without_headline(match["film"]) if _MEDIUM_COLON.fullmatch(title[: match.start("film")]) else match["film"]
    return _review(match["strand"], pre, film, brackets=match["brackets"])


def _bracketed(title: str) -> TitleReading | None:
    match = _BRACKETED.fullmatch(title)
    return _review(match["strand"], match["pre"], match["film"]) if match else None


def _strand_last(title: str) -> TitleReading | None:
    match = _LAST.fullmatch(title)
    if not match:
        return None
    first = _FESTIVAL_FIRST.fullmatch(match["film"])
    if first and not match["pre"]:
        return _review(first["strand"], first["strand"], first["film"])
    return _review(match["strand"], match["pre"] or "", match["film"])


def _suffixed(title: str) -> TitleReading | None:
    """Read "Salt Mill (1983) Review", "Salt Mill Movie Review" and "Salt Mill Review"; THE REVIEW is a film."""
    match = _SUFFIX.fullmatch(title)
    if not match or _SPLIT_PREFIX.search(match["film"]):
        return None
    film = match["film"]
    if _IDIOM.fullmatch(film) or _NOT_A_FILM.search(film) or _NO_FESTIVAL.fullmatch(film):
        return None
    return _review(match["strand"], "", film)


def _review_by(title: str) -> TitleReading | None:
    match = _REVIEW_BY.fullmatch(title)
    if not match:
        return None
    return replace(_review(match["strand"], "", match["film"]), reviewer=match["name"].strip())


def _rated(title: str) -> TitleReading | None:
    match = _RATED.fullmatch(title)
    rating = parse_rating(match["rating"]) if match else None
    if not match or not rating or re.search(r"\d/(?:5|10)\b|[★⭐]", match["film"]):
        return None
    reading = replace(_review(None, "", match["film"], why="the title carries a rating"), rating=rating)
    comma = _YEAR_AFTER_COMMA.fullmatch(reading.film)
    return replace(reading, film=comma["film"], year=int(comma["year"])) if comma else reading


_FORMS: tuple[Callable[[str], TitleReading | None], ...] = (
    _prefixed,
    _bracketed,
    _other,
    _strand_last,
    _suffixed,
    _review_by,
    _rated,
)


def _review(strand: str | None, pre: str, film: str, *, brackets: str = "", why: str = "") -> TitleReading:
    """Make a reading of the parts of a title; `pre` is the strand without the word Review."""
    parts = film_parts(film)
    kind, reason = _kind(pre, strand)
    inside = re.findall(r"[\[(]\s*([^\])]+?)\s*[\])]", brackets)
    return TitleReading(
        kind=kind,
        why=f"{reason} ({why})" if why and strand else why or reason,
        film=parts.name,
        year=parts.year,
        strand=strand,
        festival=_festival(pre),
        format=", ".join(inside) or parts.note,
        cast=split_names(parts.starring),
    )


def _kind(pre: str, strand: str | None) -> tuple[Kind, str]:
    said = f"the title says “{strand}”"
    if _NOT_A_FILM.search(pre):
        return Kind.OTHER, f"{said}: a review, but not of a film"
    if _BOOK.search(pre):
        return Kind.BOOK_REVIEW, said
    if _TV.search(pre):
        return Kind.TV_REVIEW, said
    return Kind.REVIEW, said


def _festival(pre: str) -> Festival | None:
    match = _FESTIVAL.fullmatch(pre.strip()) or _YEAR_FESTIVAL.fullmatch(pre.strip())
    if not match or _NO_FESTIVAL.fullmatch(match["name"]):
        return None
    return Festival(name=match["name"], year=int(match["year"]))


def _without_site(title: str, site_names: Sequence[str]) -> str:
    """Take the site's name off both ends, as a saved page's title carries it: "SITE TITLE | SITE"."""
    head, bar, tail = title.rpartition(" | ")
    if bar and head.startswith(f"{tail} "):
        return head[len(tail) :].strip(" -|:")
    for name in site_names:
        title = _without_name(title, name)
    head, bar, tail = title.rpartition(" | ")
    if not bar or re.search(rf"\b{_WORD}\b", tail, re.I):
        return title
    return head if _PREFIX.fullmatch(head) or _BRACKETED.fullmatch(head) else title


def _without_name(title: str, name: str) -> str:
    """Take a known site's name off: after a bar, and after a dash or at the start where a review's title is left."""
    named = re.escape(name.strip())
    title = re.sub(rf"(?<=\S)\s+\|\s+{named}$", "", title, flags=re.I)
    for edge in (rf"\s+[–—-]\s+{named}$", rf"^{named}(?:\s*[|:–—-])?\s+"):
        rest = re.sub(edge, "", title, flags=re.I)
        title = rest if _PREFIX.fullmatch(rest) or _BRACKETED.fullmatch(rest) else title
    return title


def _unknown(title: str) -> TitleReading:
    fest = _FEST_ONLY.fullmatch(title)
    film = film_of(fest["film"] if fest else title)
    return TitleReading(
        kind=None,
        why="neither the title nor the credits say that it is a review",
        film=film.title,
        year=film.year,
        strand=fest["strand"] if fest else None,
    )
