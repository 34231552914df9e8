"""The outbox: letters as .eml files in a real Maildir, statuses as JSON and a card. Nothing leaves the machine.

    out/mail/{tmp,new,cur}/            a Maildir; every letter's bytes exactly as a relay would be given them
    out/statuses/ACCOUNT/KEY.json      what an instance would be given; KEY.html shows it

A file's name is derived from the delivery, so the same delivery sent twice is one file. Writing is what a Maildir
asks for: whole into tmp/, synced, then renamed. It is the embedded default, the dry run, and what tests read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from syndicate.channels.outbox_files import MAIL, STATUSES, unwritable, write_whole
from syndicate.channels.outbox_page import render_card
from syndicate.delivery.model import DeliveryKey, Letter, Outcome, OutgoingStatus, Sent

if TYPE_CHECKING:
    import jinja2


class Pictures(Protocol):
    """Where pictures are kept as files."""

    def path_for(self, url: str) -> Path | None:
        """Return the file of a picture that is kept, else None. Fetches nothing."""


class OutboxMail:
    """Writes letters into a Maildir; every letter is Sent. ChannelError where the folder cannot be written."""

    name = "outbox"

    def __init__(self, folder: Path) -> None:
        self._maildir = folder / MAIL

    def send(self, messages: Iterable[Letter]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Yield Sent for each letter once its file is on the disk; the reply names the file."""
        for letter in messages:
            try:
                path = self._deliver(letter)
            except OSError as error:
                raise unwritable(error, self._maildir) from error
            yield letter.key, Sent(reply=f"written to {path}", remote_url=path.absolute().as_uri())

    def _deliver(self, letter: Letter) -> Path:
        for part in ("tmp", "new", "cur"):
            (self._maildir / part).mkdir(parents=True, exist_ok=True)
        name = file_name(letter)
        read = next((self._maildir / "cur").glob(f"{name}*"), None)  # A mail program moved it and added its flags.
        return read or write_whole(self._maildir / "new" / name, letter.content, by_way_of=self._maildir / "tmp")


def file_name(letter: Letter) -> str:
    """Return the letter's file name, "00000012-8d5f0c1e.eml": in order of delivery, the same at every attempt."""
    return f"{letter.key:08d}-{hashlib.sha256(letter.message_id.encode()).hexdigest()[:8]}.eml"


class OutboxStatuses:
    """Writes the statuses of one account; every status is Sent. ChannelError as for mail."""

    def __init__(
        self, name: str, folder: Path, pictures: Pictures, templates: jinja2.Environment | None = None
    ) -> None:
        self.name = name
        self._folder = folder / STATUSES / quote(name, safe=" ")
        self._pictures = pictures
        self._templates = templates

    def send(self, messages: Iterable[OutgoingStatus]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Yield Sent for each status once its two files are on the disk."""
        for status in messages:
            try:
                page = self._publish(status)
            except OSError as error:
                raise unwritable(error, self._folder) from error
            sent = Sent(reply=f"written to {page}", remote_id=str(status.key), remote_url=page.absolute().as_uri())
            yield status.key, sent

    def _publish(self, status: OutgoingStatus) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        fields = status_fields(self.name, status)
        page = self._folder / f"{status.key:06d}.html"
        card = render_card(fields, page.parent, self._pictures.path_for, self._templates)
        write_whole(page, card.encode())
        write_whole(page.with_suffix(".json"), f"{json.dumps(fields, ensure_ascii=False, indent=2)}\n".encode())
        return page


def status_fields(account: str, status: OutgoingStatus) -> dict[str, object]:
    """Return what an instance would be given, under the names of POST /api/v1/statuses and /api/v2/media."""
    content = status.content
    image = content.image
    return {
        "id": str(status.key),
        "account": account,
        "status": content.text,
        "spoiler_text": content.spoiler,
        "language": content.language,
        "visibility": content.visibility,
        "media": [{"url": image.url, "description": image.alt}] if image else [],
        "link": content.link,
        "idempotency_key": status.idempotency_key,
    }
