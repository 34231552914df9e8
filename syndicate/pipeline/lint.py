"""The lint of a digest's next issue: the draft as a reader gets it, beside what config.yaml says of it."""

from __future__ import annotations

import re

from syndicate.app import App
from syndicate.audience.tokens import Purpose, proves, read_web_token
from syndicate.compose.cards import clean, safe_url
from syndicate.compose.lint import Copy, Facts, Finding, Severity, lint, world_texts
from syndicate.config import Mail
from syndicate.errors import ConfigError, LintError
from syndicate.pipeline.draft import SLOT, Draft, ways_out
from syndicate.pipeline.examples import example_letter, filled

READERS = ("one-of-two@example.org", "two-of-two@example.net")
"""Two readers whom nobody is, and whose addresses no letter has a reason to show."""


def lint_draft(app: App, made: Draft) -> tuple[Finding, ...]:
    """Return what is wrong with a draft, the gravest first; where no letter can be made of it, of its bodies alone.

    That is so without mail in config.yaml, and where the key cannot be read: sending tells of that, and letters wait.
    Raises TemplateError where it cannot be compiled.
    """
    mail = app.config.mail
    copies = _copies(app, made) if mail else ()
    return lint(filled(app, made.email), _facts(app, made, mail, copies), copies)


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return those for which a letter should not be sent."""
    return tuple(each for each in findings if each.severity is Severity.ERROR)


def check(app: App, made: Draft) -> None:
    """Raise LintError, with a line for each, where a draft has errors."""
    found = errors(lint_draft(app, made))
    if found:
        told = "\n".join(f"  {line_of(each)}" for each in found)
        raise LintError(
            f"issue {made.number} of {made.digest} should not be sent:\n{told}",
            hint=f"mend it and look again: syndicate issues lint {made.digest}; as it is: issues send --anyway",
        )


def line_of(finding: Finding) -> str:
    """Return a finding as one line: severity, number, place, why, then how."""
    return f"{finding.severity} {finding.number} ({finding.where}): {finding.why}; {finding.how}"


def _facts(app: App, made: Draft, mail: Mail | None, copies: tuple[Copy, ...]) -> Facts:
    reviews = made.selection.reviews
    has_readers = any(app.config.lists[each].address is None for each in app.config.digests[made.digest].lists)
    return Facts(
        sender=mail.sender_address if mail else "",
        is_for_readers=mail is not None and mail.outbox is None and has_readers,
        reply_to=mail.reply_to if mail else None,
        postal=clean(made.masthead.postal or "") or None,
        review_links=tuple(safe_url(each.link) or made.masthead.site_url for each in reviews),
        ways_out=tuple(way.replace(SLOT, "example") for way in ways_out(app.config)),
        token_proves=_proves(app, copies[0]) if copies and copies[0].token else None,
        site_url=made.masthead.site_url,
        quoted=world_texts(made.selection, made.masthead, made.kept.choices),
    )


def _copies(app: App, made: Draft) -> tuple[Copy, ...]:
    try:
        return tuple(_copy(app, made, address) for address in READERS)
    except ConfigError:
        return ()


def _copy(app: App, made: Draft, address: str) -> Copy:
    content = example_letter(app, made, address).content
    return Copy(address=address, token=_token(content, made), content=content)


def _token(content: bytes, made: Draft) -> str:
    """Return the token that a letter's List-Unsubscribe holds in its place; empty where it has none."""
    head = content.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
    for way in made.masthead.ways_out:
        before, slot, after = way.url.partition(SLOT)
        found = re.search(f"<{re.escape(before)}([^<>]*){re.escape(after)}>", head) if slot else None
        if found:
            return found[1].replace("%2B", "+")
    return ""


def _proves(app: App, copy: Copy) -> bool:
    claim = read_web_token(Purpose.READER, copy.token)
    return claim is not None and proves(app.keyring, claim, copy.address)
