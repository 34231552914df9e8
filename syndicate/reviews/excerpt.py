"""Standfirst and excerpt: what a reader is shown of a post, as plain text in whole sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from syndicate.reviews.blocks import Block, JumpBreak, Line
from syndicate.reviews.credits import Credits
from syndicate.reviews.ratings import rating_of_line

EXCERPT_CHARS = 400
ENOUGH_CHARS = 300
"""Paragraphs of this length are an excerpt; shorter ones take the next along."""
STANDFIRST_CHARS = 400
OPENING_CHARS = 1_200

_PROMO = re.compile(
    r"\W*(?:read\s+more\b|read\s+(?:the\s+)?(?:full|rest)\b|continue\s+reading\b|discussion\s+by\b|the\s+post\b.*"
    r"\bappeared\s+first\s+on\b|share\s+this\b|like\s+this:|related(?:\s+posts)?:|subscribe\b|sign\s+up\b|follow\s+us\b"
    r"|posted\s+by\b|labels:|email\s+this|blogthis|tweet\b|leave\s+a\s+comment|click\s+here\b|watched\s+on\b"
    r"|this\s+review\s+(?:may\s+contain|contains)\s+spoilers|(?:(?:minor|major|mild)\s+)?spoilers?\s+(?:warning|alert|ahead)\b|advertisement|loading|view\s+on\s+\w+|photos?\s+(?:by|credit)"
    r"|image\s+(?:credit|courtesy)|share\s+on\b|pin\s+it\b|also\s+read\b|see\s+also\b|filed\s+under\b|tagged(?:\s+with\b|:)|tags:|categor(?:y|ies):|posted\s+(?:in|on)\b|home\s*[»›>/|]"
    r"|skip\s+to\b|thanks\s+for\s+reading)",
    re.I,
)
_INLINE_PROMO = re.compile(
    r"\s*\[\s*READ MORE\b[^\]]{0,200}\]"
    r"|\s*(?:\(|\[)?(?:Continue reading|Read more)\b[^.]{0,80}(?:»|→|>>|…|\.\.\.)\s*[\])]?\s*$",
    re.I,
)
_MORE = re.compile(r"\W*(?:read\s+more|read\s+(?:the\s+)?(?:full|rest)|continue\s+reading)\b", re.I)
_REVIEW_LABEL = re.compile(r"(?:Review|Verdict|Our verdict)\s*:\s+(?=\S.{40})")
_CUT = re.compile(r"\s*(?:\[\s*(?:…|\.{3})\s*\]|…|\.{3})\s*$")
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[\"'“‘«(\[]?[^\sa-z])|[。！？]+[」』）]*")
_ENDS = re.compile(r"[.!?…][\"'”’)]*$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Lt|Col|Gen|Capt|Sgt|Rev|Hon|Fr|Vol|No|vs|cf|al|approx|dir|feat"
    r"|Messrs|Mme|Mlle|e\.g|i\.e|a\.k\.a|[A-Z]|(?:[A-Z]\.)+[A-Z])\.$"
)
_SENTENCE_LIKE = re.compile(r"[^\W\d_].*[.!?…。！？]|.{60}")


def sentences(text: str, *, whole_quotes: bool = True) -> tuple[str, ...]:
    """Return a paragraph's sentences. "Mr.", "J. J." and a full stop inside a quotation's middle end none.

    `whole_quotes`: what is said in one pair of quotation marks stays together, so that none is left open.
    """
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match[0] == "." and _ABBREVIATION.search(text[max(start, match.end() - 20) : match.end()]):
            continue
        if whole_quotes and _is_open(text[start : match.end()], text[match.end() : match.end() + EXCERPT_CHARS]):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    rest = text[start:].strip()
    return tuple(found) + ((rest,) if rest else ())


def _is_open(said: str, ahead: str) -> bool:
    """Return whether a quotation was begun that ends ahead."""
    straight = said.count('"') % 2 == 1 and '"' in ahead
    return straight or (said.count("“") > said.count("”") and "”" in ahead)


def shorten(text: str, limit_chars: int = EXCERPT_CHARS) -> str:
    """Return the first whole sentences that fit; where the first does not, its words up to the limit and "…"."""
    whole = _that_fit(sentences(text), limit_chars) or _that_fit(sentences(text, whole_quotes=False), limit_chars)
    return whole or (_cut_at_word(text, limit_chars) if text.strip() else "")


def _that_fit(parts: Iterable[str], limit_chars: int) -> str:
    kept = ""
    for part in parts:
        joined = f"{kept} {part}".strip()
        if len(joined) > limit_chars:
            break
        kept = joined
    return kept


def read_excerpt(lines: Iterable[str]) -> str | None:
    """Return the opening of the prose, up to 400 characters in whole sentences; None where there is none.

    Where the feed itself cut the text off, its last whole sentence ends the excerpt, or "…" does.
    """
    text = ""
    for line in lines:
        text = f"{text} {line}".strip()
        if len(text) >= ENOUGH_CHARS:
            break
    return shorten(_uncut(text)) or None if text else None


def read_opening(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the opening of the prose by its paragraphs, 1,200 characters at most, the last in whole sentences."""
    opening: list[str] = []
    left = OPENING_CHARS
    for line in map(_uncut, lines):
        kept = line if len(line) <= left else _that_fit(sentences(line), left)
        if kept or not opening:
            opening.append(kept or shorten(line, left))
        left -= len(line)
        if left <= 0:
            break
    return tuple(text for text in opening if text)


def prose(lines: Iterable[Line], *, may_lack_stop: bool = False) -> Iterator[str]:
    """Give the lines that are prose: no caption, heading, promotion or rating; promotions inside a line cut out.

    `may_lack_stop`: a line in small letters counts although no full stop ends it, as a standfirst may stand.
    """
    for line in lines:
        titled = line.heading and not _ENDS.search(line.text)
        if line.caption or line.data or titled or is_promo(line.text) or rating_of_line(line.text):
            continue
        text = _REVIEW_LABEL.sub("", _INLINE_PROMO.sub("", line.text)).strip()
        if _SENTENCE_LIKE.search(text) or (may_lack_stop and _is_in_small_letters(text)):
            yield text


def _is_in_small_letters(text: str) -> bool:
    words = re.findall(r"[^\W\d_][\w'’]*", text)
    return len(words) >= 4 and sum(word.islower() for word in words) > len(words) / 2


def is_promo(text: str) -> bool:
    """Return whether a line sends the reader elsewhere instead of saying something."""
    return bool(_PROMO.match(text)) and len(text) <= 300


def is_cut(text: str) -> bool:
    """Return whether a text ends in the feed's own mark of cutting: "[…]", "..."."""
    return bool(_CUT.search(text))


def read_standfirst(blocks: Iterable[Block], credits: Credits) -> str | None:
    """Return the one sentence above the jump break or the credits; None where a post has none.

    It stands above the credits: what follows them is prose, even above the jump break.
    """
    if credits.before:
        return credits.before if len(credits.before) <= STANDFIRST_CHARS and len(credits.before) >= 15 else None
    opening: list[str] = []
    for line, closed in _opening(blocks, credits):
        if closed:
            break
        opening.append(line)
    else:
        return None
    if len(opening) == 1 and len(opening[0]) <= STANDFIRST_CHARS and len(sentences(opening[0])) <= 3:
        return opening[0]
    return None


def _opening(blocks: Iterable[Block], credits: Credits) -> Iterator[tuple[str, bool]]:
    """Give the text lines above the break or the credits, then a closing mark if there is one to close them."""
    number = -1
    for block in blocks:
        if isinstance(block, JumpBreak):
            yield "", True
            return
        if not isinstance(block, Line):
            continue
        number += 1
        if (number in credits.lines and number < credits.prose_from) or _MORE.match(block.text):
            yield "", True
            return
        if _REVIEW_LABEL.match(block.text):
            return
        yield from ((text, False) for text in prose([block], may_lack_stop=True))


def _uncut(text: str) -> str:
    """Take away the feed's own mark of cutting, with the broken word or sentence before it."""
    if not (cut := _CUT.search(text)):
        return text
    parts = sentences(text[: cut.start()])
    whole = " ".join(parts[:-1])
    if len(whole) >= 20:
        return whole
    return re.sub(r"\W+\S*$", "", text[: cut.start()]) + "…" if text[: cut.start()].strip() else ""


def _cut_at_word(text: str, limit_chars: int) -> str:
    head = text[: limit_chars - 1]
    return re.sub(r"[\s,;:–—-]+\S*$", "", head) + "…"
