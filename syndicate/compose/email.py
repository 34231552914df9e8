"""reviews → the letter of an issue, rendered once: subject, preheader, HTML and text.

Pure but for the templates that it reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

import jinja2

from syndicate.compose import letter
from syndicate.compose.cards import Card, Page, clean, lay_out, shorten
from syndicate.compose.choices import Choices
from syndicate.compose.environment import from_string, load, render
from syndicate.compose.model import Masthead, RenderedEmail, Selection
from syndicate.compose.note import write_note
from syndicate.compose.select import NO_CHOICES
from syndicate.errors import TemplateError
from syndicate.reviews.model import Kind


class Design(StrEnum):
    """Which templates draw a letter: email/NAME.html and email/NAME.txt."""

    ISSUE = "issue"
    REVIEW = "review"
    """The letter of one review."""


MAX_SUBJECT_CHARS = 150
"""Longer ones do not survive every mail program's folding."""
GOOD_SUBJECT_CHARS = 70
MIN_PREHEADER_CHARS, MAX_PREHEADER_CHARS = 30, 140


def render_email(
    selection: Selection,
    masthead: Masthead,
    *,
    templates: jinja2.Environment,
    subject: str | None,
    choices: Choices = NO_CHOICES,
    design: Design = Design.ISSUE,
) -> RenderedEmail:
    """Return the issue's letter with its slots still marked; `letter.fill` shows it, `letter.compile_letter` sends it.

    `subject` is the config's Jinja text (it knows what a `cards.Page` holds: lead, reviews, site, issue …), None for
    our own wording; words that the editor chose for this issue stand before both. Raises TemplateError where a
    template does not render or has lost a way out.
    """
    page = lay_out(selection, masthead)
    title = shorten(clean(choices.subject or ""), MAX_SUBJECT_CHARS) or _subject(page, templates, subject, design)
    preheader = shorten(clean(choices.preheader or ""), MAX_PREHEADER_CHARS) or _preheader(page, title)
    note = write_note(choices.note)
    context = {
        **page.names(),
        "subject": title,
        "preheader": preheader,
        "note": note and note.html,
        "note_text": note and note.text,
    }
    html_name, text_name = f"email/{design}.html", f"email/{design}.txt"
    html = _inlined(tidy_html(render(load(templates, html_name), context)), html_name)
    text = tidy_text(render(load(templates, text_name), context))
    _check_ways_out(masthead, {html_name: html, text_name: text})
    return RenderedEmail(subject=title, preheader=preheader, html=html, text=text)


def tidy_html(html: str) -> str:
    """Return the HTML without the empty lines that templates leave: Gmail cuts a letter at 102 kB."""
    return re.sub(r"\n\s*\n", "\n", html).strip() + "\n"


def tidy_text(text: str) -> str:
    """Return the text part without blanks at line ends and with one empty line at most between paragraphs."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _subject(page: Page, templates: jinja2.Environment, source: str | None, design: Design) -> str:
    """Return the subject, one clean line of at most 150 characters, never empty.

    In the editor's wording `lead` is the first review, also where no review is set apart; an issue without any
    has our wording, for theirs speaks of films.
    """
    first = next(iter(page.reviews), None)
    written = clean(render(from_string(templates, source), {**page.names(), "lead": first})) if source and first else ""
    own = _letter_subject(page, first) if first and design is Design.REVIEW else _own_subject(page)
    return shorten(written or own, MAX_SUBJECT_CHARS)


def _letter_subject(page: Page, card: Card) -> str:
    """Return the subject of a letter of one review; a post that is none says its own title."""
    is_review = card.kind != Kind.OTHER.value
    return page.t("subject.review", film=page.t.name(card.film)) if is_review else card.film


def _own_subject(page: Page) -> str:
    """Return the fullest of our wordings that a phone shows whole, the lead's film always first.

    It changes with the films and the issue's number, so that programs which thread by subject keep issues apart.
    """
    forms = _wordings(page)
    return next((form for form in forms if len(form) <= GOOD_SUBJECT_CHARS), forms[-1])


def _wordings(page: Page) -> list[str]:
    """Return the subjects that name the issue's films, the fullest first."""
    match [page.t.name(card.film) for card in page.reviews]:
        case []:
            return [page.t("subject.none", site=page.site, number=page.issue)]
        case [film]:
            return [page.t("subject.one", film=film, number=page.issue)]
        case [film, second]:
            fullest = page.t("subject.two", film=film, second=second, number=page.issue)
        case [film, second, *others]:
            fullest = page.t("subject.many", film=film, second=second, count=len(others), number=page.issue)
    return [fullest, page.t("subject.lead", film=film, count=len(page.reviews) - 1, number=page.issue)]


def _preheader(page: Page, subject: str) -> str:
    """Return what an inbox shows after the subject: the lead's one sentence, then what else there is.

    30 to 140 characters; never the subject again.
    """
    text = ""
    for piece in (*_openings(page), page.t("from_site", site=page.site, number=page.issue)):
        if piece and piece != subject and len(text) < MIN_PREHEADER_CHARS:
            text = f"{text} {piece}".strip()
    return shorten(text, MAX_PREHEADER_CHARS)


def _openings(page: Page) -> tuple[str, ...]:
    """Return what there is to say of the first review, and then of the others, the best first; some may be empty."""
    if not page.reviews:
        return ()
    first, *others = page.reviews
    return (
        first.standfirst or first.excerpt or "",
        f"{page.t('rated', rating=first.rating)}." if first.rating else "",
        page.t("also", films=page.t.names([card.film for card in others[:3]])) if others else "",
    )


def _inlined(html: str, name: str) -> str:
    """Return the HTML inlined. Raises TemplateError where a slot or fence did not come through."""
    # Imported late: premailer brings cssutils and requests, which no command but this one needs.
    from syndicate.compose.inline import inline_css

    inlined = inline_css(html)
    if inlined.count(letter.RESERVED) != html.count(letter.RESERVED):
        raise TemplateError(
            "inlining the styles lost a way out",
            where=name,
            hint="use the way out in href or in text only",
        )
    return inlined


def _check_ways_out(masthead: Masthead, parts: Mapping[str, str]) -> None:
    """Raise TemplateError unless both parts show every way out."""
    for index, way in enumerate(masthead.ways_out):
        for name, body in parts.items():
            if letter.way_out_mark(index) not in body:
                raise TemplateError(
                    f"the letter does not show the way out {way.url}",
                    where=name,
                    hint="write {{ way.url }} for each of ways_out",
                )
