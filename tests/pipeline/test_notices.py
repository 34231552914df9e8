"""What goes to one reader about their own subscription: the question, the welcome, the latest issue; and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from syndicate.audience.model import SuppressionReason
from syndicate.audience.tokens import Purpose, proves, read_web_token
from syndicate.compose.environment import environment
from syndicate.delivery.model import DeliveryState
from syndicate.pipeline.joining import ConfirmAnswer, JoinAnswer, JoinRequest, confirm, request_join
from syndicate.pipeline.leaving import leave
from syndicate.pipeline.notices import LOOK_EVERY
from tests.pipeline.studio import FRIDAY, HOUR, MINUTE, WEDNESDAY, WEEK, Post, Studio, archive, studio

READER = "mara@mail.example"
OPEN = (
    "notify: ed@lantern.example\n",
    "notify: ed@lantern.example\nweb: {public_url: 'https://news.lantern.example'}\n",
)
WITH_ISSUE = ("readers: {name: Weekly readers}", "readers: {name: Weekly readers, welcome: issue}")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Studio]:
    """Return an installation with readers' pages, after its first run."""
    with studio(tmp_path, OPEN, WITH_ISSUE) as opened:
        opened.begin(*archive(3))
        yield opened


def ask(site: Studio, *lists: str, address: str = READER) -> JoinAnswer:
    """Ask for lists as a form does."""
    request = JoinRequest(address=address, lists=lists or ("readers",), came_from="the form", network="192.0.2.7")
    return request_join(site.app, request)


def to(site: Studio, address: str = READER) -> list[EmailMessage]:
    """Return the mails that an address got, the oldest first."""
    mine = [mail for mail in site.mails() if str(mail["To"].addresses[0].addr_spec) == address]
    return sorted(mine, key=lambda mail: mail["Date"].datetime)


def body(mail: EmailMessage, kind: str) -> str:
    """Return a part of a mail as text."""
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


def token(mail: EmailMessage, page: str) -> str:
    """Return the token of a link that the mail shows in both of its parts."""
    found = {
        match[1]
        for kind in ("html", "plain")
        for match in re.finditer(rf"https://news\.lantern\.example/{page}/([\w.+-]+)", body(mail, kind))
    }
    assert len(found) == 1
    return found.pop()


def states(site: Studio) -> list[DeliveryState]:
    """Return where each notice to the reader stands."""
    reader = site.app.audience.find(READER)
    return [row.state for row in site.app.deliveries.listed(subscriber=reader.id) if row.issue_id is None]


def test_a_request_is_answered_by_a_question_and_the_answer_by_a_welcome(site: Studio) -> None:
    ask(site)
    site.tick()
    (question,) = to(site)
    assert question["Subject"] == "Please confirm: “Weekly readers” from The Lantern"
    answered = confirm(site.app, token(question, "confirm"))
    assert answered.answer is ConfirmAnswer.CONFIRMED
    site.tick()
    assert [mail["Subject"] for mail in to(site)[1:]] == ["Welcome to “Weekly readers” from The Lantern"]
    assert states(site) == [DeliveryState.SENT, DeliveryState.SENT]


def test_the_question_holds_nothing_that_was_typed_and_no_way_out(site: Studio) -> None:
    ask(site, address="Win.a.prize@mail.example")
    site.tick()
    (question,) = to(site, "Win.a.prize@mail.example")
    assert "prize" not in body(question, "html") + body(question, "plain") + str(question["Subject"])
    assert question["List-Unsubscribe"] is None
    assert question["Precedence"] is None
    assert question["Auto-Submitted"] == "auto-generated"


def test_a_welcome_has_the_ways_out_of_every_letter(site: Studio) -> None:
    ask(site)
    site.tick()
    confirm(site.app, token(to(site)[0], "confirm"))
    site.tick()
    welcome = to(site)[1]
    assert welcome["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<https://news.lantern.example/leave/{token(welcome, 'leave')}>" in str(welcome["List-Unsubscribe"])
    assert leave(site.app, token(welcome, "leave"), "one-click").lists == ("readers",)


def test_the_latest_issue_follows_the_welcome_once_and_to_nobody_else(site: Studio) -> None:
    site.readers("ann")
    site.feed(Post(name="the-long-pier", published=WEDNESDAY + MINUTE), *archive(3))
    site.live(HOUR)
    site.clock.set(FRIDAY)
    site.tick()
    site.live(HOUR)
    ask(site)
    site.tick()
    question = token(to(site)[0], "confirm")
    for _ in range(2):
        confirm(site.app, question)
        site.tick()
    assert sorted(str(mail["Subject"]) for mail in to(site)[1:]) == [
        "THE LONG PIER, reviewed (issue 1)",
        "Welcome to “Weekly readers” from The Lantern",
    ]
    assert len(to(site, "ann@reader.example")) == 1
    (issue,) = site.issues()
    assert (issue.state.value, site.app.deliveries.counts(issue.id)) == ("sent", {DeliveryState.SENT: 2})


def test_a_notice_is_not_sent_to_whom_the_policy_excludes_at_that_moment(site: Studio) -> None:
    ask(site)
    site.app.audience.suppress(READER, SuppressionReason.MANUAL, site.clock.now())
    site.tick()
    assert to(site) == []
    assert states(site) == [DeliveryState.SUPPRESSED]


def test_a_reader_who_left_before_the_welcome_went_gets_none(site: Studio) -> None:
    ask(site)
    site.tick()
    confirm(site.app, token(to(site)[0], "confirm"))
    site.app.audience.unsubscribe(READER, None, site.clock.now())
    site.tick()
    assert len(to(site)) == 1
    assert states(site) == [DeliveryState.SENT, DeliveryState.SUPPRESSED]


def test_a_notice_that_the_relay_defers_is_tried_again_under_its_first_message_id(site: Studio) -> None:
    ask(site)
    site.app.set_paused(True)
    site.tick()
    assert to(site) == []
    site.app.set_paused(False)
    site.tick()
    assert len(to(site)) == 1


def test_a_reader_who_joins_while_a_long_issue_goes_out_is_asked_between_its_letters(site: Studio) -> None:
    site.readers(*(f"reader{number}" for number in range(12)))
    site.feed(Post(name="the-long-pier", published=WEDNESDAY + MINUTE), *archive(3))
    site.live(HOUR)
    site.clock.set(FRIDAY)
    joined: list[JoinAnswer] = []

    def on_step(*_: object) -> None:
        site.clock.set(site.clock.now() + LOOK_EVERY / 3)
        if not joined:
            joined.append(ask(site))

    from syndicate.pipeline import deliver, publish

    publish(site.app, "weekly", period=FRIDAY)
    deliver(site.app, progress=on_step)
    rows = [row for row in site.app.deliveries.listed() if row.status_id is None]
    assert [row.state for row in rows] == [DeliveryState.SENT] * 13
    assert len(to(site)) == 1
    between = [row.notice is not None for row in sorted(rows, key=lambda row: row.tried or FRIDAY)]
    assert between.index(True) < 6, "not after the last letter"


def test_every_letter_names_its_reader_in_its_links_and_a_forwarded_number_proves_nothing(site: Studio) -> None:
    site.readers("ann", "bo")
    site.feed(Post(name="the-long-pier", published=WEDNESDAY + MINUTE), *archive(3))
    site.live(HOUR)
    site.clock.set(FRIDAY)
    site.tick()
    claims = {}
    for name in ("ann", "bo"):
        (letter,) = to(site, f"{name}@reader.example")
        claims[name] = read_web_token(Purpose.READER, token(letter, "leave"))
    for name, claim in claims.items():
        assert claim is not None
        assert claim.subscriber == site.app.audience.find(f"{name}@reader.example").id
        assert claim.lists == ("readers", "friends")
        assert proves(site.app.keyring, claim, f"{name}@reader.example")
        assert not proves(site.app.keyring, claim, "somebody@else.example")


def test_a_link_still_works_after_a_new_key_signs(site: Studio) -> None:
    site.readers("ann")
    site.feed(Post(name="the-long-pier", published=WEDNESDAY + MINUTE), *archive(3))
    site.live(HOUR)
    site.clock.set(FRIDAY)
    site.tick()
    old = token(to(site, "ann@reader.example")[0], "leave")
    key = site.app.config.resolve(site.app.config.secret_key_file)
    key.write_text("n" * 64 + "\n" + key.read_text())
    del site.app.__dict__["keyring"]
    site.clock.advance(200 * WEEK)
    assert leave(site.app, old, "one-click").known


def test_who_asks_again_after_the_first_request_expired_gets_a_letter_of_its_own(site: Studio) -> None:
    ask(site)
    site.tick()
    (first,) = to(site)
    site.live(WEEK + HOUR, step=HOUR)
    ask(site)
    site.tick()
    asked = to(site)
    assert len(asked) == 2, "the rows of the first request are gone, and their numbers are used again"
    assert asked[1]["Message-ID"] != first["Message-ID"], "mailboxes keep one letter of a Message-ID"


def test_a_template_that_breaks_loses_no_letter_and_the_mended_one_sends_it(tmp_path: Path) -> None:
    own = tmp_path / "own" / "email"
    own.mkdir(parents=True)
    (own / "notice.html").write_text("{% if %}", encoding="utf-8")
    with studio(tmp_path, OPEN, ("notify: ed@", "templates: own/\nnotify: ed@")) as opened:
        opened.begin(*archive(3))
        ask(opened)
        for _ in range(6):
            assert opened.tick().faults
            opened.clock.advance(HOUR)
        assert states(opened) == [DeliveryState.PLANNED]
    (own / "notice.html").unlink()
    with studio(tmp_path, OPEN, ("notify: ed@", "templates: own/\nnotify: ed@")) as opened:
        opened.clock.set(WEDNESDAY + 6 * HOUR)
        opened.tick()
        assert len(to(opened)) == 1


def test_a_notice_that_does_not_render_is_told_and_keeps_no_issue_back(site: Studio, tmp_path: Path) -> None:
    site.readers("ann")
    ask(site)
    own = tmp_path / "own" / "email"
    own.mkdir(parents=True)
    (own / "notice.txt").write_text("{{ nonsense }}", encoding="utf-8")
    site.app.__dict__["templates"] = environment([tmp_path / "own"])
    site.feed(Post(name="the-long-pier", published=WEDNESDAY + MINUTE), *archive(3))
    site.live(HOUR)
    site.clock.set(FRIDAY)
    site.tick()
    assert len(to(site, "ann@reader.example")) == 1
    assert to(site) == []
    assert [each.name for each in site.app.incidents.open_ones()] == ["notices"]
    del site.app.__dict__["templates"]
    site.live(HOUR)
    assert len(to(site)) == 1
    assert site.app.incidents.open_ones() == ()
