"""A status's picture, from its address to an attachment that is ready to be posted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syndicate.channels.mastodon.faults import Doubtful, Missing, Rejected, Unsent
from syndicate.channels.mastodon.pictures import PictureError, fit_picture
from syndicate.channels.mastodon.wire import Attachment, Wire
from syndicate.compose.model import StatusLimits
from syndicate.errors import SyndicateError
from syndicate.reviews.model import Image

MEDIA_WAITS = (1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0)
"""Seconds before each question whether an upload is ready."""


class NoPicture(Exception):
    """There is no picture to attach, in one line why; `may_come` where a later try may have one."""

    def __init__(self, reason: str, *, may_come: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_come = may_come


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Uploads pictures. An upload whose answer is lost is an orphan that the server clears away: it is repeated."""

    wire: Wire
    limits: Callable[[], StatusLimits]
    pictures: Callable[[str], bytes]
    sleep: Callable[[float], None]

    def __call__(self, image: Image) -> Attachment:
        """Return the picture as an attachment that is ready.

        Raises NoPicture; Throttled, Denied and Misplaced; ChannelError where the limits cannot be had.
        """
        limits = self.limits()
        try:
            picture = fit_picture(self.pictures(image.url), limits)
            media = self.wire.upload(picture.content, picture.mime_type, image.alt)
        except (SyndicateError, OSError) as error:
            raise NoPicture(f"{image.url} could not be fetched: {error}", may_come=True) from error
        except PictureError as error:
            raise NoPicture(f"{image.url}: {error}", may_come=False) from error
        except (Rejected, Missing) as fault:
            raise NoPicture(f"the server does not take it: {fault.reason}", may_come=False) from fault
        except (Doubtful, Unsent) as fault:
            raise NoPicture(f"the upload failed: {fault.reason}", may_come=True) from fault
        return self._ready(media)

    def _ready(self, media: Attachment) -> Attachment:
        """Return the attachment once the server has processed it; a bounded wait."""
        for seconds in MEDIA_WAITS:
            if media.ready:
                return media
            self.sleep(seconds)
            media = self._asked(media)
        if media.ready:
            return media
        raise NoPicture("the server is still at work on it", may_come=True)

    def _asked(self, media: Attachment) -> Attachment:
        """Return the attachment as it stands; a question that got no answer changes nothing."""
        try:
            return self.wire.attachment(media.id)
        except (Rejected, Missing) as fault:
            raise NoPicture(f"the server could not process it: {fault.reason}", may_come=False) from fault
        except (Doubtful, Unsent):
            return media
