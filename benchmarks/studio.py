"""The studio while an editor works: a file is saved, the open page is told, and the page of 25 reviews is drawn anew.

All through sockets of this machine, as a browser does it: the news by GET /events, then GET / and the letter's frame.
The time is that of the processor, for the machine may be busy; what passes beside it is the watcher's own wait
(events.py: LOOK_SECONDS, STILL_SECONDS), which is taken off the limits.
"""

from __future__ import annotations

import http.client
import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from time import process_time

from benchmarks.rows import Row
from syndicate.app import open_app
from syndicate.cli.serving import listening, served_beside
from syndicate.compose.environment import PACKAGE_TEMPLATES
from syndicate.config import load_config
from syndicate.pipeline import announce, poll_due
from syndicate.web.studio.app import studio_app
from syndicate.web.studio.events import LOOK_SECONDS, STILL_SECONDS
from syndicate.web.studio.live import Live

REVIEWS, ROUNDS = 25, 15
WAITED_MS = (LOOK_SECONDS + STILL_SECONDS) * 1000
TOLD_MS, DRAWN_MS = 200.0 - WAITED_MS, 300.0 - WAITED_MS
WAIT_SECONDS = 60
CONFIG = """\
site: {name: The Lantern, url: "https://lantern.example", timezone: Europe/Dublin, postal: "12 Quay Street, Galway"}
feeds: {reviews: {url: feed.xml, backfill: 25, settle: 0s}}
mail: {from: The Lantern <news@lantern.example>, outbox: out/, unsubscribe_mailto: leave@lantern.example}
lists: {readers: {name: Weekly readers}, films: {address: films@lists.example}}
digests: {weekly: {lists: [readers, films], at: fri 09:00, cap: 25, max_age: 60d}}
accounts: {main: {outbox: out/}}
templates: templates
"""
SAVED = {
    "issue.html": "email/issue.html",
    "style.css": "email/style.css",
    "config.yaml": None,
}
"""What is saved: a template that the letter is laid out by, the one that costs most (all is read anew), the config."""


def measure() -> list[Row]:
    """Return the rows: from a save to the news of it, and to the page and its letter."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-studio-") as folder, _studio(Path(folder)) as (port, news):
        news()
        _page(port)
        told, rows = [], []
        for name, template in SAVED.items():
            rounds = [_round(Path(folder), template, number, port, news) for number in range(ROUNDS)]
            told += [first for first, _ in rounds]
            rows.append(_row(f"save {name} → page of {REVIEWS} drawn", [both for _, both in rounds], DRAWN_MS))
    return [*rows, _row("any save → the open page told", told, TOLD_MS)]


def _row(name: str, times: list[float], limit: float) -> Row:
    figure = statistics.median(times)
    return Row(name, figure, "ms", f"{limit:.0f} ms", figure / limit, f"≤ {limit:.0f} ms", figure <= limit)


def _round(folder: Path, template: str | None, number: int, port: int, news: Callable[[], str]) -> tuple[float, float]:
    """Save once; return the CPU milliseconds until it is told, and until page and letter are there."""
    if template is None:
        path, text = folder / "config.yaml", CONFIG.replace("The Lantern,", f"The Lantern {number},")
    else:
        mark = f"/* {number} */" if template.endswith(".css") else f"<!-- {number} -->"
        path = folder / "templates" / template
        text = (PACKAGE_TEMPLATES / template).read_text(encoding="utf-8") + mark
        path.parent.mkdir(parents=True, exist_ok=True)
    start = process_time()
    path.write_text(text, encoding="utf-8")
    version = news()
    told = process_time()
    _page(port)
    drawn = process_time()
    while version != _get(port, "/version"):
        version = news()
    return (told - start) * 1000, (drawn - start) * 1000


def _page(port: int) -> None:
    page = _get(port, "/?issue=weekly")
    assert "does not render" not in page, page
    assert len(re.findall(r"still-\d+\.jpg|/picture/", _get(port, "/view/weekly"))) >= REVIEWS


def _get(port: int, path: str) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)) as line:
        line.request("GET", path)
        return line.getresponse().read().decode()


@contextmanager
def _studio(folder: Path) -> Iterator[tuple[int, Callable[[], str]]]:
    """Serve the studio over an installation that has read its feed; yield its port, and what waits for the news."""
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "feed.xml").write_text(_feed(datetime.now(UTC)), encoding="utf-8")
    with open_app(load_config(folder / "config.yaml", {})) as app:
        app.first_run()
        poll_due(app)
        announce(app)
    live = Live(folder / "config.yaml", environ={})
    app_ = studio_app(live, token="a bench")
    with (
        closing(live),
        listening("127.0.0.1:0", way_out="") as listener,
        served_beside(app_, listener, ended=lambda: None, at_end=app_.state.events.end),
        closing(http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=WAIT_SECONDS)) as line,
    ):
        line.request("GET", "/events")
        stream = line.getresponse()

        def news() -> str:
            while stream.readline() != b"event: version\n":
                pass
            return stream.readline().decode().removeprefix("data: ").strip()

        yield listener.getsockname()[1], news


def _feed(now: datetime) -> str:
    items = "".join(_item(number, now - timedelta(hours=number + 1)) for number in range(REVIEWS))
    return (
        "<?xml version='1.0'?><rss version='2.0'><channel><title>The Lantern</title>"
        f"<link>https://lantern.example/</link><description>Films</description>{items}</channel></rss>"
    )


def _item(number: int, published: datetime) -> str:
    words = f"It is reel {number} before anyone speaks, and by then we have learned to read the light instead. " * 5
    body = (
        f'<p><img src="https://pictures.lantern.example/w1200/still-{number}.jpg" alt="A lamp, the {number}th"></p>'
        f"<p><b>Director:</b> Mira Talvane. <b>Starring:</b> Ines Corrado, Paul Ashgrove</p><p>{words}</p><p>★★★☆</p>"
    )
    return (
        f"<item><guid isPermaLink='false'>tag:lantern.example,2026:{number}</guid>"
        f"<link>https://lantern.example/2026/11/lamplighters-winter-{number}-review.html</link>"
        f"<title>New Release Review - THE LAMPLIGHTER'S WINTER {number}</title>"
        f"<pubDate>{format_datetime(published)}</pubDate><description><![CDATA[{body}]]></description></item>"
    )


if __name__ == "__main__":
    for row in measure():
        print(row)
