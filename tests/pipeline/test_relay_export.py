"""A relay's export is the editor's own word: it counts without proof, once, and for addresses on no list too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from syndicate.audience.model import SubscriptionState, SuppressionReason
from syndicate.audience.tokens import forgotten_keys
from syndicate.pipeline.relay_export import Imported, import_returns
from syndicate.returns.model import Action, ReturnKind
from syndicate.returns.statements import NotUnderstood, Reported
from syndicate.store.tables import suppressions
from tests.pipeline.studio import DAY, Studio

ADA, STRANGER = "ada@reader.example", "stranger@reader.example"
K = ReturnKind


def row(kind: ReturnKind, address: str = ADA, at: datetime | None = None) -> Reported:
    return Reported(where="line 2", address=address, kind=kind, status=None, diagnostic="no", at=at, why=kind.value)


def take(lantern: Studio, *found: Reported | NotUnderstood, dry_run: bool = False) -> Imported:
    return import_returns(lantern.app, found, dry_run=dry_run)


def reason(lantern: Studio, address: str = ADA) -> SuppressionReason | None:
    found = lantern.app.audience.suppression(address)
    return found.reason if found else None


def states(lantern: Studio) -> set[SubscriptionState]:
    return {each.state for each in lantern.app.audience.subscriptions_of(lantern.app.audience.find(ADA).id)}


def test_what_bounced_hard_or_complained_is_suppressed_known_or_not(lantern: Studio) -> None:
    lantern.readers("ada")
    take(lantern, row(K.HARD, "ADA@reader.example"), row(K.COMPLAINT, STRANGER))
    assert reason(lantern) is SuppressionReason.HARD_BOUNCE
    assert reason(lantern, STRANGER) is SuppressionReason.COMPLAINT


def test_who_complained_leaves_every_list(lantern: Studio) -> None:
    lantern.readers("ada")
    lantern.readers("ada", list_name="friends")
    take(lantern, row(K.COMPLAINT))
    assert states(lantern) == {SubscriptionState.UNSUBSCRIBED}


def test_who_left_there_leaves_here_and_may_come_back_by_the_form(lantern: Studio) -> None:
    lantern.readers("ada")
    assert take(lantern, row(K.UNSUBSCRIBE)).actions == {Action.UNSUBSCRIBED: 1}
    assert states(lantern) == {SubscriptionState.UNSUBSCRIBED}
    assert reason(lantern) is None


def test_a_stranger_who_left_there_is_suppressed_on_request(lantern: Studio) -> None:
    take(lantern, row(K.UNSUBSCRIBE, STRANGER))
    assert reason(lantern, STRANGER) is SuppressionReason.REQUEST


def test_soft_bounces_count_by_their_days(lantern: Studio) -> None:
    lantern.readers("ada")
    now = lantern.clock.now()
    old: Sequence[Reported] = [row(K.SOFT, at=now - days * DAY) for days in (31, 40, 50)]
    assert take(lantern, *old, row(K.SOFT, at=now - 2 * DAY)).actions == {Action.COUNTED: 4}
    assert reason(lantern) is None
    assert take(lantern, row(K.SOFT, at=now - DAY), row(K.SOFT, at=now)).actions[Action.SUPPRESSED] == 1
    assert reason(lantern) is SuppressionReason.SOFT_BOUNCES


def test_what_a_relay_refused_by_policy_or_delivered_changes_nothing(lantern: Studio) -> None:
    lantern.readers("ada")
    done = take(lantern, row(K.POLICY), row(K.DELIVERED), row(K.DELAYED), row(K.SOFT, STRANGER))
    assert done.actions == {Action.NOTHING: 4}
    assert (reason(lantern), states(lantern)) == (None, {SubscriptionState.CONFIRMED})
    assert lantern.app.incidents.open_ones() == ()


def test_an_export_taken_twice_leaves_a_release_in_force(lantern: Studio) -> None:
    lantern.readers("ada")
    export = row(K.HARD, at=lantern.clock.now() - DAY)
    take(lantern, export)
    lantern.app.audience.unsuppress(ADA, lantern.clock.now())
    assert take(lantern, export, export).again == 2
    assert reason(lantern) is None
    take(lantern, row(K.HARD, at=lantern.clock.now()))
    assert reason(lantern) is SuppressionReason.HARD_BOUNCE


def test_a_dry_run_counts_and_changes_nothing(lantern: Studio) -> None:
    lantern.readers("ada")
    for _ in range(2):
        assert take(lantern, row(K.HARD), dry_run=True).actions == {Action.SUPPRESSED: 1}
    assert reason(lantern) is None


def test_who_was_forgotten_is_not_written_down_again(lantern: Studio) -> None:
    hidden = forgotten_keys(lantern.app.keyring, STRANGER)[-1]
    with lantern.app.database.write() as connection:
        values = {"address_key": hidden, "reason": SuppressionReason.FORGOTTEN, "since": lantern.clock.now()}
        connection.execute(suppressions.insert().values(values))
    assert take(lantern, row(K.HARD, STRANGER)).actions == {Action.NOTHING: 1}
    assert reason(lantern, STRANGER) is None
    assert not any(b"stranger" in path.read_bytes() for path in lantern.folder.glob("syndicate.db*"))


def test_what_was_not_understood_is_handed_on(lantern: Studio) -> None:
    unknown = NotUnderstood(where="line 3", why="no row of a relay that we know")
    done = take(lantern, row(K.HARD), unknown)
    assert (done.read, done.not_understood) == (1, (unknown,))
