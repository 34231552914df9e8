"""The bytes of a letter → its header fields as they stand on the wire, and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A letter's bytes, read."""

    content: bytes
    head: bytes
    fields: tuple[tuple[str, bytes], ...]
    """Each field's name in lower case and its raw value, unfolded (RFC 5322 §2.2.3)."""
    parsed: EmailMessage

    def raw(self, name: str) -> tuple[bytes, ...]:
        """Return the raw values of a field, one for each time that it stands there."""
        return tuple(value for field, value in self.fields if field == name.lower())

    def decoded(self, name: str) -> str:
        """Return the first field of that name as a mail program shows it; empty where there is none."""
        return str(self.parsed[name] or "") if self.raw(name) else ""

    @property
    def parts(self) -> tuple[EmailMessage, ...]:
        """Return the leaves of the letter."""
        return tuple(part for part in self.parsed.walk() if not part.is_multipart())


def read_message(content: bytes) -> Message:
    """Return the letter read; nothing in it raises."""
    head = content.partition(b"\r\n\r\n")[0]
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
    pairs = (line.partition(b":") for line in unfolded.split(b"\r\n"))
    parser = BytesParser(_class=EmailMessage, policy=policy.default)
    return Message(
        content=content,
        head=head,
        fields=tuple((name.decode("ascii", "replace").lower(), value.strip()) for name, _, value in pairs),
        parsed=parser.parsebytes(content),
    )
