"""One status, from the first look to what came back.

A status that was tried before is looked for first, and adopted where it is found. Then its picture is fetched, fitted
and uploaded; then it is posted under its key; then what came back is compared with what was asked. Where the wire
breaks at the post, the account is looked at a few times before the status is said to be in doubt.

A picture that cannot be had puts the status off for two attempts; from the third on it goes without, and says so. A
picture that the server will not take, or that is none, is left out at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from syndicate.channels.mastodon.check import compare, is_exposed
from syndicate.channels.mastodon.doubt import Move, after_absence, key_for, look_for
from syndicate.channels.mastodon.faults import (
    Denied,
    Doubtful,
    Misplaced,
    Missing,
    Rejected,
    Throttled,
    Unsent,
    WireFault,
)
from syndicate.channels.mastodon.server import Server
from syndicate.channels.mastodon.upload import NoPicture, Upload
from syndicate.channels.mastodon.wire import Attachment, PostedStatus, Wire
from syndicate.delivery.model import Deferred, InDoubt, Outcome, OutgoingStatus, Refused, Sent
from syndicate.protocols import Clock

LOOKS = (2.0, 8.0, 30.0)
"""Seconds before each look for a status whose answer did not come."""
PATIENT_ATTEMPTS = 2
"""Attempts that are put off because a picture cannot be had."""


class Posting:
    """One status on its way, on a wire of its own."""

    def __init__(
        self,
        *,
        wire: Wire,
        message: OutgoingStatus,
        server: Callable[[], Server],
        upload: Upload,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._wire = wire
        self._message = message
        self._content = message.content
        self._server = server
        self._upload = upload
        self._clock = clock
        self._sleep = sleep
        self._since = message.first_tried or clock.now()
        self._notes: list[str] = []

    def outcome(self) -> Outcome:
        """Return what came of it. Raises Denied, Misplaced and Missing: they concern the account."""
        if self._message.first_tried is not None:
            settled = self._look_before()
            if settled is not None:
                return settled
        try:
            media = self._pictured()
        except NoPicture as fault:
            return Deferred(reason=fault.reason)
        except Throttled as fault:
            return Deferred(reason=fault.reason, until=fault.until)
        return self._post(media)

    def _look_before(self) -> Outcome | None:
        """Return the outcome of a status that was tried before, or None where it is to be posted."""
        try:
            found = look_for(self._wire, self._content.link, self._since)
        except (Denied, Misplaced, Missing):
            raise
        except WireFault as fault:
            return InDoubt(reason=f"could not look for it: {fault.reason}")
        return self._adopt(found) if found else self._after_absence()

    def _after_absence(self) -> Outcome | None:
        """Return that it waits or is held, or None where it may be posted again."""
        server = self._server()
        visible = server.shows(self._content.visibility)
        match after_absence(age=self._age(), honours_key=server.honours_key, can_be_seen=visible):
            case Move.REPOST:
                return None
            case Move.WAIT:
                return InDoubt(reason="not on the account yet; the server may still be at work on it")
            case Move.HOLD:
                who = server.software or "the server"
                why = f"{who} does not list {self._content.visibility} statuses: look whether it is there"
                return InDoubt(reason=why)

    def _post(self, media: Attachment | None) -> Outcome:
        """Return what came of posting it."""
        key = key_for(self._message.idempotency_key, self._age())
        try:
            posted = self._wire.post(self._content, [media.id] if media else [], key)
        except Unsent as fault:
            return Deferred(reason=f"no connection: {fault.reason}")
        except Throttled as fault:
            return Deferred(reason=fault.reason, until=fault.until)
        except Rejected as fault:
            return self._rejected(fault)
        except Doubtful as fault:
            return self._look_after(fault)
        return self._checked(posted, media, f"posted {posted.id}")

    def _rejected(self, fault: Rejected) -> Outcome:
        """Return that it is refused, unless the refusal is the account's or passes.

        Takahe answers a bad token with 400 and no JSON: the account is asked for before a status is blamed.
        """
        if "processing" in fault.reason:
            return Deferred(reason=fault.reason)
        try:
            self._wire.account()
        except Rejected as again:
            raise Denied(again.reason, status=again.status) from again
        except (Doubtful, Unsent, Throttled):
            pass
        return Refused(reason=fault.reason, status=str(fault.status))

    def _look_after(self, fault: Doubtful) -> Outcome:
        """Return the status as found on the account after its answer was lost, or that it is in doubt."""
        for seconds in LOOKS:
            self._sleep(seconds)
            try:
                found = look_for(self._wire, self._content.link, self._since)
            except WireFault:
                continue
            if found is not None:
                return self._adopt(found)
        return InDoubt(reason=f"{fault.reason}; not seen on the account since")

    def _adopt(self, found: PostedStatus) -> Outcome:
        """Return a status of ours that was found on the account."""
        pictured = found.media[0] if found.media else None
        if self._content.image and pictured is None:
            self._notes.append("it stands without its picture")
        return self._checked(found, pictured, f"found on the account as {found.id}")

    def _checked(self, posted: PostedStatus, media: Attachment | None, reply: str) -> Outcome:
        """Return Sent with a note of what is not as asked; a status that shows what was to be hidden is deleted."""
        exposed = is_exposed(posted, self._content)
        if exposed is None:
            notes = [*self._notes, *compare(posted, self._content, media)]
            return Sent(reply=reply, remote_id=posted.id, remote_url=posted.url, note="; ".join(notes) or None)
        try:
            self._wire.delete(posted.id)
        except WireFault as fault:
            note = f"{exposed}, and it could not be deleted ({fault.reason}): delete it by hand"
            return Sent(reply=reply, remote_id=posted.id, remote_url=posted.url, note=note)
        return Refused(reason=f"{exposed}; it was deleted at once")

    def _pictured(self) -> Attachment | None:
        """Return the uploaded picture; None where there is none, or it is left out.

        Raises NoPicture where the status is to wait for it, Throttled, and what concerns the account.
        """
        if self._content.image is None:
            return None
        try:
            return self._upload(self._content.image)
        except NoPicture as fault:
            attempt = self._message.attempt
            if fault.may_come and attempt is not None and attempt <= PATIENT_ATTEMPTS:
                raise
            self._notes.append(f"it went without its picture: {fault.reason}")
            return None

    def _age(self) -> timedelta:
        """Return how long ago the status may first have reached the server."""
        return self._clock.now() - self._since
