"""The keys under `mail`: whom letters come from, the relays that take them, the mailbox that takes what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from syndicate.config import values
from syndicate.config.kinds import (
    Address,
    Duration,
    File,
    Host,
    Line,
    Part,
    Rate,
    ReturnPath,
    Sender,
    Slug,
    Variable,
)
from syndicate.delivery.manners import Rules
from syndicate.delivery.model import InDoubtRule


class Security(StrEnum):
    """How the line to a relay is secured; both kinds check the certificate."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Relay(Part):
    host: Host = Field(description="The mail server that takes our letters.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port: 587 with starttls, 465 with tls.")
    security: Security = Field(default=Security.STARTTLS, description="starttls, tls, or none (this machine only).")
    user: Line | None = Field(default=None, description="The user name, where the relay asks for one.")
    password_env: Variable | None = Field(default=None, description="The variable that holds the password.")
    password_file: File | None = Field(default=None, description="Or the file that holds it.")
    timeout: Duration = Field(
        default=timedelta(seconds=60), gt=timedelta(0), description="How long to wait for an answer."
    )
    connections: int = Field(
        default=1, ge=1, le=100, description="So many connections at once: ask the relay how many it allows."
    )
    rate: Rate | None = Field(default=None, description="Letters a second at most, over all connections; as 5 or 0.5.")
    per_day: int | None = Field(
        default=None, ge=1, description="Letters in any 24 hours at most; what is left goes on the days after."
    )
    pause_after: int = Field(default=20, ge=1, description="It rests after so many refusals in a row.")
    pause_for: Duration = Field(
        default=timedelta(hours=1), gt=timedelta(0), description="So long it rests, unless a person resumes it."
    )

    @property
    def rules(self) -> Rules:
        """Return how fast it may be given letters."""
        return Rules(rate=self.rate, per_day=self.per_day, pause_after=self.pause_after, pause_for=self.pause_for)


class Imap(Part):
    host: Host = Field(description="The server of the return mailbox.")
    port: int = Field(default=993, ge=1, le=65535, description="Its port: 993 with tls, 143 with starttls.")
    security: Security = Field(default=Security.TLS, description="tls, starttls, or none (this machine only).")
    user: Line = Field(description="The user name.")
    password_env: Variable | None = Field(default=None, description="The variable that holds the password.")
    password_file: File | None = Field(default=None, description="Or the file that holds it.")
    folder: Line = Field(default="INBOX", description="The folder that is read.")
    timeout: Duration = Field(
        default=timedelta(seconds=60), gt=timedelta(0), description="How long to wait for an answer."
    )


class Mailbox(Part):
    imap: Imap | None = Field(default=None, description="Read it over IMAP; either this or maildir.")
    maildir: File | None = Field(default=None, description="Or read this Maildir on the same machine.")
    every: Duration = Field(
        default=timedelta(minutes=5), ge=timedelta(seconds=10), description="How often it is looked into."
    )


class Mail(Part):
    sender: Sender = Field(alias="from", description="Whom letters come from: Name <address>, at a domain of yours.")
    relay: Relay | None = Field(default=None, description="The mail server that sends; this, or relays, or outbox.")
    relays: Mapping[Slug, Relay] | None = Field(
        default=None,
        min_length=1,
        description="Or several relays, by names of your own, with the same keys; tried in this order.",
    )
    outbox: File | None = Field(default=None, description="Write the letters into this folder and send nothing.")
    unsubscribe_mailto: Address | None = Field(
        default=None, description="The address that takes readers' goodbyes by mail. A relay needs it."
    )
    return_path: ReturnPath | None = Field(
        default=None,
        description="Where bounces go; {token} in it names the reader: bounces+{token}@lantern.example.",
    )
    mailbox: Mailbox | None = Field(
        default=None, description="The mailbox behind return_path and unsubscribe_mailto, which we read."
    )
    reply_to: Address | None = Field(default=None, description="Where replies go, if not to From.")
    in_doubt: InDoubtRule = Field(
        default=InDoubtRule.RETRY,
        description="A letter whose line broke: retry (same Message-ID) or hold for a person.",
    )

    @property
    def route(self) -> Mapping[str, Relay]:
        """Return the relays by name, in the order in which they are tried; the only one is "relay". Outbox: empty."""
        return {"relay": self.relay} if self.relay else self.relays or {}

    def relay_keys(self, name: str) -> tuple[str, ...]:
        """Return where in the file a relay of the route stands: ("mail", "relay") or ("mail", "relays", name)."""
        return ("mail", "relay") if self.relay else ("mail", "relays", name)

    def bounces_to(self, token: str = "") -> str:
        """Return the envelope sender for a letter with this token; without one, for a letter to no reader of ours."""
        if self.return_path is None:
            return self.sender_address
        if token:
            return self.return_path.replace("{token}", token)
        local, _, domain = self.return_path.replace("{token}", "").rpartition("@")
        plain = local.rstrip("+-=._")
        return f"{plain}@{domain}" if plain else self.sender_address

    @property
    def sender_name(self) -> str:
        """Return the display name of From, unquoted; empty where there is none."""
        return values.split_sender(self.sender)[0]

    @property
    def sender_address(self) -> str:
        """Return the bare address of From."""
        return values.split_sender(self.sender)[1]
