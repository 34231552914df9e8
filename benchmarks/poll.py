"""What a poll costs: 150 entries of which 3 are new, beside feedparser alone; and a body that did not change."""

from __future__ import annotations

import hashlib
import html
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import feedparser

from benchmarks.rows import Row, cpu_ms
from syndicate.app import open_app
from syndicate.config import load_config
from syndicate.feeds.fetch import HttpFetcher
from syndicate.feeds.identity import content_hash, entry_keys, shared_identities
from syndicate.feeds.model import Entry, Fetched, NotModified, Validators
from syndicate.feeds.parse import parse_feed
from syndicate.feeds.sax import prepare_feedparser
from syndicate.pipeline import poll
from syndicate.reviews.extract import read_entry

ENTRIES = 150
ROUNDS = 15
NEW = 3
URL = "https://bench.example/feeds/posts/default"
PARSE_LIMIT = 0.28
POLL_LIMIT = 0.35
UNCHANGED_LIMIT_MS = 2.0

_PARAGRAPH = (
    "<div>The film’s second half — a slow, rain-soaked chase — is <i>better</i> than it has any right to be, &amp; "
    'its <a href="https://bench.example/a?b=1&amp;c=2">score</a> is better still; nobody in it says so.</div>\n'
    "<div><br /></div>\n"
)
_HEAD = (
    '<div class="separator" style="clear: both;"><a href="https://bench.example/s1600/{0}.jpg">'
    '<img alt="Film {0} review" src="https://bench.example/w640-h360/{0}.jpg" /></a></div>'
    '<div>A standfirst of one sentence.</div><a name="more"></a><div><b>Review by</b> Ann Example</div>'
    "<div><b>Directed by:</b> Bo Example</div><div><b>Starring:</b> Cy Example</div>"
)


def measure() -> list[Row]:
    """Return the rows of this bench; the peer is feedparser with its defaults, on the same bytes."""
    body = sample_feed()
    peer = _feedparser_alone(body)
    beside = f"feedparser's defaults, {peer:.0f} ms"
    parse = cpu_ms(lambda: identify(body))
    read = cpu_ms(lambda: [read_entry(entry) for entry in identify(body)[:NEW]])
    whole = _whole_poll()
    unchanged = cpu_ms(_unchanged(body))
    size = f"{len(body) / 1e6:.1f} MB"
    return [
        _ratio(f"parse, identify, hash {ENTRIES} entries, {size}", parse, peer, beside, PARSE_LIMIT),
        _ratio(f"the same, and read {NEW} new ones", read, peer, beside, POLL_LIMIT),
        _ratio(f"a whole poll, {NEW} of {ENTRIES} new, store and all", whole, peer, beside, POLL_LIMIT),
        Row(
            f"an unchanged body of {size}",
            unchanged,
            "ms CPU",
            "nothing; reading the file included",
            None,
            f"≤ {UNCHANGED_LIMIT_MS:g} ms",
            unchanged <= UNCHANGED_LIMIT_MS,
        ),
    ]


def _feedparser_alone(body: bytes) -> float:
    """Return feedparser's own time: with its defaults, and without the XML parser that we give it."""
    feedparser.api.PREFERRED_XML_PARSERS[:] = ["drv_libxml2"]
    try:
        return cpu_ms(lambda: feedparser.parse(io.BytesIO(body)))
    finally:
        prepare_feedparser()


def sample_feed(first: int = 0) -> bytes:
    """Return a Blogger-like feed of 150 entries, 1.6 MB, numbered from `first`."""
    items = "".join(
        f"<item><guid isPermaLink='false'>tag:bench.example,{n}</guid>"
        "<pubDate>Wed, 05 Nov 2025 10:00:00 +0000</pubDate>"
        f"<category>horror</category><category>Cinema</category><title>New Release Review - FILM {n}</title>"
        f"<description>{html.escape(_HEAD.format(n) + _PARAGRAPH * 32, quote=False)}</description>"
        f"<link>https://bench.example/2025/{n}.html</link><author>noreply@blogger.com (Ann)</author></item>"
        for n in range(first, first + ENTRIES)
    )
    head = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Bench</title>"
    return f"{head}<link>https://bench.example/</link>{items}</channel></rss>".encode()


def identify(body: bytes) -> Sequence[Entry]:
    """Do what every poll of a changed feed does before it knows what is new; return the entries."""
    feed = parse_feed(body, url=URL, content_type="text/xml; charset=utf-8")
    shared = shared_identities(feed.entries)
    for entry in feed.entries:
        entry_keys(entry, shared)
        content_hash(entry)
    return feed.entries


class _NextDocument:
    """A fetcher whose every document has three entries more at its end, and three fewer at its start."""

    def __init__(self) -> None:
        self._documents = iter([sample_feed(NEW * number) for number in range(ROUNDS + 1)])

    def fetch(self, source: str, validators: Validators | None = None) -> Fetched:
        return Fetched(url=URL, body=next(self._documents), content_type="text/xml", validators=Validators())


def _whole_poll() -> float:
    """Return the CPU time of `pipeline.poll` on SQLite: parse, compare, understand what is new, record."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(f"site: {{name: Bench, url: https://bench.example}}\nfeeds: {{bench: {{url: {URL}}}}}\n")
        with open_app(load_config(path, {}), fetcher=_NextDocument()) as app:
            poll(app, "bench")
            return cpu_ms(lambda: poll(app, "bench"), ROUNDS)


class _unchanged:
    """A fetch that brings the very bytes of last time."""

    def __init__(self, body: bytes) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "feed.xml"
        self._path.write_bytes(body)
        self._known = Validators(body_hash=hashlib.sha256(body).hexdigest())
        self._fetcher = HttpFetcher()

    def __call__(self) -> None:
        assert isinstance(self._fetcher.fetch(str(self._path), self._known), NotModified)


def _ratio(name: str, figure: float, peer: float, beside: str, limit: float) -> Row:
    ratio = figure / peer
    return Row(name, figure, "ms CPU", beside, ratio, f"≤ {limit:g} ×", ratio <= limit)
