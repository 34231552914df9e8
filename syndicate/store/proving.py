"""Which reader a returned message is about: only what we signed proves it, never an address that it names."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from syndicate.audience.addresses import address_key
from syndicate.audience.model import Subscriber
from syndicate.audience.tokens import Keyring, Purpose, proves_verp, read_verp_token, read_web_token
from syndicate.store.joining import proven_reader
from syndicate.store.notices import key_of_notice
from syndicate.store.tables import deliveries, issues, subscribers

MOST_NUMBER = 2**63 - 1
MOST_CANDIDATES, MOST_LETTERS = 20, 400
"""What a message may make us look at; a true one has one or two candidates, and tells of a letter of late."""
Naming = Callable[[str, str], str]
"""(what was sent, address casefolded) → its Message-ID, as compose.letter.message_id makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Whom a message is about, without doubt."""

    reader: Subscriber
    delivery: int | None = None
    lists: tuple[str, ...] = ()
    """The lists that a reader's token names; empty where it names none, or another proof was found."""


def proven(
    connection: Connection,
    keyring: Keyring,
    naming: Naming,
    *,
    verp_tokens: Sequence[str],
    web_tokens: Sequence[str],
    message_ids: Sequence[str],
    recipients: Sequence[str],
) -> Proven | None:
    """Return whom a message is about, or None where nothing proves it.

    In this order: a token of our return path; a reader's token of the original's List-Unsubscribe, or of a goodbye;
    the original's Message-ID, which only who has seen the letter knows, together with the address that it went to.
    """
    web = next(_by_web(connection, keyring, web_tokens[:MOST_CANDIDATES]), None)
    verp = next(_by_verp(connection, keyring, verp_tokens[:MOST_CANDIDATES]), None)
    if verp is None or web is None:
        return verp or web or next(_by_message_id(connection, naming, message_ids, recipients), None)
    if verp.reader.id != web.reader.id:
        return None  # Two true proofs of two readers: somebody has sewn letters together.
    return Proven(reader=verp.reader, delivery=verp.delivery, lists=web.lists)


def reader_of(connection: Connection, delivery: int) -> Subscriber | None:
    """Return whom a delivery went to, or None: it is unknown, a status, or a list server's."""
    if not 0 < delivery <= MOST_NUMBER:
        return None
    query = select(subscribers).join(deliveries, deliveries.c.subscriber_id == subscribers.c.id)
    row = connection.execute(query.where(deliveries.c.id == delivery)).one_or_none()
    return Subscriber(id=row.id, address=row.address, name=row.name, added=row.added) if row else None


def _by_verp(connection: Connection, keyring: Keyring, tokens: Iterable[str]) -> Iterator[Proven]:
    for token in tokens:
        claim = read_verp_token(token)
        reader = reader_of(connection, claim.delivery) if claim else None
        if claim and reader and proves_verp(keyring, claim, reader.address):
            yield Proven(reader=reader, delivery=claim.delivery)


def _by_web(connection: Connection, keyring: Keyring, tokens: Iterable[str]) -> Iterator[Proven]:
    for token in tokens:
        claim = read_web_token(Purpose.READER, token)
        reader = proven_reader(connection, keyring, claim)
        if claim and reader:
            yield Proven(reader=reader, lists=claim.lists)


def _by_message_id(
    connection: Connection, naming: Naming, message_ids: Sequence[str], recipients: Sequence[str]
) -> Iterator[Proven]:
    wanted = [each.encode("utf-8", "replace") for each in message_ids[:MOST_CANDIDATES]]
    keys = {address_key(each) for each in recipients[:MOST_CANDIDATES]}
    if not wanted or not keys:
        return
    query = (
        select(
            deliveries.c.id,
            deliveries.c.notice,
            deliveries.c.first_tried,
            issues.c.digest,
            issues.c.number.label("issue"),
            subscribers.c.id.label("reader"),
            subscribers.c.address,
            subscribers.c.name,
            subscribers.c.added,
        )
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(issues, issues.c.id == deliveries.c.issue_id)
        .where(subscribers.c.address_key.in_(keys))
        .order_by(deliveries.c.id.desc())
        .limit(MOST_LETTERS)
    )
    for row in connection.execute(query).all():
        if row.notice and row.first_tried is None:
            continue  # it never went
        sent = key_of_notice(row.id, row.first_tried) if row.notice else f"{row.digest}:{row.issue}"
        reader = Subscriber(id=row.reader, address=row.address, name=row.name, added=row.added)
        ours = naming(sent, reader.address.casefold()).encode()
        if any(hmac.compare_digest(ours, each) for each in wanted):
            yield Proven(reader=reader, delivery=row.id)
