"""An issue whose letter has an error is held and told, goes out once mended, and is skipped loudly past its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicate.compose.lint import Severity
from syndicate.compose.model import IssueState
from syndicate.errors import LintError
from syndicate.pipeline import draft, publish
from syndicate.pipeline.lint import errors, lint_draft
from tests.pipeline.studio import DAY, FRIDAY, HOUR, MINUTE, URL, WEDNESDAY, Post, Studio, again, studio

OLD = Post(name="old", published=WEDNESDAY - 9 * DAY)
TEMPLATES = ("database: sqlite:///syndicate.db\n", "database: sqlite:///syndicate.db\ntemplates: own\n")
BAD = "<p>Dear *|FNAME|*,</p></body>"


def house_template(site: Studio, body_end: str) -> None:
    """Let the installation's own template end so."""
    own = site.folder / "own/email"
    own.mkdir(parents=True, exist_ok=True)
    shipped = Path(__file__).parents[2] / "templates/email/issue.html"
    text = shipped.read_text(encoding="utf-8")
    assert "</body>" in text
    (own / "issue.html").write_text(text.replace("</body>", body_end), encoding="utf-8")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Studio]:
    """Return an installation whose first issue came to its hour with an error in its letter."""
    (tmp_path / "own/email").mkdir(parents=True)
    with studio(tmp_path, TEMPLATES) as site:
        site.readers("ada")
        site.begin(OLD)
        site.feed(Post(name="harbour"), OLD)
        site.live(HOUR)
        house_template(site, BAD)
        site.clock.set(FRIDAY)
        site.tick()
        yield site


def test_an_issue_with_an_error_is_held_and_told_with_the_finding(held: Studio) -> None:
    assert held.letters() == []
    assert held.issues() == []
    (told,) = held.alerts()
    assert "the issue of weekly for Friday 20 November, 09:00 is held" in told
    (mail,) = [mail for mail in held.mails() if mail["To"] == "ed@lantern.example"]
    assert '"*|" was left by a template' in mail.get_content()
    assert "Incident: lint:weekly" in mail.get_content()


def test_a_held_issue_is_told_once_however_often_it_is_tried(held: Studio) -> None:
    held.live(HOUR)
    assert len(held.alerts()) == 1


def test_a_mended_template_goes_out_at_the_next_beat_and_all_is_well(held: Studio) -> None:
    house_template(held, "</body>")
    with again(held) as site:
        site.clock.advance(15 * MINUTE)
        site.tick()
        assert site.letters() == ["ada@reader.example"]
        assert [issue.period for issue in site.issues()] == [FRIDAY]
        assert any("well again" in each for each in site.alerts())


def test_past_its_lateness_a_held_issue_is_skipped_and_told_and_its_reviews_wait(held: Studio) -> None:
    held.clock.set(FRIDAY + 25 * HOUR)
    held.tick()
    assert [issue.state for issue in held.issues()] == [IssueState.SKIPPED]
    assert len(held.alerts()) == 2
    assert [each.film.title for each in _reviews(held)] == ["HARBOUR"]


def test_each_week_s_issue_that_is_held_and_skipped_is_told_anew(held: Studio) -> None:
    held.clock.set(FRIDAY + 25 * HOUR)
    held.tick()
    held.clock.set(FRIDAY + 7 * DAY)
    held.tick()
    held.tick()
    assert [each for each in held.alerts() if "27 November" in each and "is held" in each] != []
    assert len(held.alerts()) == 3
    held.clock.set(FRIDAY + 8 * DAY + HOUR)
    held.tick()
    assert "27 November, 09:00 was skipped" in held.alerts()[-1]
    assert len(held.alerts()) == 4


RELAY = ("outbox: out/\nlists:", "relay: {host: 127.0.0.1, port: 9, security: none}\nlists:")
SERVERS = (
    "readers: {name: Weekly readers}\n  friends: {name: Friends of the house}",
    "readers: {address: films@lists.example}\n  friends: {address: friends@lists.example}",
)


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [([RELAY], [3]), ([RELAY, SERVERS], [])],
    ids=["to readers, without a page: no one-click", "to list servers only: their members leave there"],
)
def test_ways_out_are_asked_of_letters_to_our_own_readers(
    tmp_path: Path, changes: list[tuple[str, str]], numbers: list[int]
) -> None:
    with studio(tmp_path, *changes) as site:
        site.begin(OLD)
        site.feed(Post(name="harbour"), OLD)
        site.live(HOUR)
        found = lint_draft(site.app, draft(site.app, "weekly"))
        assert [(each.number, each.severity) for each in found] == [(number, "warning") for number in numbers]


FEEDS = [path for path in sorted((Path(__file__).parents[1] / "data/feeds").iterdir()) if path.suffix == ".xml"]
NEAR = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
REACHED = ("notify: ed", "web: {public_url: 'https://news.lantern.example'}\nnotify: ed")
ALL_NEW = ("backfill: 0", "backfill: 40")


@pytest.mark.parametrize("feed", FEEDS, ids=lambda path: path.stem)
def test_no_real_feed_has_an_error_and_few_have_a_warning(feed: Path, tmp_path: Path) -> None:
    with studio(tmp_path, ALL_NEW, RELAY, REACHED, start=NEAR) as site:
        site.web.put(URL, feed.read_bytes())
        site.tick()
        made = draft(site.app, "weekly")
        found = lint_draft(site.app, made) if made.selection.reviews else ()
        assert {(each.number, each.severity) for each in found} <= {(11, Severity.WARNING)}  # http links of 2005


HOSTILE = [
    Post(name="braces", title="Review - {{ lead.film }} {% if %}"),
    Post(name="none", title="Review - None", body="None"),
    Post(name="nan", title="Review - nan", body="nan. undefined. *|FNAME|* %recipient_name%"),
    Post(name="more", title="Review - Click", body="Read more » The post Harbour appeared first on The Lantern."),
    Post(name="pale", title="Review - <b>BOLD</b> &amp;amp; &nbsp;", body="CafÃ© &amp;amp; <script>go()</script> �"),
    Post(name="plain", link="http://lantern.example/2026/11/plain.html"),
    Post(name="here", link="http://localhost:8000/here.html"),
    Post(name="house", link="http://10.1.2.3/house.html"),
    Post(name="one", guid="one", link="https://lantern.example/"),
    Post(name="two", guid="two", link="https://lantern.example/"),
    Post(name="script", guid="script", link="javascript:alert(1)"),
    Post(name="mail", guid="mail", link="mailto:ed@lantern.example"),
    Post(name="svg", body='<img src="https://lantern.example/poster.svg" width="600" alt="A poster"> It rains.'),
    Post(name="data", body='<img src="data:image/png;base64,AAAA" width="600" alt="A poster"> It rains.'),
    Post(name="pixel", body='<img src="https://t.example/1.gif" width="1" height="1"> It rains.'),
    Post(name="rtl", title="Review - \u05e9\u05dc\u05d5\u05dd \u202e txt"),
    Post(name="unseen", title="Review - \u200b", body="\u200b"),
    Post(name="address", title="Review - reader@example.org", body="Write to one-of-two@example.org."),
]


def test_whatever_a_feed_says_the_issue_goes_out_at_its_hour(tmp_path: Path) -> None:
    with studio(tmp_path, ("cap: 12", "cap: 40")) as site:
        site.readers("ada")
        site.begin(OLD)
        site.feed(*HOSTILE, OLD)
        site.live(HOUR)
        carried = len(draft(site.app, "weekly").selection.reviews)
        assert carried >= 14
        site.clock.set(FRIDAY)
        site.tick()
        assert site.letters() == ["ada@reader.example"]
        assert [issue.state for issue in site.issues()] == [IssueState.SENT]
        assert len(site.app.issues.reviews_of(site.issues()[0].id)) == carried


@pytest.mark.parametrize("post", HOSTILE, ids=lambda post: post.name)
def test_whatever_one_review_says_its_letter_has_no_error(post: Post, tmp_path: Path) -> None:
    with studio(tmp_path, RELAY, REACHED) as site:
        site.begin(OLD)
        site.feed(post, OLD)
        site.live(HOUR)
        made = draft(site.app, "weekly")
        assert not made.selection.reviews or errors(lint_draft(site.app, made)) == ()


def test_a_key_that_cannot_be_read_keeps_no_issue_from_being_frozen(tmp_path: Path) -> None:
    (tmp_path / "blocked").mkdir()
    blocked = ("feeds:\n", "secret_key_file: blocked\nfeeds:\n")
    with studio(tmp_path, blocked, RELAY, REACHED) as site:
        site.readers("ada")
        site.begin(OLD)
        site.feed(Post(name="harbour"), OLD)
        site.live(HOUR)
        assert publish(site.app, "weekly", period=FRIDAY).issue == 1


def _reviews(site: Studio) -> list:  # type: ignore[type-arg]
    return [each.review for each in draft(site.app, "weekly").selection.reviews]


def test_publishing_refuses_with_the_finding_unless_told(held: Studio) -> None:
    with pytest.raises(LintError, match="left by a template"):
        publish(held.app, "weekly", period=FRIDAY)
    assert held.issues() == []
    assert publish(held.app, "weekly", period=FRIDAY, anyway=True).issue == 1
    held.tick()
    assert held.letters() == ["ada@reader.example"]


def test_a_reader_who_never_was_proves_the_way_out(tmp_path: Path) -> None:
    pages = ("notify: ed", "web: {public_url: 'https://news.lantern.example'}\nnotify: ed")
    with studio(tmp_path, pages) as site:
        site.begin(OLD)
        site.feed(Post(name="harbour"), OLD)
        site.live(HOUR)
        made = draft(site.app, "weekly")
        assert lint_draft(site.app, made) == ()
