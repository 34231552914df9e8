"""What each relay was given, hour by hour, and which of them rests. Who claims letters counts them (ledger.py)."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, case, delete, func, select, update

from syndicate.delivery.manners import DAY, HOUR, Rest, Rules, hour_of, left_of_quota, still_counting
from syndicate.delivery.sharing import Grant, granted
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.tables import relay_hours, relay_paces, relays


class RelayStore:
    """The rows of `relays` and `relay_hours`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hours(self, name: str, now: datetime) -> dict[datetime, int]:
        """Return how many letters a relay was given in each hour that may hold letters of the last 24, oldest first."""
        with self._database.read() as connection:
            return self._hours(connection, name, now)

    @staticmethod
    def _hours(connection: Connection, name: str, now: datetime) -> dict[datetime, int]:
        query = select(relay_hours.c.hour, relay_hours.c.letters).where(
            relay_hours.c.relay == name, relay_hours.c.hour > now - DAY - HOUR
        )
        return still_counting({row.hour: row.letters for row in connection.execute(query)}, now)

    def given(self, name: str, now: datetime) -> int:
        """Return how many letters a relay was given in the last 24 hours; counted by whole hours, so never too few."""
        return sum(self.hours(name, now).values())

    def take_back(self, name: str, letters: int, now: datetime) -> None:
        """Count letters no more that were claimed for a relay and never were on a wire.

        Without it a relay that cannot be reached would use up its quota by being tried. Where they were counted before
        the hour turned, some stay counted: that is too many, and never too few.
        """
        less = case((relay_hours.c.letters > letters, relay_hours.c.letters - letters), else_=0)
        statement = update(relay_hours).where(relay_hours.c.relay == name, relay_hours.c.hour == hour_of(now))
        with self._database.write() as connection:
            connection.execute(statement.values(letters=less))

    def take(self, name: str, rules: Rules) -> Grant:
        """Take a worker's share of a relay's rate and quota, by the database's clock; committed on return.

        Its row is locked meanwhile, so that no two workers take the same. What is taken of a quota counts as given.
        PostgreSQL alone: with SQLite there is one sender, whose own pace is all there is.
        """
        with self._database.write() as connection:
            row = insert_if_absent(self._database, relay_paces).values(relay=name, full_at=func.clock_timestamp())
            connection.execute(row.on_conflict_do_nothing())
            mine = relay_paces.c.relay == name
            full_at = connection.execute(select(relay_paces.c.full_at).where(mine).with_for_update()).scalar_one()
            now = connection.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)
            left = left_of_quota(rules, self._hours(connection, name, now), now)
            grant = granted(rules, full_at=full_at, left=left, now=now)
            connection.execute(update(relay_paces).where(mine).values(full_at=grant.full_at))
            if rules.per_day is not None and grant.letters:
                given = relay_hours.c.letters + grant.letters
                count = insert_if_absent(self._database, relay_hours).values(
                    relay=name, hour=hour_of(now), letters=grant.letters
                )
                connection.execute(
                    count.on_conflict_do_update(index_elements=["relay", "hour"], set_={"letters": given})
                )
        return grant

    def rest_of(self, name: str) -> Rest | None:
        """Return the rest of a relay, be it over or not: it is forgotten once the relay takes letters again."""
        with self._database.read() as connection:
            row = connection.execute(select(relays).where(relays.c.name == name)).one_or_none()
        if row is None or row.paused_until is None:
            return None
        return Rest(until=row.paused_until, because=row.because or "")

    def rests(self, name: str, now: datetime) -> bool:
        """Return whether a relay is given no letters now."""
        rest = self.rest_of(name)
        return rest is not None and now < rest.until

    def rest(self, name: str, rest: Rest) -> None:
        """Let a relay rest."""
        values = {"paused_until": rest.until, "because": rest.because}
        row = insert_if_absent(self._database, relays).values(name=name, **values)
        with self._database.write() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))

    def resume(self, name: str, *, over_by: datetime | None = None) -> bool:
        """End a rest, or forget one that was `over_by` then; False where there is none such."""
        statement = delete(relays).where(relays.c.name == name)
        if over_by is not None:
            statement = statement.where(relays.c.paused_until <= over_by)
        with self._database.write() as connection:
            return connection.execute(statement).rowcount == 1

    def sweep(self, now: datetime) -> int:
        """Remove the hours that count no more; return how many rows went."""
        with self._database.write() as connection:
            return connection.execute(delete(relay_hours).where(relay_hours.c.hour <= now - DAY - HOUR)).rowcount
