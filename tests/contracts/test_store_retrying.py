"""DeliveryStore.retry: what failed of an issue goes again, all or by what the server said; the suppressed stay."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from syndicate.audience.model import SuppressionReason
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryState
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.deliveries import DeliveryStore, Retried
from syndicate.store.issues import IssueStore
from syndicate.store.tables import deliveries
from tests.contracts.build import HOUR, NOW, frozen

S = DeliveryState
BLOCKED, QUOTA = "550 5.7.1 Blocked by our 100%_policy", "552 5.2.2 mailbox full"


def sent_issue(database: Database, replies: dict[str, str | None]) -> int:
    """Return an issue that was sent, and failed for those who have a reply."""
    issue = frozen(database, *replies)
    for (name, reply), row in zip(replies.items(), DeliveryStore(database).listed(issue=issue), strict=True):
        assert row.recipient == f"{name}@reader.example"
        state = S.SENT if reply is None else S.FAILED
        values = {"state": state, "reply": reply, "attempts": 3, "first_tried": NOW, "due": None}
        with database.write() as connection:
            connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(values))
    for step in (IssueState.SENDING, IssueState.SENT):
        assert IssueStore(database).move(issue, step, now=NOW)
    return issue


def states(database: Database, issue: int) -> list[DeliveryState]:
    return [row.state for row in DeliveryStore(database).listed(issue=issue)]


def test_all_that_failed_is_planned_anew_and_the_issue_is_sending_again(database: Database) -> None:
    issue = sent_issue(database, {"ada": BLOCKED, "bo": None, "cy": QUOTA})
    assert DeliveryStore(database).retry(issue, NOW + HOUR) == Retried(planned=2, suppressed=0)
    assert states(database, issue) == [S.PLANNED, S.SENT, S.PLANNED]
    ada = DeliveryStore(database).listed(issue=issue)[0]
    assert (ada.due, ada.attempts, ada.first_tried, ada.reply) == (NOW + HOUR, 0, None, "planned by hand")
    assert IssueStore(database).get(issue).state is IssueState.SENDING


def test_what_was_in_doubt_once_keeps_its_attempts(database: Database) -> None:
    issue = sent_issue(database, {"ada": BLOCKED, "bo": BLOCKED})
    bo = DeliveryStore(database).listed(issue=issue)[1]
    with database.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == bo.id).values(doubts=1))
    DeliveryStore(database).retry(issue, NOW)
    assert [(row.attempts, row.first_tried) for row in DeliveryStore(database).listed(issue=issue)] == [
        (0, None),
        (3, NOW),
    ]


def test_whose_reader_is_suppressed_stays_failed_and_is_told(database: Database) -> None:
    issue = sent_issue(database, {"ada": BLOCKED, "bo": BLOCKED, "cy": QUOTA})
    AudienceStore(database).suppress("BO@reader.example", SuppressionReason.HARD_BOUNCE, NOW)
    assert DeliveryStore(database).retry(issue, NOW) == Retried(planned=2, suppressed=1)
    assert states(database, issue) == [S.PLANNED, S.FAILED, S.PLANNED]


@pytest.mark.parametrize(
    ("reply", "planned"),
    [("5.7.1", 1), ("blocked BY", 1), ("100%_p", 1), ("5%1", 0), ("5_7", 0), ("mailbox", 1), ("5", 2), ("nothing", 0)],
)
def test_only_those_are_taken_whose_reply_holds_the_words_as_they_stand(
    database: Database, reply: str, planned: int
) -> None:
    issue = sent_issue(database, {"ada": BLOCKED, "bo": QUOTA})
    assert DeliveryStore(database).retry(issue, NOW, reply=reply).planned == planned
    assert states(database, issue).count(S.PLANNED) == planned


def test_where_nothing_is_planned_the_issue_stays_sent(database: Database) -> None:
    issue = sent_issue(database, {"ada": BLOCKED})
    assert DeliveryStore(database).retry(issue, NOW, reply="other").planned == 0
    assert IssueStore(database).get(issue).state is IssueState.SENT


def test_a_dry_run_counts_the_same_and_changes_nothing(database: Database) -> None:
    issue = sent_issue(database, {"ada": BLOCKED, "bo": BLOCKED})
    AudienceStore(database).suppress("bo@reader.example", SuppressionReason.MANUAL, NOW)
    before = DeliveryStore(database).listed(issue=issue)
    assert DeliveryStore(database).retry(issue, NOW, dry_run=True) == Retried(planned=1, suppressed=1)
    assert DeliveryStore(database).listed(issue=issue) == before
    assert IssueStore(database).get(issue).state is IssueState.SENT


def test_an_issue_that_was_stopped_is_not_sent_after_all(database: Database) -> None:
    issue = frozen(database, "ada")
    IssueStore(database).cancel(issue, NOW)
    with pytest.raises(ValueError, match="it was stopped"):
        DeliveryStore(database).retry(issue, NOW)
