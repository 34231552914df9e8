"""How values are written: what is read back, and what no value can do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.config import measures, values

seconds = st.integers(min_value=0, max_value=3650 * 86400)


@given(seconds)
def test_a_duration_that_was_written_reads_back_as_itself(number: int) -> None:
    duration = timedelta(seconds=number)
    assert measures.parse_duration(measures.format_duration(duration)) == duration


@given(st.integers(min_value=0, max_value=3650), st.sampled_from(["s", "m", "h", "d"]))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    size = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert measures.parse_duration(f"{number}{unit}").total_seconds() == number * size


@given(st.integers(min_value=1, max_value=999_999), st.sampled_from(["KB", "MB", "GB"]))
def test_a_size_that_was_written_reads_back_as_itself(number: int, unit: str) -> None:
    size = measures.parse_size(f"{number}{unit}")
    assert measures.parse_size(measures.format_size(size)) == size


@pytest.mark.parametrize(
    ("duration", "written"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=60), "60s"),
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=15), "15m"),
        (timedelta(hours=24), "24h"),
        (timedelta(days=7), "7d"),
    ],
)
def test_a_duration_is_written_as_people_write_it(duration: timedelta, written: str) -> None:
    assert measures.format_duration(duration) == written


@pytest.mark.parametrize("text", ["", "m", "-5m", "5 weeks", "1h30m", "5M", "٥m", "1.5h", "5m\nX"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        measures.parse_duration(text)


@given(st.text())
def test_a_line_that_is_taken_cannot_break_a_header(text: str) -> None:
    try:
        line = values.check_line(text)
    except ValueError:
        return
    assert line.splitlines() == [line]
    assert line.strip()


@given(st.text(max_size=30).map(lambda text: f"{text}@lantern.example"))
def test_an_address_that_is_taken_is_one_word_of_ascii(text: str) -> None:
    try:
        address = values.check_address(text)
    except ValueError:
        return
    assert address.isascii()
    assert len(address.split()) == 1
    assert address.count("@") == 1
    assert not set(address) & set('<>,;:"()[]\\')


@given(st.text(max_size=40))
def test_a_sender_that_is_taken_is_one_name_and_one_address(name: str) -> None:
    try:
        sender = values.check_sender(f"{name} <news@lantern.example>")
    except ValueError:
        return
    assert values.split_sender(sender)[1] == "news@lantern.example"


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("news@lantern.example", "", "news@lantern.example"),
        ("The Lantern <news@lantern.example>", "The Lantern", "news@lantern.example"),
        ('"Lantern, The" <news@lantern.example>', "Lantern, The", "news@lantern.example"),
        ("Café Kino <news@kino.example>", "Café Kino", "news@kino.example"),
        ("Kino <news@KÖLN.example>", "Kino", "news@xn--kln-sna.example"),
        ("O'Hara's Films <o'hara+news@lantern.example>", "O'Hara's Films", "o'hara+news@lantern.example"),
    ],
)
def test_a_sender_is_split_into_name_and_address(written: str, name: str, address: str) -> None:
    assert values.split_sender(values.check_sender(written)) == (name, address)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://lantern.example/feed", "https://lantern.example/feed"),
        ("https://ed:hush@lantern.example/feed", "https://ed:***@lantern.example/feed"),
        ("https://hush@lantern.example/feed", "https://***@lantern.example/feed"),
        ("https://lantern.example/feed?a=1&token=hush#x", "https://lantern.example/feed?a=1&token=***#x"),
        ("https://lantern.example/feed?api_key=hush", "https://lantern.example/feed?api_key=***"),
        ("postgresql+psycopg://ed:hush@db.example/x", "postgresql+psycopg://ed:***@db.example/x"),
        ("postgresql+psycopg://ed@db.example/x", "postgresql+psycopg://ed@db.example/x"),
        ("postgresql+psycopg://db.example/x?password=hush", "postgresql+psycopg://db.example/x?password=***"),
        ("postgresql+psycopg://ed:hu@sh@db.example/x", "postgresql+psycopg://ed:***@db.example/x"),
        ("https://ed:hush@[broken/", "https://***@[broken/"),
    ],
)
def test_an_address_is_shown_without_its_secret(address: str, shown: str) -> None:
    assert values.mask_url(address) == shown


@pytest.mark.parametrize(
    "source", ["https://lantern.example/feed", "feeds/lantern.xml", "/srv/feed.xml", "sample:lantern", "a b.xml"]
)
def test_a_feed_may_be_an_address_a_file_or_the_sample(source: str) -> None:
    assert values.check_feed_source(source) == source


@pytest.mark.parametrize(
    "instance",
    ["https://mastodon.example", "http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"],
)
def test_an_instance_is_https_or_on_this_machine(instance: str) -> None:
    assert values.check_instance(f"{instance}/") == instance


@pytest.mark.parametrize("host", ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"])
def test_an_instance_elsewhere_is_never_http(host: str) -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        values.check_instance(host)


@pytest.mark.parametrize("tags", ["", "HorrorFilm", "horror, Folk Horror", "#film", "ホラー", "28days"])
def test_a_label_becomes_hashtags_or_none(tags: str) -> None:
    assert values.check_hashtags(tags) == tags


@pytest.mark.parametrize("tags", ["2026", "film, 2026", "film,,tv", "!"])
def test_a_hashtag_without_a_letter_is_refused(tags: str) -> None:
    with pytest.raises(ValueError, match="is no hashtag"):
        values.check_hashtags(tags)


@pytest.mark.parametrize(
    "domain", ["x" * 64 + ".example", "-x.example", "x..example", "x_y.example", "a" * 50 + ".b" * 110]
)
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="is no domain"):
        values.check_address(f"ed@{domain}")


@pytest.mark.parametrize("host", ["", "smtp example.org", "smtp..example", "-smtp.example"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="is no host name"):
        values.check_host(host)


@pytest.mark.parametrize("host", ["relay", "smtp.example.org", "10.0.0.5", "[::1]", "smtp.example.org."])
def test_a_relay_may_be_a_name_or_an_address(host: str) -> None:
    assert values.check_host(host) == host.strip("[]")


def test_an_instance_with_a_login_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="the token is named by token_env or token_file"):
        values.check_instance("https://ed@mastodon.example")
