"""The reader's last word holds: whatever the order, nobody may be mailed who left since, or must not be mailed."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from syndicate.audience.model import (
    NewSubscriber,
    RecipientFacts,
    SubscriptionState,
    SuppressionReason,
)
from syndicate.audience.policy import Allowed, may_receive
from syndicate.audience.tokens import Purpose, web_token
from syndicate.errors import NotFoundError
from syndicate.pipeline.joining import ConfirmAnswer, JoinRequest, confirm, expire_requests, request_join
from syndicate.pipeline.leaving import leave, set_preferences
from syndicate.store.joining import leave_all
from tests.pipeline.studio import studio

pytestmark = pytest.mark.slow

PEOPLE = ("ada@reader.example", "bo@reader.example")
LISTS = ("readers", "fast")
CHANGES = (
    (
        "  readers: {name: Weekly readers}\n  friends: {name: Friends of the house}\n",
        "  readers: {}\n  fast: {opt_in: single}\n",
    ),
    ("lists: [readers, friends]", "lists: [readers, fast]"),
    ("notify: ed@", "web: {per_address: 1000, per_network: 1000, per_hour: 1000}\nnotify: ed@"),
)
WITHIN = timedelta(days=7)
person, list_name = st.sampled_from(PEOPLE), st.sampled_from(LISTS)


@dataclass
class Word:
    """What we know, by our own reckoning, of one person and one list."""

    wants: bool = False
    """Whether their last word, or an import's first one, is yes."""
    heard: bool = False
    """Whether they are known on that list at all: nobody leaves a list that they have nothing to do with."""
    left: datetime | None = None


class LastWord(RuleBasedStateMachine):
    """Everything that can happen to two readers of two lists, beside a plain account of what they said last."""

    @initialize()
    def open(self) -> None:
        """Begin with nobody on any list."""
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copytree(_template(), folder, dirs_exist_ok=True)
        self.site = self.stack.enter_context(studio(folder, *CHANGES))
        self.app, self.clock = self.site.app, self.site.clock
        self.words = {(who, name): Word() for who in PEOPLE for name in LISTS}
        self.suppressed: set[str] = set()
        self.confirmations: list[tuple[str, tuple[str, ...], datetime, str]] = []
        self.letters: list[tuple[str, tuple[str, ...], str]] = []

    def teardown(self) -> None:
        """Close the installation."""
        if hasattr(self, "stack"):
            self.stack.close()

    @rule(
        span=st.sampled_from(
            [timedelta(milliseconds=300), timedelta(seconds=1), timedelta(hours=1), 4 * timedelta(days=1)]
        )
    )
    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(span)

    @rule(who=person, names=st.sets(list_name, min_size=1))
    def subscribe(self, who: str, names: set[str]) -> None:
        """Type an address into a form. It is nobody's word, but a stranger's first one on a single opt-in list."""
        request_join(self.app, JoinRequest(address=who, lists=tuple(names), came_from="a form", network=""))
        if who in self.suppressed:
            return
        for name in names:
            word = self.words[who, name]
            word.heard = True
            word.wants |= name == "fast" and word.left is None

    @rule(who=person, names=st.sets(list_name, min_size=1))
    def mail_goes(self, who: str, names: set[str]) -> None:
        """Mint the tokens that a mail to this person carries now."""
        try:
            number = self.app.audience.find(who).id
        except NotFoundError:
            return
        lists, now = tuple(sorted(names)), self.clock.now()
        asks = web_token(self.app.keyring, Purpose.CONFIRM, subscriber=number, address=who, lists=lists, issued=now)
        leads_out = web_token(self.app.keyring, Purpose.READER, subscriber=number, address=who, lists=lists)
        self.confirmations.append((who, lists, now, asks))
        self.letters.append((who, lists, leads_out))

    @rule(who=person, names=st.sets(list_name, min_size=1))
    def subscribe_and_get_the_mail(self, who: str, names: set[str]) -> None:
        """Ask, and be asked: so that most runs have a button to press."""
        self.subscribe(who, names)
        self.mail_goes(who, names)

    @rule(data=st.data())
    def press_confirm(self, data: st.DataObject) -> None:
        """Press the button of any mail that ever went."""
        if not self.confirmations:
            return
        who, lists, issued, link = data.draw(st.sampled_from(self.confirmations))
        done = confirm(self.app, link)
        young = self.clock.now() - issued.replace(microsecond=0) <= WITHIN
        if not young or who in self.suppressed:
            assert done.answer is not ConfirmAnswer.CONFIRMED
            return
        for name in lists:
            word = self.words[who, name]
            if word.left is None or issued > word.left:
                word.wants = True
                word.heard |= name in done.lists

    @rule(data=st.data())
    def one_click(self, data: st.DataObject) -> None:
        """Leave by any letter that ever went."""
        if self.letters:
            who, lists, link = data.draw(st.sampled_from(self.letters))
            if leave(self.app, link, "one-click").known:
                for name in lists:  # no to a letter is a no to each of its lists, also to one that they were never on
                    self.words[who, name].heard = True
            self._said_no(who, lists)

    @rule(data=st.data(), wanted=st.sets(list_name))
    def choose(self, data: st.DataObject, wanted: set[str]) -> None:
        """Choose lists on the page behind any letter that ever went."""
        if not self.letters:
            return
        who, _, link = data.draw(st.sampled_from(self.letters))
        if set_preferences(self.app, link, wanted, "the page") is None:
            return
        self._said_no(who, tuple(name for name in LISTS if name not in wanted and self.words[who, name].wants))
        if who not in self.suppressed:
            for name in wanted:
                self.words[who, name].wants = self.words[who, name].heard = True

    @rule(who=person, reason=st.sampled_from(sorted({*SuppressionReason} - {SuppressionReason.REQUEST})))
    def bounce(self, who: str, reason: SuppressionReason) -> None:
        """Let an address be suppressed."""
        self.app.audience.suppress(who, reason, self.clock.now())
        self.suppressed.add(who)

    @rule(who=person)
    def complain(self, who: str) -> None:
        """Let a reader press "this is spam"."""
        self.app.audience.suppress(who, SuppressionReason.COMPLAINT, self.clock.now())
        self.suppressed.add(who)
        try:
            number = self.app.audience.find(who).id
        except NotFoundError:
            return
        with self.app.database.write() as connection:
            leave_all(connection, number, "complaint", self.clock.now())
        self._said_no(who, LISTS)

    @rule(who=person)
    def release(self, who: str) -> None:
        """Let the editor take a suppression back; what the reader said holds."""
        self.app.audience.unsuppress(who, self.clock.now())
        self.suppressed.discard(who)

    @rule(who=person, name=list_name)
    def import_(self, who: str, name: str) -> None:
        """Import an address as confirmed: a first word, and never a later one."""
        list(self.app.audience.add([NewSubscriber(address=who, name="")], name, self.clock.now()))
        word = self.words[who, name]
        if word.left is None:
            word.wants = word.heard = True

    @rule(who=person, name=st.none() | list_name)
    def remove(self, who: str, name: str | None) -> None:
        """Let the editor take somebody off."""
        try:
            self.app.audience.unsubscribe(who, name, self.clock.now(), how="syndicate subscribers remove")
        except NotFoundError:
            return
        self._said_no(who, (name,) if name else LISTS)

    @rule()
    def expire(self) -> None:
        """Let old requests end."""
        expire_requests(self.app)
        for word in self.words.values():
            word.heard &= word.wants or word.left is not None

    @invariant()
    def nobody_is_mailed_against_their_last_word(self) -> None:
        """Hold the policy against our own account."""
        for (who, name), word in getattr(self, "words", {}).items():
            if isinstance(may_receive(self._facts(who, name)), Allowed):
                assert word.wants, f"{who} would be mailed on {name}"
                assert who not in self.suppressed, f"{who} is suppressed and would be mailed"

    def _facts(self, who: str, name: str) -> RecipientFacts:
        held = self.app.audience.suppression(who)
        try:
            links = self.app.audience.subscriptions_of(self.app.audience.find(who).id)
        except NotFoundError:
            links = ()
        states = tuple(SubscriptionState(each.state) for each in links if each.list_name == name)
        return RecipientFacts(subscriptions=states, suppression=held.reason if held else None)

    def _said_no(self, who: str, names: tuple[str, ...]) -> None:
        for name in names:
            word = self.words[who, name]
            is_news = word.wants or word.left is None  # who is out already says nothing new
            if word.heard and is_news:
                word.wants, word.left = False, self.clock.now()


@cache
def _template() -> Path:
    """Return a folder with an installation whose schema is current."""
    folder = Path(tempfile.mkdtemp(prefix="syndicate-last-word-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with studio(folder, *CHANGES):
        pass
    return folder


LastWord.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_the_last_word_holds = LastWord.TestCase
