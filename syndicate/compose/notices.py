"""A notice: a letter to one reader about their own subscription, in one template family with the issue.

It says what config.yaml says (the site, the list) and not one word of what somebody typed into a form. Rendered once
for a kind and its lists, with marks for the reader's links; compose/letter.py addresses it like any letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jinja2
from markupsafe import Markup

from syndicate.compose.cards import clean, safe_url
from syndicate.compose.email import tidy_html, tidy_text
from syndicate.compose.environment import load, render
from syndicate.compose.inline import inline_css
from syndicate.compose.letter import way_out_mark
from syndicate.compose.model import RenderedEmail
from syndicate.compose.theme import Theme, make_theme
from syndicate.compose.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """What a notice speaks of; the same for every reader who gets it."""

    kind: str
    """confirm, already or welcome: the sentences are `notice_KIND_…` in words.py."""
    lists: tuple[str, ...]
    """What readers call the lists."""
    site_name: str
    site_url: str
    language: str
    timezone: str
    postal: str | None
    ways_out: tuple[str, ...]
    """The ways out that the letter shows, as config has them; its link is counted on from them."""
    followed_by_issue: bool = False
    theme: Theme = field(default_factory=make_theme)


def render_notice(text: NoticeText, *, templates: jinja2.Environment) -> RenderedEmail:
    """Return the notice with its link, and ways out, marked. Raises TemplateError where a template does not render."""
    words = Words(language=text.language, timezone=text.timezone)
    facts = {"list": words.quoted([clean(name) for name in text.lists]), "site": clean(text.site_name)}
    subject = words(f"notice_{text.kind}_subject{'_many' if len(text.lists) > 1 else ''}", **facts)
    paragraphs = _paragraphs(text, words, facts)
    context: Mapping[str, object] = {
        "t": words,
        "own": Markup("") if words.known else Markup(' lang="en" dir="ltr"'),
        "subject": subject,
        "title": words(f"notice_{text.kind}_title"),
        "asks": text.kind == "confirm",
        "preheader": paragraphs[0],
        "paragraphs": paragraphs,
        "action": words(f"notice_{text.kind}_link"),
        "link": way_out_mark(len(text.ways_out)),
        "ways_out": [
            {"url": way_out_mark(at), "words": words("leave_mail" if way.startswith("mailto:") else "leave_web")}
            for at, way in enumerate(text.ways_out)
        ],
        "why": words("notice_why", **facts),
        "site": facts["site"],
        "site_url": safe_url(text.site_url) or "",
        "postal": clean(text.postal or "") or None,
        "theme": text.theme,
    }
    html = inline_css(tidy_html(render(load(templates, "email/notice.html"), context)))
    plain = tidy_text(render(load(templates, "email/notice.txt"), context))
    return RenderedEmail(subject=subject, preheader=paragraphs[0], html=html, text=plain)


def _paragraphs(text: NoticeText, words: Words, facts: Mapping[str, object]) -> Sequence[str]:
    """Return the sentences of the letter, in order."""
    said = [words(f"notice_{text.kind}_{number}", **facts) for number in (1, 2)]
    return [*said, words("notice_welcome_issue")] if text.followed_by_issue else said
