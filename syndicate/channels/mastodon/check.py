"""What came back, beside what was asked: pure."""

from __future__ import annotations

from collections.abc import Iterator

from syndicate.channels.mastodon.wire import Attachment, PostedStatus, language_sent
from syndicate.compose.model import StatusContent

WIDTH = {"direct": 0, "private": 1, "unlisted": 2, "public": 3}
"""Visibilities, from the fewest readers to the most."""


def is_exposed(posted: PostedStatus, asked: StatusContent) -> str | None:
    """Return in words how the status shows what was to be hidden, or None.

    Pixelfed and snac lose warnings; Pixelfed knows no direct statuses. A narrower visibility is no exposure:
    Mastodon makes a silenced account's public statuses unlisted.
    """
    if asked.spoiler.strip() and not posted.spoiler.strip():
        return "the server lost the content warning"
    if WIDTH.get(posted.visibility, 0) > WIDTH.get(asked.visibility, 3):
        return f"the server made it {posted.visibility}, not {asked.visibility}"
    return None


def compare(posted: PostedStatus, asked: StatusContent, media: Attachment | None) -> Iterator[str]:
    """Yield, in words, each difference that the editor should see."""
    if media is not None and not posted.media:
        yield "the server dropped the picture"
    elif media is not None and asked.image and posted.media[0].alt.strip() != asked.image.alt.strip():
        yield "the picture's alt text is not as it was written"
    if posted.spoiler.strip() != asked.spoiler.strip():
        yield f'the content warning reads "{posted.spoiler}"'
    if posted.visibility and posted.visibility != asked.visibility:
        yield f"it is {posted.visibility}, not {asked.visibility}"
    if posted.language and language_sent(posted.language) != language_sent(asked.language):
        yield f"its language is {posted.language}, not {asked.language}"
