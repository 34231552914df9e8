"""What comes back changes the reader whom something of ours in it proves, once, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syndicate.app import App
from syndicate.audience.model import Subscriber, SubscriptionState, SuppressionReason, What
from syndicate.audience.tokens import Keyring, Purpose, verp_token, web_token
from syndicate.compose.letter import message_id
from syndicate.delivery.model import DeliveryKey, DeliveryState
from syndicate.delivery.retry import Step
from syndicate.errors import ChannelError, StoreError, UnreachableError
from syndicate.mailbox.maildir import MaildirMailbox
from syndicate.pipeline import mailbox as looking
from syndicate.pipeline.mailbox import Looked, poll_mailbox, returns_due
from syndicate.pipeline.returns import MOST_POLICIES, Applied, apply, refused_at_sending
from syndicate.returns.model import Action
from syndicate.store.deliveries import move
from syndicate.store.history import history_of
from tests.pipeline.studio import DAY, FRIDAY, HOUR, MINUTE, Post, Studio, again, studio

pytestmark = pytest.mark.slow

MAIL = "  unsubscribe_mailto: leave@lantern.example\n"
MAILBOX = f"{MAIL}  return_path: bounces+{{token}}@lantern.example\n  mailbox: {{maildir: back/, every: 5m}}\n"
ADA, BO = "ada@reader.example", "bo@reader.example"
FULL = ("4.2.2", "452 4.2.2 The mailbox is full")


@dataclass
class Desk:
    """An installation that has sent an issue, and the mailbox that its bounces arrive in."""

    studio: Studio

    @property
    def app(self) -> App:
        return self.studio.app

    def reader(self, address: str = ADA) -> Subscriber:
        return self.app.audience.find(address)

    def delivery(self, address: str = ADA) -> int:
        """Return the last letter to a reader."""
        return self.app.deliveries.listed(subscriber=self.reader(address).id)[-1].id

    def state(self, address: str = ADA) -> DeliveryState:
        return self.app.deliveries.get(self.delivery(address)).state

    def token(self, address: str = ADA) -> str:
        return verp_token(self.app.keyring, delivery=self.delivery(address), address=address)

    def next_letter(self) -> None:
        """Let the next week's issue go out."""
        sent(self.studio, f"film-{self.app.clock.now():%d-%m}")

    def put(self, content: str | bytes) -> None:
        """Let a message arrive."""
        folder = self.studio.folder / "back" / "new"
        path = folder / f"{len(list(folder.parent.rglob('*.mx'))):04}.mx"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def look(self) -> Looked:
        """Read the mailbox."""
        return poll_mailbox(self.app)

    def comes(self, content: str | bytes) -> Action:
        """Let a message arrive and be read; return what was done."""
        self.put(content)
        (action,) = self.look().actions
        return action

    def suppression(self, address: str = ADA) -> SuppressionReason | None:
        found = self.app.audience.suppression(address)
        return found.reason if found else None

    def lists(self, address: str = ADA) -> dict[str, SubscriptionState]:
        return {each.list_name: each.state for each in self.app.audience.subscriptions_of(self.reader(address).id)}

    def story(self, address: str = ADA) -> list[What]:
        with self.app.database.read() as connection:
            return [each.what for each in history_of(connection, address)]

    def held(self, folder: str) -> int:
        return sum(1 for path in (self.studio.folder / "back" / f".{folder}").rglob("*.mx*") if path.is_file())


def sent(opened: Studio, name: str) -> None:
    """Let an issue with a new review go out on the coming Friday."""
    opened.feed(Post(name=name, published=opened.clock.now()))
    opened.tick()
    opened.clock.advance(15 * MINUTE)
    opened.tick()
    days = (FRIDAY.weekday() - opened.clock.now().weekday()) % 7 or 7
    friday = opened.clock.now().replace(hour=9, minute=0) + days * DAY
    opened.clock.set(friday)
    opened.tick()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    for place in ("new", "cur", "tmp"):
        (tmp_path / "back" / place).mkdir(parents=True)
    with studio(tmp_path, (MAIL, MAILBOX)) as opened:
        opened.begin(Post(name="harbour"))
        opened.readers("ada", "bo")
        sent(opened, "long-pier")
        assert opened.letters() == [ADA, BO]
        yield Desk(opened)


def dsn(
    token: str | None,
    recipient: str = ADA,
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 There is no such mailbox",
    *,
    action: str = "failed",
    original: str = "",
) -> str:
    """Return a report as RFC 3464 has it, sent to our return path."""
    to = f"bounces+{token}@lantern.example" if token else "bounces@lantern.example"
    return (
        f"From: MAILER-DAEMON@mx.reader.example\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt did not work.\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.reader.example\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {diagnostic}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{original}Subject: Two films\n\n--b--\n"
    )


def complaint(token: str | None, *, original: str = "") -> str:
    """Return a complaint as RFC 5965 has it, its recipient redacted."""
    path = f"bounces+{token}@lantern.example" if token else "bounces@lantern.example"
    return (
        "From: feedback@mx.reader.example\nTo: abuse@lantern.example\nSubject: complaint\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is an abuse report.\n\n"
        "--b\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: abuse\nUser-Agent: loop/1\nVersion: 1\nOriginal-Mail-From: <{path}>\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{original}Subject: Two films\n\nText.\n\n--b--\n"
    )


# --- what each kind does ---


def test_a_hard_bounce_suppresses_at_once_and_the_letter_is_bounced(desk: Desk) -> None:
    assert desk.comes(dsn(desk.token())) is Action.SUPPRESSED
    assert desk.suppression() is SuppressionReason.HARD_BOUNCE
    assert (desk.state(), desk.state(BO)) == (DeliveryState.BOUNCED, DeliveryState.SENT)
    assert desk.story()[-2:] == [What.BOUNCED, What.SUPPRESSED]
    assert desk.suppression(BO) is None
    assert desk.held("syndicate-done") == 1


def test_who_bounced_gets_no_further_issue(desk: Desk) -> None:
    desk.comes(dsn(desk.token()))
    desk.next_letter()
    assert desk.studio.letters() == [ADA, BO, BO]


def test_three_soft_bounces_of_three_letters_in_a_month_suppress(desk: Desk) -> None:
    actions = []
    for number in range(3):
        actions.append(desk.comes(dsn(desk.token(), status=FULL[0], diagnostic=f"{FULL[1]} {number}")))
        desk.next_letter()
    assert actions == [Action.COUNTED, Action.COUNTED, Action.SUPPRESSED]
    assert desk.suppression() is SuppressionReason.SOFT_BOUNCES


def test_many_soft_bounces_of_one_letter_are_one(desk: Desk) -> None:
    for number in range(5):
        desk.put(dsn(desk.token(), status=FULL[0], diagnostic=f"{FULL[1]} {number}"))
    assert desk.look().actions == {Action.COUNTED: 5}
    assert desk.suppression() is None


def test_soft_bounces_age(desk: Desk) -> None:
    for number in range(4):
        assert desk.comes(dsn(desk.token(), status=FULL[0], diagnostic=f"{FULL[1]} {number}")) is Action.COUNTED
        desk.studio.clock.advance(16 * DAY)
        desk.next_letter()
    assert desk.suppression() is None


def test_a_release_by_hand_wipes_the_slate(desk: Desk) -> None:
    for number in range(2):
        desk.comes(dsn(desk.token(), status=FULL[0], diagnostic=f"{FULL[1]} {number}"))
        desk.next_letter()
    desk.app.audience.suppress(ADA, SuppressionReason.MANUAL, desk.app.clock.now())
    desk.app.audience.unsuppress(ADA, desk.app.clock.now())
    desk.studio.clock.advance(MINUTE)
    assert desk.comes(dsn(desk.token(), status=FULL[0], diagnostic=FULL[1])) is Action.COUNTED


def test_a_refusal_by_policy_tells_the_editor_once_and_keeps_the_reader(desk: Desk) -> None:
    for address in (ADA, BO):
        said = "550 5.7.26 Unauthenticated mail is not accepted from this domain"
        assert desk.comes(dsn(desk.token(address), address, "5.7.26", said)) is Action.ALERTED
    assert desk.suppression() is None
    assert desk.state() is DeliveryState.SENT
    desk.studio.tick()
    assert [each for each in desk.studio.alerts() if "5.7.26" in each] == [
        "[The Lantern] letters are refused because of us (5.7.26)"
    ]


def test_a_reader_who_invents_refusals_does_not_fill_the_editors_mailbox(desk: Desk) -> None:
    for number in range(40):
        desk.put(dsn(desk.token(), status=f"5.7.{100 + number}", diagnostic=f"550 5.7.{100 + number} blocked by us"))
    assert desk.look().actions[Action.ALERTED] == 40
    desk.studio.tick()
    assert len(desk.studio.alerts()) == MOST_POLICIES + 1
    desk.studio.live(9 * DAY, step=DAY)
    assert not [each for each in desk.app.incidents.open_ones() if "policy" in each.name]


def test_a_flooded_mailbox_is_read_on_at_the_next_beat_and_keeps_no_letter_from_going(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*given: Any, **more: Any) -> Applied:
        desk.studio.clock.advance(MINUTE)
        return apply(*given, **more)

    monkeypatch.setattr(looking, "apply", slowly)
    for number in range(3):
        desk.put(f"From: pedlar@elsewhere.example\nSubject: number {number}\n\nBuy.\n")
    desk.studio.clock.advance(HOUR)
    looks = [returns_due(desk.app) for _ in range(4)]
    assert [(each.read, each.is_cut) for each in looks if each] == [(1, True), (1, True), (1, False)]


def test_what_is_told_of_a_policy_is_over_after_a_quiet_week(desk: Desk) -> None:
    desk.comes(dsn(desk.token(), status="5.7.26", diagnostic="550 5.7.26 Unauthenticated mail"))
    desk.studio.clock.advance(7 * DAY)
    desk.look()
    assert len(desk.app.incidents.open_ones()) == 1
    desk.studio.clock.advance(2 * DAY)
    desk.look()
    assert desk.app.incidents.open_ones() == ()


def test_a_complaint_takes_the_reader_off_every_list_for_good(desk: Desk) -> None:
    desk.studio.readers("ada", list_name="friends")
    assert desk.comes(complaint(desk.token())) is Action.SUPPRESSED
    assert desk.suppression() is SuppressionReason.COMPLAINT
    assert set(desk.lists().values()) == {SubscriptionState.UNSUBSCRIBED}
    assert desk.state() is DeliveryState.COMPLAINED


def test_a_complaint_outweighs_a_bounce(desk: Desk) -> None:
    desk.comes(dsn(desk.token()))
    desk.comes(complaint(desk.token()))
    assert desk.suppression() is SuppressionReason.COMPLAINT
    assert desk.state() is DeliveryState.COMPLAINED


def test_a_goodbye_by_mail_leaves_the_lists_of_its_token_only(desk: Desk) -> None:
    desk.studio.readers("ada", list_name="friends")
    token = web_token(desk.app.keyring, Purpose.READER, subscriber=desk.reader().id, address=ADA, lists=("readers",))
    said = f"From: {ADA}\nTo: leave@lantern.example\nSubject: unsubscribe {token}\n\n"
    assert desk.comes(said) is Action.UNSUBSCRIBED
    assert desk.lists() == {"readers": SubscriptionState.UNSUBSCRIBED, "friends": SubscriptionState.CONFIRMED}
    assert desk.suppression() is None
    assert What.LEFT in desk.story()


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.1.5")])
def test_what_is_no_bounce_changes_nothing(desk: Desk, action: str, status: str) -> None:
    said = dsn(desk.token(), status=status, diagnostic=f"{status[0]}50 {status} on its way", action=action)
    assert desk.comes(said) is Action.NOTHING
    assert (desk.suppression(), desk.state()) == (None, DeliveryState.SENT)
    assert desk.held("syndicate-done") == 1


def test_what_comes_back_settles_a_doubt(desk: Desk) -> None:
    key = desk.delivery()
    with desk.app.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE deliveries SET state = 'in_doubt' WHERE id = {key}")
    desk.comes(dsn(desk.token(), status=FULL[0], diagnostic=FULL[1]))
    assert desk.state() is DeliveryState.SENT


def test_a_person_writing_waits_for_the_editor(desk: Desk) -> None:
    desk.put(f"From: {ADA}\nTo: bounces@lantern.example\nSubject: Your film of the week\n\nI liked it.\n")
    assert desk.look().aside == 1
    assert desk.held("syndicate-aside") == 1
    desk.studio.tick()
    assert "[The Lantern] 1 message waits for you in the folder syndicate-aside of the return mailbox" in (
        desk.studio.alerts()
    )


def test_an_empty_pile_is_well_again(desk: Desk) -> None:
    desk.comes("From: somebody@reader.example\nSubject: hello\n\nHello.\n")
    for path in (desk.studio.folder / "back" / ".syndicate-aside" / "new").iterdir():
        path.unlink()
    assert desk.look().aside == 0
    assert desk.app.incidents.open_ones() == ()


# --- whom it is about ---


def test_an_address_in_upper_case_is_the_same_reader(desk: Desk) -> None:
    assert desk.comes(dsn(desk.token().upper(), ADA.upper())) is Action.SUPPRESSED
    assert desk.suppression() is SuppressionReason.HARD_BOUNCE


def test_a_bounce_without_any_token_changes_nobody(desk: Desk) -> None:
    assert desk.comes(dsn(None)) is Action.ASIDE
    assert desk.suppression() is None
    assert desk.state() is DeliveryState.SENT


def forgeries(desk: Desk) -> dict[str, str]:
    mine, key = desk.token(), desk.delivery()
    strange = verp_token(Keyring((b"x" * 64,)), delivery=key, address=ADA)
    return {
        "another key": strange,
        "our key's id": mine[:4] + strange[4:],
        "another address": verp_token(desk.app.keyring, delivery=key, address=BO),
        "another delivery": verp_token(desk.app.keyring, delivery=key + 1000, address=ADA),
        "a number that no database holds": f"{mine[:4]}{'7' * 13}{mine[-16:]}",
        "cut short": mine[:-1],
        "one letter changed": mine[:-1] + ("a" if mine[-1] != "a" else "b"),
    }


@pytest.mark.parametrize(
    "how",
    [
        "another key",
        "our key's id",
        "another address",
        "another delivery",
        "a number that no database holds",
        "cut short",
        "one letter changed",
    ],
)
def test_a_forged_token_changes_nobody(desk: Desk, how: str) -> None:
    assert desk.comes(dsn(forgeries(desk)[how])) is Action.ASIDE
    assert desk.suppression() is None
    assert desk.comes(complaint(forgeries(desk)[how])) is Action.ASIDE
    assert set(desk.lists().values()) == {SubscriptionState.CONFIRMED}


def test_a_token_of_one_reader_with_the_link_of_another_proves_nobody(desk: Desk) -> None:
    link = web_token(desk.app.keyring, Purpose.READER, subscriber=desk.reader(BO).id, address=BO, lists=("readers",))
    original = f"List-Unsubscribe: <https://news.lantern.example/leave/{link}>\n"
    assert desk.comes(dsn(desk.token(), original=original)) is Action.ASIDE
    assert (desk.suppression(), desk.suppression(BO)) == (None, None)


def test_the_link_of_the_returned_letter_proves_its_reader(desk: Desk) -> None:
    link = web_token(desk.app.keyring, Purpose.READER, subscriber=desk.reader().id, address=ADA, lists=("readers",))
    original = f"List-Unsubscribe: <https://news.lantern.example/leave/{link}>\n"
    assert desk.comes(dsn(None, original=original)) is Action.SUPPRESSED


def test_the_message_id_of_the_returned_letter_proves_its_reader(desk: Desk) -> None:
    number = message_id(desk.app.secret, "weekly:1", ADA, "lantern.example")
    assert desk.comes(dsn(None, original=f"Message-ID: {number}\n")) is Action.SUPPRESSED
    assert desk.state() is DeliveryState.BOUNCED


def test_the_message_id_of_another_readers_letter_proves_nothing(desk: Desk) -> None:
    number = message_id(desk.app.secret, "weekly:1", BO, "lantern.example")
    assert desk.comes(dsn(None, ADA, original=f"Message-ID: {number}\n")) is Action.ASIDE


def test_a_letter_sent_on_to_a_dead_mailbox_counts_as_a_soft_bounce(desk: Desk) -> None:
    assert desk.comes(dsn(desk.token(), "ada@elsewhere.example")) is Action.COUNTED
    assert (desk.suppression(), desk.state()) == (None, DeliveryState.SENT)


# --- once, whatever happens ---


def test_the_same_message_twice_does_nothing_twice(desk: Desk) -> None:
    desk.put(dsn(desk.token(), status=FULL[0], diagnostic=FULL[1]))
    desk.put(dsn(desk.token(), status=FULL[0], diagnostic=FULL[1]))
    looked = desk.look()
    assert (looked.read, looked.again) == (2, 1)
    assert desk.story().count(What.BOUNCED) == 1


def test_a_release_holds_although_the_same_bounce_is_read_again(desk: Desk) -> None:
    desk.comes(dsn(desk.token()))
    desk.app.audience.unsuppress(ADA, desk.app.clock.now())
    desk.put(dsn(desk.token()))
    assert desk.look().again == 1
    assert desk.suppression() is None


def test_a_crash_before_the_move_is_made_up_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put(dsn(desk.token()))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MaildirMailbox, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.look()
    assert desk.suppression() is SuppressionReason.HARD_BOUNCE
    assert desk.held("syndicate-done") == 0
    with again(desk.studio) as later:
        looked = poll_mailbox(later.app)
    assert (looked.read, looked.again) == (1, 1)
    assert desk.story().count(What.SUPPRESSED) == 1
    assert desk.held("syndicate-done") == 1


def test_a_crash_before_the_commit_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put(dsn(desk.token()))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("syndicate.pipeline.returns.suppress", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.look()
    assert (desk.suppression(), desk.state()) == (None, DeliveryState.SENT)
    assert desk.look().actions == {Action.SUPPRESSED: 1}


def test_a_dry_run_changes_and_moves_nothing(desk: Desk) -> None:
    desk.put(dsn(desk.token()))
    desk.put("From: somebody@reader.example\nSubject: hello\n\nHello.\n")
    for _ in range(2):
        looked = poll_mailbox(desk.app, dry_run=True)
        assert looked.actions == {Action.SUPPRESSED: 1, Action.ASIDE: 1}
        assert (looked.again, looked.aside) == (0, 1)
    assert (desk.suppression(), desk.story()) == (None, [])
    assert len(list((desk.studio.folder / "back" / "new").iterdir())) == 2
    assert desk.app.incidents.open_ones() == ()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0\xff\xfe" * 1000, id="bytes"),
        pytest.param(b"Subject: large\n\n" + b"x" * 10_000_000, id="ten megabytes"),
        pytest.param(b"To: " + b"a" * 300_000 + b"\n\n", id="an endless header"),
    ],
)
def test_what_cannot_be_read_goes_aside_and_stops_nobody(desk: Desk, content: bytes) -> None:
    desk.put(content)
    desk.put(dsn(desk.token()))
    assert desk.look().actions == {Action.ASIDE: 1, Action.SUPPRESSED: 1}


def test_who_bounced_when_the_next_issue_was_planned_gets_no_letter(desk: Desk) -> None:
    token = desk.token()
    desk.app.set_paused(True)
    desk.next_letter()
    assert desk.state() is DeliveryState.PLANNED
    desk.put(dsn(token))
    desk.look()
    desk.app.set_paused(False)
    desk.studio.tick()
    assert (desk.state(), desk.state(BO)) == (DeliveryState.SUPPRESSED, DeliveryState.SENT)


# --- refusals while sending ---


@pytest.mark.parametrize(
    ("reply", "action", "suppressed"),
    [
        ("550 5.1.1 no such user here", Action.SUPPRESSED, SuppressionReason.HARD_BOUNCE),
        ("552 5.2.2 mailbox is full", Action.COUNTED, None),
        ("550 5.7.1 blocked by our policy, see a list of listed hosts", Action.ALERTED, None),
    ],
)
def test_a_refusal_while_sending_does_what_a_bounce_does(
    desk: Desk, reply: str, action: Action, suppressed: SuppressionReason | None
) -> None:
    key = DeliveryKey(desk.delivery())
    with desk.app.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE deliveries SET state = 'sending' WHERE id = {key}")
        assert move(connection, key, Step(state=DeliveryState.FAILED, due=None, reply=reply))
    for again_ in (False, True):
        applied = refused_at_sending(desk.app, key, reply)
        assert applied is not None
        assert (applied.action, applied.again) == (action, again_)
    assert desk.suppression() is suppressed
    assert desk.state() is DeliveryState.FAILED
    assert bool(desk.app.incidents.open_ones()) is (action is Action.ALERTED)


def test_a_refusal_of_what_went_to_no_reader_of_ours_is_nobodys(desk: Desk) -> None:
    assert refused_at_sending(desk.app, DeliveryKey(4711), "550 5.1.1 no such user") is None


# --- when it is due ---


def test_the_mailbox_is_looked_into_when_its_time_has_come(desk: Desk) -> None:
    desk.studio.clock.advance(5 * MINUTE)
    assert isinstance(returns_due(desk.app), Looked)
    assert returns_due(desk.app) is None
    desk.studio.clock.advance(5 * MINUTE)
    assert isinstance(returns_due(desk.app), Looked)


def test_a_clock_set_back_does_not_stop_the_looking(desk: Desk) -> None:
    returns_due(desk.app)
    desk.studio.clock.set(desk.app.clock.now() - DAY)
    assert isinstance(returns_due(desk.app), Looked)


def test_a_mailbox_that_cannot_be_read_is_told_once_and_when_it_is_well_again(desk: Desk) -> None:
    back = desk.studio.folder / "back"
    back.rename(desk.studio.folder / "gone")
    desk.studio.clock.advance(5 * MINUTE)
    for _ in range(3):
        looked = returns_due(desk.app)
        assert looked is not None
        assert isinstance(looked.fault, ChannelError)
        desk.studio.clock.advance(5 * MINUTE)
    assert [each.name for each in desk.app.incidents.open_ones()] == ["return mailbox"]
    (desk.studio.folder / "gone").rename(back)
    returns_due(desk.app)
    assert desk.app.incidents.open_ones() == ()


def test_a_server_that_is_away_for_a_while_is_no_alarm(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    returns_due(desk.app)

    def away(*_: object, **__: object) -> None:
        raise UnreachableError("imap.lantern.example:993 does not answer")

    monkeypatch.setattr(looking, "poll_mailbox", away)
    desk.studio.clock.advance(10 * MINUTE)
    returns_due(desk.app)
    assert desk.app.incidents.open_ones() == ()
    desk.studio.clock.advance(HOUR)
    returns_due(desk.app)
    assert [each.name for each in desk.app.incidents.open_ones()] == ["return mailbox"]


def test_without_a_mailbox_nothing_is_due(lantern: Studio) -> None:
    assert returns_due(lantern.app) is None


def test_what_the_database_refuses_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put(dsn(desk.token()))

    def refuses(*_: object, **__: object) -> None:
        raise StoreError("the database refused: disk full")

    monkeypatch.setattr(looking, "apply", refuses)
    desk.studio.clock.advance(5 * MINUTE)
    looked = returns_due(desk.app)
    assert looked is not None
    assert isinstance(looked.fault, StoreError)
    assert len(list((desk.studio.folder / "back" / "new").iterdir())) == 1
