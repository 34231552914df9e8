"""Where all is wired: the one place that builds the edges from the config and hands them to the pipeline."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate.audience.tokens import Keyring
from syndicate.config import Config, EngineKind, Relay, relay_password, token
from syndicate.delivery.manners import Pace, left_of_quota
from syndicate.delivery.model import Letter, OutgoingStatus
from syndicate.engine import check_parts
from syndicate.errors import ConfigError
from syndicate.feeds.fetch import HttpFetcher
from syndicate.feeds.pictures import PictureCache
from syndicate.protocols import ALONE, Channel, Clock, Fetcher, Job, Queue, Task
from syndicate.store.approvals import ApprovalStore
from syndicate.store.audience import AudienceStore
from syndicate.store.choices import ChoiceStore
from syndicate.store.database import Database, get_value, set_value
from syndicate.store.deliveries import DeliveryStore
from syndicate.store.entries import EntryStore
from syndicate.store.feeds import FeedStore
from syndicate.store.generation import Generation
from syndicate.store.incidents import IncidentStore
from syndicate.store.issues import IssueStore
from syndicate.store.ledger import Ledger
from syndicate.store.opening import open_database
from syndicate.store.owners import OwnerStore
from syndicate.store.relays import RelayStore
from syndicate.store.statuses import StatusStore

if TYPE_CHECKING:
    import jinja2

    from syndicate.channels.mastodon import MastodonChannel

FIRST_RUN, PAUSED = "first_run", "paused"


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class App:
    """An installation, open: its config, its stores and the ways to its wires."""

    config: Config
    clock: Clock
    database: Database
    fetcher: Fetcher
    pictures: PictureCache
    feeds: FeedStore
    entries: EntryStore
    issues: IssueStore
    approvals: ApprovalStore
    choices: ChoiceStore
    statuses: StatusStore
    audience: AudienceStore
    deliveries: DeliveryStore
    incidents: IncidentStore
    relays: RelayStore
    owners: OwnerStore
    generation: Generation
    queue: Queue = ALONE
    paces: dict[str, Pace] = field(default_factory=dict)
    """How fast each relay was used so far: a rate and a run of refusals outlast an issue."""
    wake: threading.Event = field(default_factory=threading.Event)
    """Set when something was planned that should not wait for the next beat."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set by Ctrl-C and SIGTERM: what is on a wire is finished, nothing more is claimed."""

    @cached_property
    def templates(self) -> jinja2.Environment:
        """Return the templates: the editor's own first, then ours."""
        from syndicate.compose.environment import environment

        own = self.config.templates
        return environment([self.config.resolve(own)] if own else [])

    @property
    def secret(self) -> bytes:
        """Return the key that names messages: the oldest, since a name must not change when a new key signs."""
        return self.keyring.oldest

    @cached_property
    def keyring(self) -> Keyring:
        """Return the installation's keys, the first made at its first use in a file that only its owner reads."""
        path = self.config.resolve(self.config.secret_key_file)
        try:
            return Keyring(_read_or_make_keys(path))
        except OSError as error:
            raise ConfigError(
                f"the key cannot be read or made: {error.strerror}",
                where=str(path),
                hint="set secret_key_file in config.yaml to a file that this user can write",
            ) from error

    def ledger(self, owner: str, holds: Callable[[], bool] = lambda: True) -> Ledger:
        """Return the ledger for one holder of the sender's lock; `holds` tells whether it still is."""
        return Ledger(self.database, self.generation, owner, holds)

    def mail_channel(self, name: str | None = None) -> Channel[Letter]:
        """Return the wire for letters: the relay of that name, else the first that is open, or the outbox.

        Raises ConfigError where there is no mail.
        """
        mail = self.config.mail
        if mail is None:
            raise ConfigError("config.yaml has no mail", hint="add mail.from and mail.relay, or mail.outbox")
        if not mail.route:
            from syndicate.channels.outbox import OutboxMail

            return OutboxMail(self.config.resolve(mail.outbox or Path("out")))
        from syndicate.channels.smtp import SmtpChannel

        name = name or self.relays_to_try()[0]
        relay = mail.route[name]
        return SmtpChannel(
            host=relay.host,
            port=relay.port,
            security=relay.security.value,
            user=relay.user,
            password=relay_password(self.config, name) or None,
            timeout=relay.timeout,
            connections=relay.connections,
            key=".".join(mail.relay_keys(name)),
        )

    def open_relays(self) -> tuple[str, ...]:
        """Return the relays that do not rest and have quota left, in their order."""
        return tuple(name for name, relay in self._route.items() if self._is_open(name, relay))

    def relays_to_try(self) -> tuple[str, ...]:
        """Return the relays for a letter by hand, or an alert: the open ones, then the others, worth a try too."""
        return tuple(dict.fromkeys((*self.open_relays(), *self._route)))

    @property
    def _route(self) -> Mapping[str, Relay]:
        return self.config.mail.route if self.config.mail else {}

    def _is_open(self, name: str, relay: Relay) -> bool:
        now = self.clock.now()
        if self.relays.rests(name, now):
            return False
        return relay.per_day is None or left_of_quota(relay.rules, self.relays.hours(name, now), now) != 0

    def status_channel(self, account: str) -> Channel[OutgoingStatus]:
        """Return the wire for an account's statuses: its instance, or the outbox."""
        named = self.config.accounts[account]
        if named.instance is None:
            from syndicate.channels.outbox import OutboxStatuses

            folder = self.config.resolve(named.outbox or Path("out"))
            return OutboxStatuses(account, folder, self.pictures, self.templates)
        return self.mastodon(account)

    def mastodon(self, account: str) -> MastodonChannel:
        """Return the channel of an account that has an instance."""
        from syndicate.channels.mastodon import MastodonChannel

        named = self.config.accounts[account]
        return MastodonChannel(
            account,
            instance=named.instance or "",
            token=token(self.config, account),
            pictures=self.pictures.load,
            clock=self.clock,
        )

    def outbox_folders(self) -> tuple[Path, ...]:
        """Return the folders that the outbox channels write to."""
        mail = [self.config.mail.outbox] if self.config.mail else []
        named = [*mail, *(account.outbox for account in self.config.accounts.values())]
        return tuple(dict.fromkeys(self.config.resolve(path) for path in named if path is not None))

    def known_first_run(self) -> datetime | None:
        """Return when this installation first ran, or None where it never did."""
        with self.database.read() as connection:
            known = get_value(connection, FIRST_RUN)
        return datetime.fromisoformat(known) if known else None

    def first_run(self) -> datetime:
        """Return when this installation first ran; the first call makes it now."""
        known = self.known_first_run()
        if known is None:
            with self.database.write() as connection:
                told = get_value(connection, FIRST_RUN) or self.clock.now().isoformat()
                set_value(connection, FIRST_RUN, told)
            known = datetime.fromisoformat(told)
        return known

    def paused(self) -> bool:
        """Return whether a person has paused everything that leaves."""
        with self.database.read() as connection:
            return get_value(connection, PAUSED) is not None

    def awaken(self) -> None:
        """Let a reader's letter that was just planned not wait for the next beat."""
        self.wake.set()
        self.queue.defer([Job(task=Task.NOTICES)])

    def set_paused(self, paused: bool) -> None:
        """Pause, or resume, everything that leaves; polling goes on."""
        with self.database.write() as connection:
            set_value(connection, PAUSED, self.clock.now().isoformat() if paused else None)


@contextmanager
def open_app(config: Config, *, clock: Clock | None = None, fetcher: Fetcher | None = None) -> Iterator[App]:
    """Open the installation that a config describes, and close it at the end."""
    fetcher = fetcher or http_fetcher(config)
    check_parts(config)
    with open_database(config.database_url) as database:
        queue = _queue(config, database)
        yield App(
            config=config,
            clock=clock or SystemClock(),
            database=database,
            fetcher=fetcher,
            pictures=PictureCache(config.resolve(config.cache), fetcher),
            feeds=FeedStore(database),
            entries=EntryStore(database),
            issues=IssueStore(database, queue),
            approvals=ApprovalStore(database, queue),
            choices=ChoiceStore(database),
            statuses=StatusStore(database, queue),
            audience=AudienceStore(database),
            deliveries=DeliveryStore(database),
            incidents=IncidentStore(database),
            relays=RelayStore(database),
            owners=OwnerStore(database),
            generation=Generation(generation_file(config, database), is_shared=config.engine is EngineKind.CLUSTER),
            queue=queue,
        )


def _queue(config: Config, database: Database) -> Queue:
    if config.engine is EngineKind.LOCAL:
        return ALONE
    from syndicate.engine.queue import ClusterQueue

    return ClusterQueue(database, config.cluster.shard)


def http_fetcher(config: Config | None) -> HttpFetcher:
    """Return the fetcher as config.yaml sets it, or with the defaults."""
    from syndicate import __version__
    from syndicate.config import Http

    http = config.http if config else Http()
    contact = f" (+{config.site.url})" if config else ""
    return HttpFetcher(
        timeout=http.timeout,
        max_bytes=http.max_bytes,
        allow_private=http.allow_private,
        user_agent=f"syndicate/{__version__}{contact}",
    )


def environ() -> Mapping[str, str]:
    """Return the environment that secrets are asked from."""
    return os.environ


def generation_file(config: Config, database: Database) -> Path:
    """Return the file beside the database; for a server, beside config.yaml, under the database's name."""
    if database.path is not None:
        return database.path.with_name(f"{database.path.name}.generation")
    return config.resolve(f"{database.url.host or 'local'}-{database.url.database}.generation")


def _read_or_make_keys(path: Path) -> tuple[bytes, ...]:
    """Return the keys of a file, one a line, the newest first."""
    if not path.exists():
        _make_key(path)
    keys = tuple(path.read_bytes().split())
    if not keys or any(len(key) < 32 for key in keys):
        raise ConfigError("the key is too short", where=str(path), hint="32 characters at random, or remove the file")
    return keys


def _make_key(path: Path) -> None:
    """Make the key whole or not at all, whoever else makes it and whenever we are killed: the first one stays."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
