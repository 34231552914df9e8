"""Digests with `every: review`: a letter for each review, once, from the next one on."""

from __future__ import annotations

from pathlib import Path

from syndicate.compose.choices import Choices
from syndicate.compose.model import IssueState
from syndicate.config import load_config
from syndicate.pipeline import draft, poll, publish, tick
from syndicate.pipeline.draft import letters_due, sample
from syndicate.pipeline.due import RESTORED
from syndicate.pipeline.publish_singles import publish_singles
from syndicate.reviews.admission import EntryState
from syndicate.store.database import set_value
from tests.pipeline.studio import (
    DAY,
    EDITOR,
    HOUR,
    MINUTE,
    WEDNESDAY,
    WEEK,
    Post,
    Studio,
    again,
    archive,
    edited,
    studio,
)

EVERY = (
    "weekly: {lists: [readers, friends], at: fri 09:00, max_lateness: 24h, cap: 12, first_issue: next}",
    "single: {lists: [readers, friends], every: review}",
)
HISTORY = archive(3)
PROSE = "The tide comes in, and nobody moves. It is the best shot of the year, and the film knows it."


def posts(*names: str) -> list[Post]:
    """Return posts of a time after the first run, newest first as a feed has them."""
    return [Post(name=name, published=WEDNESDAY + (5 - at) * MINUTE) for at, name in enumerate(names)]


def begin(lantern: Studio) -> None:
    """Run for the first time, with a reader on two lists."""
    lantern.begin(*HISTORY)
    lantern.readers("ada")
    lantern.readers("ada", list_name="friends")


def announce(lantern: Studio, *names: str) -> None:
    """Let these posts come and settle, and what is due be done."""
    lantern.feed(*posts(*names), *HISTORY)
    lantern.live(HOUR)


def settle(lantern: Studio, *names: str) -> None:
    """Let these posts come and settle, and do nothing else."""
    lantern.feed(*posts(*names), *HISTORY)
    for _ in range(3):
        lantern.clock.advance(15 * MINUTE)
        poll(lantern.app, "reviews")


def carried(lantern: Studio) -> list[list[str]]:
    return [lantern.films(issue) for issue in lantern.issues(IssueState.FROZEN, IssueState.SENDING, IssueState.SENT)]


def test_each_review_gets_a_letter_of_its_own_the_oldest_first(tmp_path: Path, database_url: str) -> None:
    with studio(tmp_path, EVERY, ("sqlite:///syndicate.db", database_url)) as lantern:
        begin(lantern)
        announce(lantern, "c", "b", "a")
        assert carried(lantern) == [["a"], ["b"], ["c"]]
        assert lantern.letters() == ["ada@reader.example"] * 3
        assert [issue.number for issue in lantern.issues()] == [1, 2, 3]
        assert len({issue.period for issue in lantern.issues()}) == 3
        lantern.live(2 * DAY, HOUR)
        assert len(lantern.letters()) == 3
        assert all(issue.state is IssueState.SENT for issue in lantern.issues())


def test_the_letter_says_more_of_the_review_and_nothing_of_the_others(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        paragraphs = "</p><p>".join(f"{PROSE} {number}. {PROSE} {PROSE}" for number in range(1, 7))
        two = [edited(post, body=paragraphs) for post in posts("b", "a")]
        lantern.feed(*two, *HISTORY)
        lantern.live(HOUR)
        first = lantern.issues()[0].email
        assert first is not None
        assert first.subject == "A, reviewed"
        assert "1." in first.text
        assert "3." in first.text
        assert first.text.count("Read the review") == 1
        assert "more" not in first.text.lower()


def with_single(lantern: Studio) -> None:
    """Let the editor add a digest of single letters to config.yaml."""
    path = lantern.folder / "config.yaml"
    path.write_text(path.read_text().replace(EVERY[0], f"{EVERY[0]}\n  {EVERY[1]}"), encoding="utf-8")
    lantern.app.config = load_config(path, {})


def test_what_was_announced_before_the_digest_began_gets_no_letter(tmp_path: Path) -> None:
    with studio(tmp_path) as lantern:
        begin(lantern)
        announce(lantern, "old")
        with_single(lantern)
        announce(lantern, "new", "old")
        assert carried(lantern) == [["new"]]


def test_what_is_announced_in_the_beat_in_which_a_digest_begins_gets_its_letter(tmp_path: Path) -> None:
    with studio(tmp_path) as lantern:
        begin(lantern)
        lantern.feed(*posts("new"), *HISTORY)
        lantern.live(15 * MINUTE)
        with_single(lantern)
        lantern.live(15 * MINUTE)
        assert carried(lantern) == [["new"]]


def test_after_a_restored_backup_was_accepted_it_begins_anew(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        settle(lantern, "a")
        with lantern.app.database.write() as connection:
            set_value(connection, RESTORED, lantern.clock.now().isoformat())
        announce(lantern, "b", "a")
        assert carried(lantern) == [["b"]]


def test_a_backfill_is_no_reason_for_letters_unless_the_first_issue_is_now(tmp_path: Path) -> None:
    sent = {}
    for first in ("next", "now"):
        (tmp_path / first).mkdir()
        digest = (EVERY[0], f"single: {{lists: [readers], every: review, first_issue: {first}}}")
        with studio(tmp_path / first, digest, ("backfill: 0", "backfill: 2")) as lantern:
            lantern.readers("ada")
            lantern.begin(*HISTORY)
            lantern.live(HOUR)
            sent[first] = carried(lantern)
    assert sent == {"next": [], "now": [["film-1"], ["film-0"]]}


def test_two_clocks_make_one_issue_of_a_review(tmp_path: Path, database_url: str) -> None:
    with studio(tmp_path, EVERY, ("sqlite:///syndicate.db", database_url)) as lantern, again(lantern) as other:
        begin(lantern)
        settle(lantern, "b", "a")
        due = letters_due(lantern.app, "single")
        assert len(due) == 2
        assert publish(other.app, "single", among=due[:1]).issue is not None
        assert publish(lantern.app, "single", among=due[:1]).skipped == "nothing new"
        assert [each.number for each in publish_singles(lantern.app)] == [2]
        assert publish_singles(other.app) == ()
        assert carried(lantern) == [["a"], ["b"]]
        assert not lantern.issues(IssueState.SKIPPED)


def test_an_instant_that_another_letter_has_takes_no_review_its_own(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        announce(lantern, "a")
        (there,) = lantern.issues()
        settle(lantern, "b", "a")
        (waiting,) = letters_due(lantern.app, "single")
        done = publish(lantern.app, "single", period=there.period, among=(waiting,))
        assert (done.issue, done.number) == (lantern.issues()[-1].id, 2)


def test_a_review_past_max_age_gets_no_letter(tmp_path: Path) -> None:
    digest = (EVERY[0], "single: {lists: [readers], every: review, max_age: 1d}")
    with studio(tmp_path, digest) as lantern:
        begin(lantern)
        lantern.clock.advance(3 * DAY)
        fresh = Post(name="fresh", published=lantern.clock.now() - HOUR)
        lantern.feed(fresh, *posts("late"), *HISTORY)
        lantern.live(HOUR)
        assert carried(lantern) == [["fresh"]]


def test_what_the_editor_chose_is_for_the_next_letter_alone(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        lantern.app.choices.keep("single", Choices(subject="Ours"), revision=0, now=lantern.clock.now())
        announce(lantern, "b", "a")
        assert [issue.email.subject for issue in lantern.issues() if issue.email] == ["Ours", "B, reviewed"]


def test_a_letter_that_was_stopped_stays_stopped_until_it_is_asked_for(tmp_path: Path, database_url: str) -> None:
    with studio(tmp_path, EVERY, ("sqlite:///syndicate.db", database_url)) as lantern:
        begin(lantern)
        settle(lantern, "a")
        done = publish(lantern.app, "single")
        lantern.app.issues.cancel(done.issue or 0, lantern.clock.now())
        lantern.live(DAY, HOUR)
        assert carried(lantern) == []
        assert lantern.letters() == []
        (review,) = lantern.app.issues.reviews_of(done.issue or 0)
        lantern.app.entries.hold(review.id)
        lantern.app.entries.release(review.id, lantern.clock.now())
        lantern.live(HOUR)
        assert carried(lantern) == [["a"]]


def test_a_review_from_before_is_sent_where_a_person_asks_for_it(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY, ("backfill: 0", "backfill: 1")) as lantern:
        begin(lantern)
        lantern.live(HOUR)
        assert carried(lantern) == []
        (entry,) = lantern.app.entries.listed(state=EntryState.READY)
        lantern.app.entries.hold(entry.id)
        lantern.app.entries.release(entry.id, lantern.clock.now())
        lantern.live(HOUR)
        assert carried(lantern) == [["film-0"]]


def test_a_draft_shows_the_next_letter_and_stands_where_nothing_waits(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        empty = draft(lantern.app, "single")
        assert (empty.selection.reviews, empty.period) == ((), lantern.clock.now())
        settle(lantern, "b", "a")
        made = draft(lantern.app, "single")
        assert [each.review.film.title for each in made.selection.reviews] == ["A"]
        assert made.selection.more == 0


def test_a_sample_shows_the_newest_review_though_it_went_and_is_not_what_comes_next(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        assert sample(lantern.app, "single") is None
        announce(lantern, "b", "a")
        lantern.clock.advance(10 * WEEK)
        shown = sample(lantern.app, "single")
        assert shown is not None
        assert [each.review.film.title for each in shown.selection.reviews] == ["B"]
        assert not draft(lantern.app, "single").selection.reviews
        assert letters_due(lantern.app, "single") == ()


def test_a_letter_with_errors_is_held_and_told_of_once_and_the_others_go(tmp_path: Path) -> None:
    own = tmp_path / "own/email"
    own.mkdir(parents=True)
    (own / "review.html").write_text(
        "{% extends 'email/issue.html' %}{% block opening %}{{ super() }}"
        "{% if lead and lead.film == 'A' %}<script>1</script>{% endif %}{% endblock %}",
        encoding="utf-8",
    )
    with studio(tmp_path, EVERY, ("notify: ed", "templates: own\nnotify: ed")) as lantern:
        begin(lantern)
        announce(lantern, "b", "a")
        lantern.live(DAY, HOUR)
        assert carried(lantern) == [["b"]]
        assert len([told for told in lantern.alerts() if "is held" in told]) == 1
        (own / "review.html").unlink()
        lantern.app.templates.cache.clear()  # type: ignore[union-attr]
        lantern.live(HOUR)
        assert carried(lantern) == [["b"], ["a"]]
        assert not lantern.app.incidents.open_ones()


def test_a_digest_that_is_gone_for_a_while_begins_anew(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        announce(lantern, "a")
        with_it = lantern.app.config
        lantern.app.config = with_it.model_copy(update={"digests": {}})
        announce(lantern, "b", "a")
        lantern.app.config = with_it
        announce(lantern, "c", "b", "a")
        assert carried(lantern) == [["a"], ["c"]]


def test_nobody_but_readers_is_mailed_and_no_period_is_ever_skipped(tmp_path: Path) -> None:
    with studio(tmp_path, EVERY) as lantern:
        begin(lantern)
        lantern.live(WEEK, 6 * HOUR)
        assert lantern.issues() == []
        assert lantern.mails() == []
        assert tick(lantern.app).is_whole
        assert EDITOR not in lantern.letters()
