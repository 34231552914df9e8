"""Promise 3, end to end: whatever happens in whatever order, no letter goes to whom the reader's own words exclude.

The account kept here is of what was said, by links out of real letters, by real reports, by imports; the letters are
what the outbox holds after a real beat.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from syndicate.audience.addresses import address_key
from syndicate.audience.model import NewSubscriber, SubscriptionState, SuppressionReason
from syndicate.audience.tokens import verp_token
from syndicate.errors import NotFoundError
from syndicate.pipeline.forget import forget
from syndicate.pipeline.joining import JoinRequest, confirm, request_join
from syndicate.pipeline.leaving import leave
from syndicate.pipeline.mailbox import poll_mailbox
from tests.pipeline.studio import DAY, FRIDAY, MINUTE, Post, studio
from tests.pipeline.test_returns import complaint, dsn

PEOPLE = ("ada@reader.example", "bo@reader.example", "Cy@reader.example")
LISTS = ("readers", "friends")
CHANGES = (
    (
        "  unsubscribe_mailto: leave@lantern.example\n",
        "  unsubscribe_mailto: leave@lantern.example\n  return_path: bounces+{token}@lantern.example\n"
        "  mailbox: {maildir: back/}\n",
    ),
    (
        "notify: ed@",
        "web: {public_url: 'https://news.lantern.example', per_address: 999, per_network: 999, per_hour: 999}\n"
        "notify: ed@",
    ),
)
WITHIN = timedelta(days=7)
person, names = st.sampled_from(PEOPLE), st.sets(st.sampled_from(LISTS), min_size=1).map(sorted)


def owner(mail: EmailMessage) -> str:
    """Return whom a mail went to."""
    return address_key(str(mail["To"].addresses[0].addr_spec))


class Readers(RuleBasedStateMachine):
    """All that can happen to three readers of two lists, beside an account of what was said."""

    @initialize()
    def open(self) -> None:
        """Begin with two readers who got an issue, and pages, a mailbox and an outbox open."""
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        for place in ("new", "cur", "tmp"):
            (folder / "back" / place).mkdir(parents=True)
        self.site = self.stack.enter_context(studio(folder, *CHANGES))
        self.app, self.clock = self.site.app, self.site.clock
        self.site.begin(Post(name="harbour"))
        self.yes: set[tuple[str, str]] = set()
        self.left: dict[tuple[str, str], datetime] = {}
        self.barred: set[str] = set()
        self.letters: list[EmailMessage] = []
        self.week = 0
        self.import_(PEOPLE[0], ["readers"], "")
        self.import_(PEOPLE[1], ["friends"], "")
        self.friday()
        assert len(self.letters) == 2

    def teardown(self) -> None:
        """Close the installation."""
        if hasattr(self, "stack"):
            self.stack.close()

    @rule(who=person, lists=names)
    def ask(self, who: str, lists: list[str]) -> None:
        """Somebody types an address into a form; who is on no list is not on one by that."""
        request_join(self.app, JoinRequest(address=who, lists=tuple(lists), came_from="a form", network=""))

    @rule(who=person, lists=names, state=st.sampled_from(["", "unsubscribed"]))
    def import_(self, who: str, lists: list[str], state: str) -> None:
        """The editor imports an address: a first word, and never a later one."""
        word = SubscriptionState(state or "confirmed")
        for name in lists:
            is_out = word is SubscriptionState.UNSUBSCRIBED
            why = SuppressionReason.REQUEST if is_out else None
            fresh = [NewSubscriber(address=who, name="", state=word, suppression=why)]
            list(self.app.audience.add(fresh, name, self.clock.now(), keyring=self.app.keyring))
            key = (address_key(who), name)
            if is_out:
                for each in LISTS:
                    self._said_no((key[0], each))
            elif key not in self.left:
                self.yes.add(key)

    @rule()
    def beat(self) -> None:
        """Let a quarter of an hour pass, and what is due go out."""
        self.clock.advance(15 * MINUTE)
        self.site.tick()
        self._look()

    @rule()
    def friday_held(self) -> None:
        """Let the week's issue be planned while everything is paused: what happens now happens in its midst."""
        self.app.set_paused(True)
        self.friday()
        self.app.set_paused(False)

    @rule()
    def friday(self) -> None:
        """Let a review appear, and the week's issue go out."""
        self.week += 1
        self.site.feed(Post(name=f"film-{self.week}", published=self.clock.now()))
        self.site.tick()
        self.beat()
        days = (FRIDAY.weekday() - self.clock.now().weekday()) % 7 or 7
        self.clock.set(self.clock.now().replace(hour=9, minute=0) + days * DAY)
        self.site.tick()
        self._look()

    @precondition(lambda self: self._questions())
    @rule(data=st.data())
    def press(self, data: st.DataObject) -> None:
        """Press the button of any question that ever went."""
        mail = data.draw(st.sampled_from(self._questions()))
        found = re.search(r"/confirm/([\w.+-]+)", str(mail.get_body(("plain",)).get_content()))
        assert found is not None
        asked = mail["Date"].datetime
        confirm(self.app, found[1])
        if owner(mail) in self.barred or self.clock.now() - asked > WITHIN:
            return
        for name in found[1].split(".")[2].split("+"):
            key = (owner(mail), name)
            if key not in self.left or asked > self.left[key]:
                self.yes.add(key)

    @precondition(lambda self: self._with_way_out())
    @rule(data=st.data(), how=st.sampled_from(["one-click", "mail"]))
    def go(self, data: st.DataObject, how: str) -> None:
        """Leave by any letter that ever went, by its page or by mail."""
        mail = data.draw(st.sampled_from(self._with_way_out()))
        ways = str(mail["List-Unsubscribe"])
        token = re.search(r"/leave/([\w.+-]+)", ways)
        assert token is not None
        if how == "one-click":
            leave(self.app, token[1], "one-click")
        else:
            subject = re.search(r"subject=unsubscribe%20([^>]+)>", ways)
            assert subject is not None
            asked = f"unsubscribe {unquote(subject[1])}"  # as a mail program fills it in (RFC 6068 §2)
            number = f"Message-ID: <{self.week}@y.example>"  # no two mails are the same to the byte
            self._comes(f"From: x@y.example\nTo: leave@lantern.example\n{number}\nSubject: {asked}\n\n")
        for name in token[1].split(".")[2].split("+"):
            self._said_no((owner(mail), name))

    @precondition(lambda self: self.letters)
    @rule(data=st.data(), kind=st.sampled_from(["hard", "complaint", "forged", "stolen"]))
    def comes_back(self, data: st.DataObject, kind: str) -> None:
        """A letter comes back, truly or not; nobody is barred by a report that proves nothing."""
        mail = data.draw(st.sampled_from(self.letters))
        who = owner(mail)
        try:
            reader = self.app.audience.find(who)
        except NotFoundError:
            return
        sent = [row for row in self.app.deliveries.listed(subscriber=reader.id) if row.tried is not None]
        if not sent:
            return
        token = verp_token(self.app.keyring, delivery=sent[-1].id, address=who)
        if kind == "forged":
            token = token[:-1] + ("a" if token[-1] != "a" else "b")
        if kind == "stolen":
            token = verp_token(self.app.keyring, delivery=sent[-1].id, address="somebody@else.example")
        before = {each: self.app.audience.suppression(each) for each in PEOPLE}
        self._comes(complaint(token) if kind == "complaint" else dsn(token, who))
        if kind in ("forged", "stolen"):
            assert before == {each: self.app.audience.suppression(each) for each in PEOPLE}
            return
        self.barred.add(who)

    @rule(who=person)
    def forget_(self, who: str) -> None:
        """The reader asks to be forgotten."""
        try:
            forget(self.app, who)
        except NotFoundError:
            return
        self.barred.add(address_key(who))

    @rule(who=person)
    def remove(self, who: str) -> None:
        """The editor takes a reader off every list."""
        try:
            self.app.audience.unsubscribe(who, None, self.clock.now())
        except NotFoundError:
            return
        for name in LISTS:
            if (address_key(who), name) in self.yes:
                self._left((address_key(who), name))

    def _said_no(self, key: tuple[str, str]) -> None:
        if key in self.yes or key not in self.left:  # who is out already says nothing new
            self._left(key)

    def _left(self, key: tuple[str, str]) -> None:
        self.yes.discard(key)
        self.left[key] = self.clock.now()

    def _comes(self, content: str) -> None:
        self.week += 1
        (self.site.folder / "back" / "new" / f"{self.week:05}.mx").write_text(content, encoding="utf-8")
        poll_mailbox(self.app)

    def _questions(self) -> list[EmailMessage]:
        return [mail for mail in self.letters if str(mail["Subject"]).startswith("Please confirm")]

    def _with_way_out(self) -> list[EmailMessage]:
        return [mail for mail in self.letters if mail["List-Unsubscribe"]]

    def _look(self) -> None:
        """Hold every mail that went since the last look against the account."""
        mails = [mail for mail in self.site.mails() if mail["To"] != "ed@lantern.example"]
        known = {mail["Message-ID"] for mail in self.letters}
        for mail in mails:
            if mail["Message-ID"] in known:
                continue
            who = owner(mail)
            assert who not in self.barred
            if not str(mail["Subject"]).startswith("Please confirm"):
                assert any((who, name) in self.yes for name in LISTS), mail["Subject"]
            self.letters.append(mail)


TestReaders = pytest.mark.journey(Readers.TestCase)
TestReaders.settings = settings(
    max_examples=16,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate),  # a shorter story is not worth five minutes of looking for one
)
