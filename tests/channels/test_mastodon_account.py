"""What an instance takes, and what `syndicate accounts check` says of an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syndicate.channels.mastodon import MastodonChannel
from syndicate.channels.mastodon.server import base_address, read_limits
from syndicate.compose.model import StatusLimits
from syndicate.errors import ChannelError, ConfigError
from tests.channels.mastodon_double import ALL_SCOPES, TOKEN, Hands, MastodonDouble, Refusal

CONFIGURATION: dict[str, Any] = {
    "statuses": {"max_characters": 11_000, "characters_reserved_per_url": 23},
    "media_attachments": {
        "description_limit": 10_000,
        "image_size_limit": 8_388_608,
        "image_matrix_limit": 20_000_000,
        "supported_mime_types": ["image/jpeg", "image/avif", "video/mp4"],
    },
}


@pytest.fixture
def double() -> Iterator[MastodonDouble]:
    with MastodonDouble(configuration=CONFIGURATION) as server:
        yield server


def channel(double: MastodonDouble, token: str = TOKEN) -> MastodonChannel:
    hands = Hands()
    return MastodonChannel(
        "main", instance=double.url, token=token, pictures=lambda _: b"", clock=hands, sleep=hands.sleep
    )


@pytest.mark.parametrize("only_v1", [False, True], ids=["v2", "v1 alone"])
def test_limits_are_the_instances_own(double: MastodonDouble, only_v1: bool) -> None:
    double.only_v1 = only_v1
    assert channel(double).limits() == StatusLimits(
        max_chars=11_000,
        chars_per_url=23,
        max_alt_chars=10_000,
        max_image_bytes=8_388_608,
        max_image_pixels=20_000_000,
        mime_types=("image/jpeg", "image/avif"),
        counts_as_mastodon=True,
    )


@pytest.mark.parametrize(
    ("software", "counts"),
    [("mastodon", True), ("Hometown", True), ("gotosocial", False), ("snac", False), ("", False)],
)
def test_the_software_and_not_the_version_says_how_it_counts(
    double: MastodonDouble, software: str, counts: bool
) -> None:
    """snac says "4.0.0 (not true; really snac/2.94)", Pixelfed "3.5.3 (compatible; Pixelfed …)"."""
    double.software, double.version = software, "4.0.0 (not true; really another)"
    assert channel(double).limits().counts_as_mastodon is counts


DOCUMENTS: list[tuple[str, dict[str, Any], bool, StatusLimits]] = [
    ("nothing said", {}, True, StatusLimits()),
    ("Pleroma's", {"max_toot_chars": 5000}, False, StatusLimits(max_chars=5000, counts_as_mastodon=False)),
    (
        "a weight of URLs that nobody keeps",
        {"configuration": {"statuses": {"characters_reserved_per_url": 256}}},
        False,
        StatusLimits(counts_as_mastodon=False),
    ),
    (
        "nonsense",
        {"configuration": {"statuses": {"max_characters": "many"}, "media_attachments": None}, "max_toot_chars": -1},
        True,
        StatusLimits(),
    ),
]


@pytest.mark.parametrize(
    ("told", "counts", "limits"), [row[1:] for row in DOCUMENTS], ids=[row[0] for row in DOCUMENTS]
)
def test_what_an_instance_leaves_out_is_mastodons(told: dict[str, Any], counts: bool, limits: StatusLimits) -> None:
    assert read_limits(told, counts_as_mastodon=counts) == limits


def test_an_instance_that_is_gone_is_told_as_such() -> None:
    with MastodonDouble() as gone:
        made = channel(gone)
    with pytest.raises(ChannelError, match="does not answer"):
        made.limits()


def test_a_good_account_is_told_in_words(double: MastodonDouble) -> None:
    report = channel(double).check()
    assert report.ok
    assert report.account == "lantern"
    assert report.lines() == (
        f"main: @lantern on {double.url} (mastodon 4.6.6)",
        "  the token works and has every scope it needs",
        "  statuses up to 11000 characters (a URL counts 23); pictures up to 8 MB, alt texts up to 10000",
    )
    assert (double.stored, double.deleted, double.uploads) == ([], [], [])


@pytest.mark.parametrize("scope", sorted(ALL_SCOPES))
def test_each_missing_scope_is_named(double: MastodonDouble, scope: str) -> None:
    double.scopes = ALL_SCOPES - {scope}
    report = channel(double).check()
    assert report.missing_scopes == (scope,)
    assert scope in " ".join(report.lines())
    assert not report.ok


@pytest.mark.parametrize(
    "answer", [Refusal(401, '{"error": "The access token is invalid"}'), Refusal(400, "Invalid Bearer token")]
)
def test_a_token_that_does_not_work_is_told(double: MastodonDouble, answer: Refusal) -> None:
    double.denied = answer
    report = channel(double, token="wrong").check()
    assert report.account is None
    assert "the token does not work" in report.problems[0]
    assert report.limits is not None


def test_an_instance_that_does_not_answer_is_told() -> None:
    with MastodonDouble() as gone:
        made = channel(gone)
    report = made.check()
    assert "does not answer as one" in report.problems[0]
    assert report.lines()[0].startswith("main: nobody on http://127.0.0.1")


ADDRESSES = [
    ("lantern.social", "https://lantern.social"),
    ("https://lantern.social/", "https://lantern.social"),
    ("https://lantern.social:8443/web", "https://lantern.social:8443"),
    ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
    ("http://localhost:3000", "http://localhost:3000"),
    ("http://[::1]:3000", "http://[::1]:3000"),
]


@pytest.mark.parametrize(("written", "base"), ADDRESSES)
def test_an_instance_is_an_https_address(written: str, base: str) -> None:
    assert base_address(written) == base


@pytest.mark.parametrize(
    "written", ["http://lantern.social", "ftp://lantern.social", "http://127.0.0.1.evil.example", ""]
)
def test_a_token_never_goes_over_the_wire_in_clear_text(written: str) -> None:
    with pytest.raises(ConfigError):
        base_address(written)
