"""One entry as feedparser gives it → an `Entry`. Pure, and cheap: no HTML is parsed here.

What feedparser 6.0 does to each field, and why a field is not simply taken, is said where it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from syndicate.feeds.dates import parse_date
from syndicate.feeds.model import Entry, RawHtml
from syndicate.feeds.text import as_html, fold, plain, tidy

Parsed = dict[str, Any]
"""A FeedParserDict; read it as a dict only, since its `get` answers for other keys than the one asked."""

MAX_TITLE_CHARS = 1_000
MAX_LINK_CHARS = 2_000
MAX_CONTENT_CHARS = 1_000_000
MAX_LABELS = 100
MAX_LABEL_CHARS = 200
MAX_AUTHORS = 20
MAX_GUID_CHARS = 2_000

_ADDRESS = re.compile(r"[^\s<>()]+@[^\s<>()]+")
_BLOGGER_KIND = "http://schemas.google.com/g/2005#kind"
_FIELDS = {
    "letterboxd_filmtitle": "filmTitle",
    "letterboxd_filmyear": "filmYear",
    "letterboxd_memberrating": "memberRating",
    "letterboxd_memberlike": "memberLike",
    "letterboxd_watcheddate": "watchedDate",
    "letterboxd_rewatch": "rewatch",
    "tmdb_movieid": "tmdbMovieId",
    "tmdb_tvid": "tmdbTvId",
}


def extract_entry(parsed: Parsed, *, base: str, atom: bool) -> Entry:
    """Return the entry; relative addresses are resolved against its xml:base, else `base`.

    `atom`: whether the format says if a text is HTML. RSS does not, and its dc:date, which feedparser files
    under "updated", is when a post was published if nothing else says so.
    """
    own_base = _own_base(parsed, base)
    link = _link(parsed, own_base)
    content, summary = _bodies(parsed, atom=atom)
    published, updated = _text(parsed, "published") or _text(parsed, "created"), _text(parsed, "updated")
    return Entry(
        guid=fold(_text(parsed, "id"))[:MAX_GUID_CHARS] or None,
        link=link,
        title=_title(parsed, atom=atom),
        content=content,
        summary=summary,
        published=parse_date(published or ("" if atom else updated)),
        updated=parse_date(updated),
        labels=_labels(parsed),
        authors=clean_names(_author_names(parsed)),
        thumbnail=_thumbnail(parsed, own_base),
        base=own_base if own_base != base else link or (base or None),
        fields=tuple((name, fold(_text(parsed, key))) for key, name in _FIELDS.items() if _text(parsed, key).strip()),
    )


def _text(parsed: Parsed, key: str) -> str:
    value = dict.get(parsed, key)
    return value if isinstance(value, str) else ""


def _details(parsed: Parsed, key: str) -> list[Parsed]:
    """Return the dicts under `key`, be it a list of them, one, or none."""
    value = dict.get(parsed, key)
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]


def web_address(address: str, base: str) -> str | None:
    """Return an absolute http(s) address without blanks, or None where `address` is none or overlong."""
    address = "".join(tidy(address).split())
    try:
        absolute = urljoin(base, address) if address else ""
        parts = urlsplit(absolute)
        sound = parts.scheme in ("http", "https") and parts.hostname and len(absolute) <= MAX_LINK_CHARS
    except ValueError:
        return None
    return absolute if sound else None


def _own_base(parsed: Parsed, base: str) -> str:
    for key in ("content", "summary_detail", "title_detail"):
        for detail in _details(parsed, key):
            if own := web_address(_text(detail, "base"), base):
                return own
    return base


def _link(parsed: Parsed, base: str) -> str | None:
    # feedparser puts the guid of a permalink where the link is missing; a tag: or urn: there is no address.
    for key in ("feedburner_origlink", "pheedo_origlink", "link"):
        if link := web_address(_text(parsed, key), base):
            return link
    return None


def _title(parsed: Parsed, *, atom: bool) -> str:
    kind = next((_text(detail, "type") for detail in _details(parsed, "title_detail")), "")
    markup = kind != "text/plain" if atom and kind else None
    return plain(_text(parsed, "title")[: 4 * MAX_TITLE_CHARS], markup=markup)[:MAX_TITLE_CHARS]


def _bodies(parsed: Parsed, *, atom: bool) -> tuple[RawHtml, RawHtml]:
    """Return the fullest body, and the summary where it is another text.

    The longest is the fullest: a caption in media:description can push a whole post out of "content".
    """
    details = _details(parsed, "content")
    # feedparser copies a content that stands alone into the summary, without its type.
    copied = {_text(detail, "value") for detail in details}
    shorts = [each for each in _details(parsed, "summary_detail") if _text(each, "value") not in copied]
    summary = next((_body(detail, atom=atom) for detail in shorts), "")
    if not (details or summary):
        summary = tidy(_text(parsed, "summary"))
    content = max([*(_body(detail, atom=atom) for detail in details), summary], key=len)
    short = summary if summary.strip() != content.strip() else ""
    return RawHtml(content[:MAX_CONTENT_CHARS]), RawHtml(short[:MAX_CONTENT_CHARS])


def _body(detail: Parsed, *, atom: bool) -> str:
    value = tidy(_text(detail, "value"))
    return as_html(value) if atom and _text(detail, "type") == "text/plain" else value


def _labels(parsed: Parsed) -> tuple[str, ...]:
    tags = [tag for tag in _details(parsed, "tags") if dict.get(tag, "scheme") != _BLOGGER_KIND]
    return clean_labels(_text(tag, "label") or _text(tag, "term") for tag in tags)


def clean_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels as plain text, each once, in their order, none empty."""
    texts = (plain(label[: 4 * MAX_LABEL_CHARS])[:MAX_LABEL_CHARS] for label in islice(labels, 5 * MAX_LABELS))
    return tuple(dict.fromkeys(text for text in texts if text))[:MAX_LABELS]


def _author_names(parsed: Parsed) -> list[str]:
    names = [_text(author, "name") for author in _details(parsed, "authors")]
    return names if any(names) else [_text(parsed, "author")]


def clean_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names without addresses: "noreply@blogger.com (Ann Lee)", "Ann Lee <a@b.org>" → "Ann Lee"."""
    texts = (plain(_ADDRESS.sub("", name[:300])).strip(" ()<>[],;") for name in islice(names, 5 * MAX_AUTHORS))
    return tuple(dict.fromkeys(text[:MAX_LABEL_CHARS] for text in texts if text))[:MAX_AUTHORS]


def _thumbnail(parsed: Parsed, base: str) -> str | None:
    pictures = [_text(each, "url") for each in _details(parsed, "media_thumbnail")]
    pictures += [_text(each, "url") for each in _details(parsed, "media_content") if _is_picture(each)]
    pictures += [
        _text(each, "href")
        for each in _details(parsed, "links")
        if _text(each, "rel") == "enclosure" and _text(each, "type").startswith("image/")
    ]
    addresses = (web_address(picture, base) for picture in pictures)
    # wordpress.com lists the author's portrait before the post's picture.
    return next((each for each in addresses if each and "gravatar.com/" not in each), None)


def _is_picture(media: Parsed) -> bool:
    return _text(media, "medium") == "image" or _text(media, "type").startswith("image/")
