"""draft: the next issue of a digest as it stands now. It changes nothing; publishing freezes what it returns."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.compose.choices import Choices
from syndicate.compose.email import Design, render_email
from syndicate.compose.fit import Fitted, fit, weigh_letter
from syndicate.compose.letter import TOKEN, check_for_posting
from syndicate.compose.model import Masthead, PublishedReview, RenderedEmail, Selection, WayOut
from syndicate.compose.select import Chosen, LeadRule, PassedOver, SectionRule, SelectRules, select_reviews
from syndicate.config import Config, Digest
from syndicate.config.privacy import private_digests
from syndicate.errors import NotFoundError
from syndicate.pipeline import singles
from syndicate.pipeline.due import coming_period
from syndicate.pipeline.singles import Found
from syndicate.store.choices import Kept

SLOT = "{token}"
"""Stands for the reader's token in an issue's ways out, until a letter is addressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An issue that has not been frozen."""

    digest: str
    number: int
    period: datetime
    """The slot that it is for."""
    kept: Kept
    """What the editor chose for it, and the revision of the choices that are kept."""
    candidates: tuple[PublishedReview, ...]
    """All that it could carry, newest first."""
    passed_over: Mapping[int, PassedOver]
    """Why a candidate is not in it, by the review's number."""
    selection: Selection
    """What it carries, with the excerpts that it shows: shorter ones, where the letter would be cut off."""
    masthead: Masthead
    email: RenderedEmail
    link_keys: Mapping[int, str]
    inputs_hash: str
    """Of all that went into the template: the same inputs and templates give the same bytes."""
    templates_hash: str


def draft(
    app: App,
    name: str,
    *,
    period: datetime | None = None,
    choices: Choices | None = None,
    now: datetime | None = None,
    among: Collection[int] | None = None,
) -> Draft:
    """Return the digest's next issue, rendered; without a period, for the one that is due, else for its next hour.

    Without `choices`, with those that the editor keeps for it; without `now`, as it stands at this moment; with
    `among`, of these reviews alone.
    Raises NotFoundError for an unknown digest, TemplateError where the letter does not render.
    """
    digest = digest_of(app, name)
    now = now or app.clock.now()
    period = period or coming_period(app, name, digest, now)
    return _drafted(app, name, digest, _candidates(app, name, digest, among), period, now, _kept(app, name, choices))


def sample(app: App, name: str) -> Draft | None:
    """Return what the digest's newest announced review would look like as its letter, whether or not it went already.

    For those who look at a digest with `every: review` while nothing waits; it is never sent. None where no review was
    announced yet.
    """
    digest, now = digest_of(app, name), app.clock.now()
    nobody = ""  # No digest has this name, so none of its issues has carried anything.
    newest = app.issues.candidates(nobody, digest.feeds or tuple(app.config.feeds))[:1]
    of_any_age = digest.model_copy(update={"max_age": timedelta.max})
    kept = app.choices.of(name)
    words = replace(kept, choices=replace(kept.choices, left_out=frozenset()))
    return _drafted(app, name, of_any_age, newest, now, now, words) if newest else None


def _drafted(app: App, name: str, digest: Digest, found: Found, period: datetime, now: datetime, kept: Kept) -> Draft:
    candidates = tuple(review for review, _ in found)
    chosen = _chosen(digest, candidates, now, kept.choices)
    masthead = _masthead(app, name, digest, max(period, now))
    fitted = _rendered(app, digest, chosen.selection, masthead, kept.choices)
    if any(app.config.lists[each].address for each in digest.lists):
        check_for_posting(fitted.email)
    return Draft(
        digest=name,
        number=masthead.number,
        period=period,
        kept=kept,
        candidates=candidates,
        passed_over={**chosen.passed_over, **{review.id: PassedOver.TO_FIT for review in fitted.waiting}},
        selection=fitted.selection,
        masthead=masthead,
        email=fitted.email,
        link_keys={review.id: key for review, key in found},
        inputs_hash=_hash(repr((fitted.selection, masthead, digest.subject, _words(kept.choices)))),
        templates_hash=_templates_hash(app),
    )


def nothing_new(
    app: App, name: str, choices: Choices, *, now: datetime | None = None, among: Collection[int] | None = None
) -> str | None:
    """Return why the next issue would carry nothing, or None; asked before a template is, which may speak of a lead."""
    digest = digest_of(app, name)
    reviews = [review for review, _ in _candidates(app, name, digest, among)]
    chosen = _chosen(digest, reviews, now or app.clock.now(), choices)
    if chosen.selection.reviews:
        return None
    return "the editor left all of it out" if PassedOver.LEFT_OUT in chosen.passed_over.values() else "nothing new"


def letters_due(app: App, name: str) -> tuple[int, ...]:
    """Return the reviews that ask for a letter of their own now, in the order in which they get it, by number.

    The oldest is first, unless the editor chose another order. None in a digest that has an hour.
    """
    digest = digest_of(app, name)
    if digest.every is None:
        return ()
    reviews = [review for review, _ in _candidates(app, name, digest, None)]
    chosen = _chosen(digest, reviews, app.clock.now(), app.choices.of(name).choices, cap=len(reviews))
    return tuple(review.id for review in chosen.selection.reviews)


def _chosen(
    digest: Digest, candidates: Sequence[PublishedReview], now: datetime, choices: Choices, cap: int | None = None
) -> Chosen:
    """Return what the issue carries; of a digest without an hour one review, the oldest, and no word of the others."""
    if digest.every is None:
        return select_reviews(candidates, _rules(digest), now, choices)
    rules = SelectRules(cap=cap or 1, max_age=digest.max_age, lead=LeadRule.NEWEST)
    chosen = select_reviews(tuple(reversed(candidates)), rules, now, choices)
    return replace(chosen, selection=replace(chosen.selection, more=0))


def _rendered(app: App, digest: Digest, selection: Selection, masthead: Masthead, choices: Choices) -> Fitted:
    """Return the issue rendered, shortened where mail programs would cut it off."""
    ways = tuple(way.url.replace(SLOT, TOKEN) for way in masthead.ways_out)

    def render(shown: Selection) -> RenderedEmail:
        return render_email(
            shown,
            masthead,
            templates=app.templates,
            subject=digest.subject,
            choices=choices,
            design=Design.REVIEW if digest.every else Design.ISSUE,
        )

    return fit(selection, render, lambda email: weigh_letter(email, ways))


def _kept(app: App, name: str, choices: Choices | None) -> Kept:
    kept = app.choices.of(name)
    return kept if choices is None else replace(kept, choices=choices)


def _words(choices: Choices) -> tuple[str | None, ...]:
    """Return those choices that no selection shows."""
    return (choices.subject, choices.preheader, choices.note)


def digest_of(app: App, name: str) -> Digest:
    """Return a digest of the config; NotFoundError, with those that there are, for any other name."""
    if name not in app.config.digests:
        there = ", ".join(app.config.digests) or "none"
        raise NotFoundError(f'config.yaml has no digest "{name}"; there is: {there}')
    return app.config.digests[name]


def _candidates(app: App, name: str, digest: Digest, among: Collection[int] | None) -> Found:
    if digest.every:
        return singles.candidates(app, name, digest, among)
    return app.issues.candidates(name, digest.feeds or tuple(app.config.feeds), among)


def _rules(digest: Digest) -> SelectRules:
    return SelectRules(
        cap=digest.cap,
        max_age=digest.max_age,
        lead=digest.lead,
        sections=tuple(SectionRule(title=each.title, strands=each.strands) for each in digest.sections),
    )


def _masthead(app: App, name: str, digest: Digest, date: datetime) -> Masthead:
    site, number = app.config.site, app.issues.next_number(name)
    return Masthead(
        site_name=site.name,
        site_url=site.url,
        language=site.language,
        timezone=site.timezone,
        postal=site.postal,
        digest_name=digest.name or site.name,
        number=number,
        date=date,
        ways_out=tuple(WayOut(url=url) for url in ways_out(app.config)),
        browser_url=browser_url(app.config, name, number),
        theme=app.config.theme.drawn(),
    )


def browser_url(config: Config, digest: str, number: int) -> str | None:
    """Return the address of an issue's page in the public archive, where config has one that is served."""
    public = config.web.public_url
    is_there = public and config.web.archive and digest not in private_digests(config)
    return f"{public}/archive/{digest}/{number}" if is_there else None


def ways_out(config: Config) -> tuple[str, ...]:
    """Return the addresses by which a reader leaves, the most wanted first; SLOT stands for the reader.

    Our page, where there is one; then a mail, with the token in its subject where the mailbox is ours to read.
    """
    mail, public = config.mail, config.web.public_url
    page = (f"{public}/leave/{SLOT}",) if public else ()
    if mail is None or mail.unsubscribe_mailto is None:
        return page
    subject = f"unsubscribe%20{SLOT}" if mail.mailbox else "unsubscribe"
    return (*page, f"mailto:{mail.unsubscribe_mailto}?subject={subject}")


def _templates_hash(app: App) -> str:
    loader = app.templates.loader
    names = [name for name in app.templates.list_templates() if name.startswith("email/")]
    return _hash("\0".join(loader.get_source(app.templates, name)[0] for name in sorted(names)) if loader else "")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
