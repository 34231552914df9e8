"""Statuses on a real HTTP server that misbehaves as real ones do: each is there once, or said to be in doubt."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image as Pillow

from syndicate.channels.mastodon import MastodonChannel
from syndicate.channels.mastodon.wire import PostedStatus
from syndicate.compose.model import StatusContent, StatusLimits
from syndicate.delivery.model import Deferred, DeliveryKey, InDoubt, Outcome, OutgoingStatus, Refused, Sent
from syndicate.errors import ChannelError, FeedError
from syndicate.reviews.model import Image
from tests.channels.mastodon_double import START, TOKEN, Hands, MastodonDouble, Media, Post, Refusal, Repeat

LINK = "https://lantern.example/2026/11/the-salt-road.html?m=1&x=é"
CONTENT = StatusContent(
    text=f"The Salt Road (1983) · 3.5 out of 5\n\nA sea, drained.\n\n{LINK}\n\n#FilmReview",
    spoiler="",
    language="en-IE",
    visibility="public",
    link=LINK,
    image=None,
)
PICTURED = replace(CONTENT, image=Image(url="https://lantern.example/still.png", alt="A white plain"))
STATUS = OutgoingStatus(key=DeliveryKey(5), content=CONTENT, idempotency_key="k-5", first_tried=None)


def still(_url: str = "") -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (64, 36), "navy").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def double(hands: Hands) -> Iterator[MastodonDouble]:
    with MastodonDouble(now=hands.now) as server:
        yield server


def channel(double: MastodonDouble, hands: Hands, pictures: Callable[[str], bytes] = still) -> MastodonChannel:
    return MastodonChannel("main", instance=double.url, token=TOKEN, pictures=pictures, clock=hands, sleep=hands.sleep)


def send(double: MastodonDouble, hands: Hands, status: OutgoingStatus = STATUS, **options: object) -> Outcome:
    (result,) = channel(double, hands, **options).send([status])  # type: ignore[arg-type]
    assert result[0] == status.key
    return result[1]


def again(status: OutgoingStatus = STATUS, at: datetime = START) -> OutgoingStatus:
    return replace(status, first_tried=at)


def test_a_status_is_posted_as_it_was_composed(double: MastodonDouble, hands: Hands) -> None:
    outcome = send(double, hands, replace(STATUS, content=replace(CONTENT, visibility="unlisted")))
    (stored,) = double.stored
    assert outcome == Sent(
        reply=f"posted {stored.id}", remote_id=stored.id, remote_url=f"{double.url}/@lantern/{stored.id}"
    )
    assert stored.value("status") == CONTENT.text
    assert (stored.value("visibility"), stored.value("language"), stored.key) == ("unlisted", "en", "k-5")
    assert double.requests == ["POST /api/v1/statuses"]


def test_a_warning_also_hides_the_picture_beneath_it(double: MastodonDouble, hands: Hands) -> None:
    outcome = send(double, hands, replace(STATUS, content=replace(PICTURED, spoiler="Ending told")))
    assert isinstance(outcome, Sent)
    assert outcome.note is None
    assert (double.stored[0].value("spoiler_text"), double.stored[0].value("sensitive")) == ("Ending told", "1")


LOST = [
    ("the line is cut after the post", Post.CUT_AFTER),
    ("a proxy answers with a page", Post.UNREADABLE),
    ("the server stumbles after the post", Post.LATE_500),
    ("the library trips over a header", Post.ODD_RESET),
]


@pytest.mark.parametrize("what", [row[1] for row in LOST], ids=[row[0] for row in LOST])
def test_a_status_whose_answer_is_lost_is_found_on_the_account(
    double: MastodonDouble, hands: Hands, what: Post
) -> None:
    double.posts.append(what)
    outcome = send(double, hands)
    assert isinstance(outcome, Sent)
    assert outcome.remote_id == double.stored[0].id
    assert outcome.reply.startswith("found on the account")
    assert len(double.public) == 1
    assert double.asked("POST /api/v1/statuses") == 1


def test_a_status_that_is_not_seen_after_a_cut_is_in_doubt_and_not_sent_twice(
    double: MastodonDouble, hands: Hands
) -> None:
    double.posts.append(Post.CUT_BEFORE)
    assert isinstance(send(double, hands), InDoubt)
    assert double.asked("POST /api/v1/statuses") == 1
    assert sum(hands.slept) == 40


def test_at_the_next_attempt_it_is_adopted_where_it_came_through(double: MastodonDouble, hands: Hands) -> None:
    double.put(CONTENT.text, START)
    hands.turn(minutes=10)
    outcome = send(double, hands, again())
    assert isinstance(outcome, Sent)
    assert outcome.remote_id == double.stored[0].id
    assert double.asked("POST") == 0


@pytest.mark.parametrize("repeat", list(Repeat))
def test_at_the_next_attempt_it_is_posted_where_it_did_not(
    double: MastodonDouble, hands: Hands, repeat: Repeat
) -> None:
    double.repeat = repeat
    double.posts.append(Post.CUT_BEFORE)
    assert isinstance(send(double, hands), InDoubt)
    hands.turn(minutes=10)
    assert isinstance(send(double, hands, again()), Sent)
    assert [each.key for each in double.stored] == ["k-5"]


def test_a_500_to_a_repeated_key_is_looked_into_and_not_sent_for_ever(double: MastodonDouble, hands: Hands) -> None:
    """Mastodon 4.6.0 to 4.6.5: the look missed the status (a replica lags), and the key answers 500."""
    double.repeat = Repeat.BROKEN
    double.hides_private = True
    hidden = replace(STATUS, content=replace(CONTENT, visibility="private"))
    double.posts.append(Post.CUT_AFTER)
    assert isinstance(send(double, hands, hidden), InDoubt)
    hands.turn(minutes=10)
    assert isinstance(send(double, hands, again(hidden)), InDoubt)
    assert len(double.public) == 1
    double.hides_private = False
    assert isinstance(send(double, hands, again(hidden)), Sent)
    assert len(double.public) == 1


def test_a_server_that_is_still_at_work_is_given_time(double: MastodonDouble, hands: Hands) -> None:
    hands.turn(seconds=90)
    assert isinstance(send(double, hands, again()), InDoubt)
    assert double.asked("POST") == 0


@pytest.mark.parametrize(
    ("software", "minutes", "posts"), [("mastodon", 3, 1), ("gotosocial", 3, 0), ("gotosocial", 6, 1)]
)
def test_without_a_key_that_guards_it_the_second_send_waits_longer(
    double: MastodonDouble, hands: Hands, software: str, minutes: int, posts: int
) -> None:
    double.software, double.repeat = software, Repeat.IGNORED
    hands.turn(minutes=minutes)
    send(double, hands, again())
    assert double.asked("POST") == posts


def test_a_key_older_than_45_minutes_is_not_trusted_any_more(double: MastodonDouble, hands: Hands) -> None:
    hands.turn(minutes=50)
    assert isinstance(send(double, hands, again()), Sent)
    assert double.stored[0].key == "k-5-1"


@pytest.mark.parametrize(("software", "visibility"), [("takahe", "private"), ("snac", "direct"), ("", "private")])
def test_where_the_account_does_not_list_private_statuses_a_person_decides(
    double: MastodonDouble, hands: Hands, software: str, visibility: str
) -> None:
    double.software, double.hides_private = software, True
    status = replace(STATUS, content=replace(CONTENT, visibility=visibility))
    double.posts.append(Post.CUT_AFTER)
    assert isinstance(send(double, hands, status), InDoubt)
    hands.turn(hours=3)
    outcome = send(double, hands, again(status))
    assert isinstance(outcome, InDoubt)
    assert f"does not list {visibility} statuses" in outcome.reason
    assert len(double.public) == 1


def test_the_account_is_read_back_to_before_the_first_attempt(double: MastodonDouble, hands: Hands) -> None:
    double.put(CONTENT.text, START)
    for minute in range(90):
        double.put(f"Another film {minute}", START + timedelta(minutes=minute))
    hands.turn(hours=2)
    outcome = send(double, hands, again())
    assert isinstance(outcome, Sent)
    assert outcome.remote_id == double.stored[0].id


def test_no_more_is_read_back_than_is_needed(double: MastodonDouble, hands: Hands) -> None:
    for hour in range(200):
        double.put(f"Another film {hour}", START - timedelta(hours=hour))
    hands.turn(minutes=10)
    send(double, hands, again())
    assert double.asked("GET /api/v1/accounts/7/statuses") == 2


def test_an_older_status_with_the_same_link_is_somebody_elses(double: MastodonDouble, hands: Hands) -> None:
    double.put(f"Out now: {LINK}", START - timedelta(days=2))
    hands.turn(minutes=10)
    assert isinstance(send(double, hands, again()), Sent)
    assert len(double.public) == 2


@pytest.mark.parametrize("bare", [True, False], ids=["as text", "in spans"])
def test_a_link_that_only_begins_alike_is_another(double: MastodonDouble, hands: Hands, bare: bool) -> None:
    double.bare_links = bare
    double.put(f"See {LINK}-part-two and {LINK[:-1]}", START)
    hands.turn(minutes=10)
    send(double, hands, again())
    assert len(double.public) == 2


@pytest.mark.parametrize("bare", [True, False], ids=["as text", "in spans"])
def test_the_link_is_found_however_the_server_writes_it(double: MastodonDouble, hands: Hands, bare: bool) -> None:
    double.bare_links = bare
    double.put(CONTENT.text, START)
    hands.turn(minutes=10)
    send(double, hands, again())
    assert len(double.public) == 1


WRITTEN = [
    (
        "percent-encoded, its text cut",
        f'<a href="{LINK.replace("é", "%C3%A9").replace("&", "&amp;")}">lantern…</a>',
        True,
    ),
    ("in single quotes", f"<a href='{LINK}'>here</a>", True),
    ("at the end of a paragraph", f"<p>See {LINK}</p><p>More</p>", True),
    ("another address", f'<a href="{LINK}2">{LINK}2</a>', False),
    ("none", "<p>The Salt Road</p>", False),
]


@pytest.mark.parametrize(("written", "shown"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_a_status_shows_the_link(written: str, shown: bool) -> None:
    status = PostedStatus(
        id="1", url="", html=written, created_at=START, spoiler="", visibility="public", language=None, media=()
    )
    assert status.shows(LINK) is shown


def test_a_refused_connection_is_deferred_and_nothing_is_in_doubt(hands: Hands) -> None:
    with MastodonDouble() as gone:
        made = channel(gone, hands)
    ((_, outcome),) = made.send([STATUS])
    assert isinstance(outcome, Deferred)
    assert "refused" in outcome.reason.lower()


RESETS = [
    ("ISO 8601", (("X-RateLimit-Reset", "2026-11-22T09:05:00.123456Z"),), timedelta(minutes=5)),
    ("Unix time", (("X-RateLimit-Reset", str(int((START + timedelta(minutes=7)).timestamp()))),), timedelta(minutes=7)),
    ("Retry-After", (("Retry-After", "90"),), timedelta(seconds=90)),
    ("none", (), None),
    ("nonsense", (("X-RateLimit-Reset", "soon"),), None),
]


@pytest.mark.parametrize(("headers", "wait"), [row[1:] for row in RESETS], ids=[row[0] for row in RESETS])
def test_a_throttled_status_waits_until_the_servers_own_hour(
    double: MastodonDouble, hands: Hands, headers: tuple[tuple[str, str], ...], wait: timedelta | None
) -> None:
    double.posts.append(Refusal(429, '{"error": "Too many requests"}', headers))
    outcome = send(double, hands)
    assert isinstance(outcome, Deferred)
    until = outcome.until.replace(microsecond=0) if outcome.until else None
    assert until == (START + wait if wait else None)
    assert not double.stored


REFUSED = [
    ("too long", 422, '{"error": "Validation failed: Text character limit of 500 exceeded"}'),
    ("GoToSocial's too long", 400, '{"error": "Bad Request: status too long"}'),
    ("Hollo's", 422, '{"success": false}'),
    ("without words", 413, "<html>too large</html>"),
]


@pytest.mark.parametrize(("code", "body"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_the_server_will_not_take_is_refused_and_not_tried_again(
    double: MastodonDouble, hands: Hands, code: int, body: str
) -> None:
    double.posts.append(Refusal(code, body))
    outcome = send(double, hands)
    assert isinstance(outcome, Refused)
    assert outcome.status == str(code)
    assert "<" not in outcome.reason


def test_a_picture_that_is_still_worked_on_at_the_post_defers_it(double: MastodonDouble, hands: Hands) -> None:
    words = "Cannot attach files that have not finished processing. Try again in a moment!"
    double.posts.append(Refusal(422, json.dumps({"error": words})))
    assert isinstance(send(double, hands), Deferred)


def test_pixelfeds_refusal_of_a_repeated_key_is_no_refusal_of_the_status(double: MastodonDouble, hands: Hands) -> None:
    double.put(CONTENT.text, START)
    double.posts.append(Refusal(400, '{"error": "Duplicate idempotency key."}'))
    assert isinstance(send(double, hands), Sent)


DENIED = [
    ("401", Refusal(401, '{"error": "The access token was revoked"}'), "revoked"),
    ("403", Refusal(403, '{"error": "Your login is currently disabled"}'), "disabled"),
    ("snac's empty 401", Refusal(401, ""), "401"),
    ("Takahe's 400 in plain text", Refusal(400, "Invalid Bearer token"), "Invalid Bearer token"),
]


@pytest.mark.parametrize(("answer", "said"), [row[1:] for row in DENIED], ids=[row[0] for row in DENIED])
def test_a_token_that_does_not_work_stops_the_account(
    double: MastodonDouble, hands: Hands, answer: Refusal, said: str
) -> None:
    double.token, double.denied = "another", answer
    with pytest.raises(ChannelError, match=said) as caught:
        send(double, hands)
    assert "accounts.main.token_env" in str(caught.value)
    assert not double.stored


def test_an_address_without_the_api_stops_the_account(double: MastodonDouble, hands: Hands) -> None:
    double.posts.append(Refusal(404, "<h1>Not found</h1>"))
    with pytest.raises(ChannelError, match="has no Mastodon API"):
        send(double, hands)


def test_a_redirect_is_never_followed_with_a_post(double: MastodonDouble, hands: Hands) -> None:
    """Followed, the POST would come back as a GET of whatever stands there, with 200."""
    double.posts.append(Refusal(301, "", (("Location", "/api/v1/instance"),)))
    with pytest.raises(ChannelError, match="not the instance's own address: 301 to /api/v1/instance"):
        send(double, hands)
    assert double.asked("GET") == 0


def test_the_next_status_is_not_claimed_before_this_one_is_done(double: MastodonDouble, hands: Hands) -> None:
    pulled: list[int] = []

    def messages() -> Iterator[OutgoingStatus]:
        for number in (1, 2):
            pulled.append(number)
            yield replace(STATUS, key=DeliveryKey(number), idempotency_key=f"k-{number}")

    outcomes = channel(double, hands).send(messages())
    assert next(outcomes)[0] == DeliveryKey(1)
    assert (pulled, len(double.stored)) == ([1], 1)
    assert next(outcomes)[0] == DeliveryKey(2)


EXPOSED = [
    ("the warning is lost", Post.LOST_WARNING, replace(CONTENT, spoiler="Ending told"), "lost the content warning"),
    ("direct became public", Post.WIDENED, replace(CONTENT, visibility="direct"), "made it public, not direct"),
]


@pytest.mark.parametrize(("what", "content", "said"), [row[1:] for row in EXPOSED], ids=[row[0] for row in EXPOSED])
def test_a_status_that_shows_what_was_to_be_hidden_is_deleted_at_once(
    double: MastodonDouble, hands: Hands, what: Post, content: StatusContent, said: str
) -> None:
    double.posts.append(what)
    outcome = send(double, hands, replace(STATUS, content=content))
    assert isinstance(outcome, Refused)
    assert said in outcome.reason
    assert double.public == []


def test_where_it_cannot_be_deleted_a_person_is_told(double: MastodonDouble, hands: Hands) -> None:
    double.posts.append(Post.LOST_WARNING)
    double.undeletable = True
    outcome = send(double, hands, replace(STATUS, content=replace(CONTENT, spoiler="Ending told")))
    assert isinstance(outcome, Sent)
    assert "delete it by hand" in (outcome.note or "")


NOTED = [
    (Post.DROPPED_MEDIA, "dropped the picture"),
    (Post.LOST_ALT, "alt text is not as it was written"),
    (Post.UNLISTED, "it is unlisted, not public"),
    (Post.OTHER_LANGUAGE, "its language is la, not en-IE"),
]


@pytest.mark.parametrize(("what", "said"), NOTED, ids=[row[0] for row in NOTED])
def test_what_came_back_otherwise_is_noted(double: MastodonDouble, hands: Hands, what: Post, said: str) -> None:
    double.posts.append(what)
    outcome = send(double, hands, replace(STATUS, content=PICTURED))
    assert isinstance(outcome, Sent)
    assert outcome.note is not None
    assert said in outcome.note


def test_a_picture_goes_with_its_alt_text(double: MastodonDouble, hands: Hands) -> None:
    outcome = send(double, hands, replace(STATUS, content=PICTURED))
    assert isinstance(outcome, Sent)
    assert outcome.note is None
    assert double.stored[0].form["media_ids[]"] == ["0"]
    ((kind, content, alt),) = double.uploads
    assert (kind, alt) == ("image/jpeg", "A white plain")
    assert Pillow.open(io.BytesIO(content)).size == (64, 36)


def test_an_upload_that_is_not_ready_is_waited_for(double: MastodonDouble, hands: Hands) -> None:
    double.media = Media.SLOW
    outcome = send(double, hands, replace(STATUS, content=PICTURED))
    assert isinstance(outcome, Sent)
    assert outcome.note is None
    assert hands.slept == [1.0, 1.0]


def lost_picture(_url: str) -> bytes:
    raise FeedError("404 Not Found", where="https://lantern.example/still.png")


PICTURELESS = [
    ("not to be fetched", Media.READY, lost_picture, True),
    ("no picture", Media.READY, lambda _url: b"<html>", False),
    ("of a type that is not taken", Media.REFUSED, still, False),
    ("never ready", Media.NEVER, still, True),
    ("failing in the server", Media.FAILING, still, True),
    ("broken in the server", Media.BROKEN, still, False),
]


@pytest.mark.parametrize(
    ("media", "pictures", "waits"), [row[1:] for row in PICTURELESS], ids=[row[0] for row in PICTURELESS]
)
def test_a_picture_that_cannot_be_had_is_waited_for_and_never_loses_the_status(
    double: MastodonDouble, hands: Hands, media: Media, pictures: Callable[[str], bytes], waits: bool
) -> None:
    double.media = media
    status = replace(STATUS, content=PICTURED)
    first = send(double, hands, replace(status, attempt=1), pictures=pictures)
    assert isinstance(first, Deferred if waits else Sent)
    assert len(double.public) == (0 if waits else 1)
    hands.turn(hours=1)
    third = send(double, hands, replace(again(status), attempt=3), pictures=pictures)
    assert isinstance(third, Sent)
    assert "without its picture" in (third.note or "")
    assert len(double.public) == 1


def test_where_nobody_counts_attempts_the_status_goes_without_its_picture(double: MastodonDouble, hands: Hands) -> None:
    outcome = send(double, hands, replace(STATUS, content=PICTURED), pictures=lost_picture)
    assert isinstance(outcome, Sent)
    assert "404 Not Found" in (outcome.note or "")


def test_known_limits_are_not_asked_for_again(double: MastodonDouble, hands: Hands) -> None:
    made = MastodonChannel(
        "main",
        instance=double.url,
        token=TOKEN,
        pictures=still,
        clock=hands,
        sleep=hands.sleep,
        limits=StatusLimits(mime_types=("image/png",)),
    )
    list(made.send([replace(STATUS, content=PICTURED)]))
    assert double.uploads[0][0] == "image/png"
    assert double.asked("GET") == 0


def test_times_are_taken_as_a_distance_from_the_servers_clock() -> None:
    from syndicate.channels.mastodon.faults import throttled_until

    headers = {"x-ratelimit-reset": "2026-11-22T12:05:00Z", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    assert throttled_until(headers, START) == START + timedelta(minutes=5)
    past = {"x-ratelimit-reset": "1", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    assert throttled_until(past, datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
