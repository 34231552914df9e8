"""The queue: a job comes with the rows that it is for or not at all, and none waits twice under one name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.engine.queue import ClusterQueue, arguments, job_of
from syndicate.engine.status import cluster_status
from syndicate.protocols import ALONE, Job, Task
from syndicate.store.approvals import ApprovalStore
from syndicate.store.database import Database
from syndicate.store.issues import IssueStore
from syndicate.store.statuses import StatusStore
from tests.contracts.build import NOW, drafted, people, planned_status, record, seen

pytestmark = pytest.mark.postgres

POLL = Job(task=Task.POLL, of="reviews")
SHARE = Job(task=Task.LETTERS, of="7", span=(5000, 10000))


def waiting(database: Database) -> dict[str, int]:
    """Return how many jobs of each task wait."""
    return {each.name: each.waiting for each in cluster_status(database).tasks}


def locks(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT queueing_lock FROM procrastinate_jobs ORDER BY id")).scalars())


@pytest.mark.parametrize("job", [POLL, SHARE, Job(task=Task.HOUSEKEEPING)], ids=lambda job: job.key)
def test_a_job_survives_being_written_down(job: Job) -> None:
    assert job_of(**arguments(job)) == job  # type: ignore[arg-type]


def test_jobs_are_named_by_what_they_are_done_for() -> None:
    assert [job.key for job in (POLL, SHARE, Job(task=Task.PUBLISH))] == [
        "poll:reviews",
        "letters:7:5000-10000",
        "publish",
    ]


def test_what_waits_is_not_left_again(shared: Database) -> None:
    queue = ClusterQueue(shared, 5000)
    queue.defer([POLL, SHARE, POLL])
    queue.defer([SHARE, Job(task=Task.LETTERS, of="7", span=(0, 5000))])
    assert locks(shared) == ["poll:reviews", "letters:7:5000-10000", "letters:7:0-5000"]


def test_a_job_of_a_transaction_that_fails_was_never_left(shared: Database) -> None:
    queue = ClusterQueue(shared, 5000)
    with shared.write() as connection:
        queue.defer([POLL], connection)
        connection.rollback()
    assert locks(shared) == []


def test_a_job_that_waits_already_does_not_break_the_transaction_of_another(shared: Database) -> None:
    queue = ClusterQueue(shared, 5000)
    queue.defer([POLL])
    with shared.write() as connection:
        queue.defer([POLL, SHARE], connection)
    assert locks(shared) == ["poll:reviews", "letters:7:5000-10000"]


def test_an_issue_brings_its_shares_with_it_and_they_are_those_that_a_beat_asks_for(shared: Database) -> None:
    record(shared, seen("pier"))
    people(shared, "readers", *(f"reader{number}" for number in range(25)))
    store = IssueStore(shared, ClusterQueue(shared, 10))
    number = store.freeze(drafted(shared), NOW)
    assert number is not None
    spans = store.spans_due(number, NOW, 10)
    assert len(spans) == 3
    assert locks(shared) == [f"letters:{number}:{first}-{last}" for first, last in spans]


def test_an_issue_that_is_not_frozen_leaves_no_job(shared: Database) -> None:
    record(shared, seen("pier"))
    people(shared, "readers", "ada")
    store = IssueStore(shared, ClusterQueue(shared, 10))
    first = drafted(shared)
    assert store.freeze(first, NOW) is not None
    left = locks(shared)
    assert store.freeze(first, NOW + timedelta(hours=1)) is None
    assert locks(shared) == left


def test_a_planned_status_brings_its_job_with_it_once_for_an_account(shared: Database) -> None:
    for name in ("pier", "quay"):
        planned_status(shared, name)
    assert waiting(shared) == {}
    queue = ClusterQueue(shared, 10)
    queue.defer([Job(task=Task.STATUSES, of="main")])
    assert waiting(shared) == {"statuses": 1}


def test_a_process_alone_leaves_nothing() -> None:
    ALONE.defer([POLL])
    assert ALONE.shard is None


def test_stores_have_no_queue_unless_they_are_given_one(database: Database) -> None:
    record(database, seen("pier"))
    people(database, "readers", "ada")
    assert IssueStore(database).freeze(drafted(database), NOW) is not None
    assert ApprovalStore(database).waiting() == ()
    assert StatusStore(database).waiting("main") == ()
