"""Letters for the lint: good ones, and what is told of one that was changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from syndicate.compose.cards import safe_url
from syndicate.compose.choices import Choices
from syndicate.compose.email import render_email
from syndicate.compose.letter import TOKEN, Envelope, Slots, compile_letter, fill
from syndicate.compose.lint import Copy, Facts, Finding, lint, world_texts
from syndicate.compose.model import Masthead, RenderedEmail, Selection, WayOut
from syndicate.compose.notices import NoticeText, render_notice
from syndicate.reviews.model import Film
from tests.compose.letters import FULL, ISSUE, MASTHEAD, TEMPLATES, issue_of, published, still

PAGE, MAIL = "https://news.lantern.example/leave/", "mailto:leave@lantern.example?subject=unsubscribe%20"
WAYS = (f"{PAGE}example", f"{MAIL}example")
MOMENT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
READERS = {"ada@reader.example": "1.weekly.a+b", "bo@other.example": "2.weekly.c+d"}
OWN_HEAD: Masthead = replace(MASTHEAD, ways_out=(WayOut(url=WAYS[0]), WayOut(url=WAYS[1])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A letter with its facts."""

    email: RenderedEmail
    facts: Facts
    copies: tuple[Copy, ...]

    def findings(self) -> tuple[Finding, ...]:
        """Return what the lint says of it."""
        return lint(self.email, self.facts, self.copies)

    def html(self, old: str, new: str, count: int = 1) -> Case:
        """Return the letter with a passage of its HTML changed; the passage must be there."""
        assert old in self.email.html, old
        return replace(self, email=replace(self.email, html=self.email.html.replace(old, new, count)))

    def text(self, old: str, new: str) -> Case:
        """Return the letter with a passage of its text changed."""
        assert old in self.email.text, old
        return replace(self, email=replace(self.email, text=self.email.text.replace(old, new)))

    def bytes(self, old: bytes, new: bytes) -> Case:
        """Return the letter with a passage of its first copy changed."""
        first, *others = self.copies
        assert old in first.content, old
        changed = replace(first, content=first.content.replace(old, new))
        return replace(self, copies=(changed, *others))

    def of(self, **changes: object) -> Case:
        """Return the letter beside other facts."""
        return replace(self, facts=replace(self.facts, **changes))  # type: ignore[arg-type]


def issue(selection: Selection = ISSUE, masthead: Masthead = OWN_HEAD, choices: Choices | None = None) -> Case:
    """Return an issue as it would leave."""
    email = render_email(selection, masthead, templates=TEMPLATES, subject=None, choices=choices or Choices())
    return Case(
        email=fill(email, WAYS),
        facts=Facts(
            sender="news@lantern.example",
            postal=masthead.postal,
            review_links=tuple(safe_url(each.link) or masthead.site_url for each in selection.reviews),
            site_url=masthead.site_url,
            ways_out=WAYS,
            token_proves=True,
            quoted=world_texts(selection, masthead, choices),
        ),
        copies=copies(email, list_id="weekly.lantern.example"),
    )


def notice(kind: str) -> Case:
    """Return a notice as it would leave."""
    ways = WAYS if kind != "confirm" else ()
    text = NoticeText(
        kind=kind,
        lists=("Weekly readers",),
        site_name="The Lantern",
        site_url="https://lantern.example/",
        language="en",
        timezone="Europe/Dublin",
        postal=MASTHEAD.postal,
        ways_out=ways,
    )
    email, link = render_notice(text, templates=TEMPLATES), "https://news.lantern.example/confirm/"
    facts = Facts(sender="news@lantern.example", is_issue=False, postal=MASTHEAD.postal, ways_out=ways)
    return Case(
        email=fill(email, (*ways, f"{link}example")),
        facts=facts,
        copies=copies(email, list_id=None, bulk=False, has_ways=bool(ways), links=(f"{link}{TOKEN}",)),
    )


def copies(
    email: RenderedEmail, *, list_id: str | None, bulk: bool = True, has_ways: bool = True, links: tuple[str, ...] = ()
) -> tuple[Copy, ...]:
    """Return the letter to two readers."""
    envelope = Envelope(
        sender="The Lantern <news@lantern.example>",
        list_id=list_id,
        reply_to="ed@lantern.example",
        bulk=bulk,
        ways_out=(f"{PAGE}{TOKEN}", f"{MAIL}{TOKEN}") if has_ways else (),
        links=links,
    )
    compiled = compile_letter(email, envelope)
    slots = (
        Slots(address=address, message_id=f"<{number}@lantern.example>", date=MOMENT, token=token)
        for number, (address, token) in enumerate(READERS.items())
    )
    return tuple(Copy(address=each.address, token=each.token, content=compiled.address(each)) for each in slots)


GOOD = issue()
LARGE = issue(
    issue_of(
        *(
            published(
                number,
                replace(
                    FULL, film=Film(title=f"Harbour Song {number}", year=2026), cast=(), excerpt=None, directors=()
                ),
                image=still(number, f"A boat on wave {number}") if number % 2 else None,
            )
            for number in range(1, 26)
        )
    )
)
SINGLE = issue(issue_of(published(1, FULL, image=still(1, "A woman in a green coat among orchids"))))
GOOD_ONES = {
    "an issue with sections": GOOD,
    "25 reviews": LARGE,
    "a single review": SINGLE,
    "confirm": notice("confirm"),
    "already": notice("already"),
    "welcome": notice("welcome"),
}
