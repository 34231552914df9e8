"""What is wrong in config.yaml is told with its line, its key and what to write instead, all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syndicate.config import load_config
from syndicate.config.load import ConfigFaults
from syndicate.errors import ConfigError
from tests.config.good import GOOD, loaded, spoiled

URL = "url: https://lantern.example/feed"
NEW = "reviews:\n    "
RELAY = "host: smtp.example.org"
ONE = f"  relay:\n    {RELAY}\n    user: news\n    password_env: SMTP_PASSWORD\n"
SECRETS = "    user: news\n    password_env: SMTP_PASSWORD\n"
AT = "at: fri 09:00"
ACCOUNT = "instance: https://mastodon.example"
TOKEN = "token_env: TOKEN"
FROM = "from: The Lantern <news@lantern.example>"
END = "notify: ed@lantern.example\n"

FAULTS = {
    "unknown key": ("timezone:", "timezon:", 4, "site.timezon: no such key; did you mean 'timezone'?"),
    "unknown key of another part": (END, "timezone: UTC\n", 27, "timezone: no such key; it belongs under site:"),
    "unknown key with nothing after it": ("timezone: Europe/Dublin", "timezon:", 4, "site.timezon: no such key"),
    "unknown key like none": (END, "zzz: 1\n", 27, "zzz: no such key"),
    "unknown part of a list": (
        "{name: Weekly readers}",
        "{nam: x}",
        17,
        "lists.readers.nam: no such key; did you mean 'name'?",
    ),
    "path is no key": (END, "path: /etc\n", 27, "path: no such key"),
    "a secret in the file": (
        "password_env: SMTP_PASSWORD",
        "password: hush",
        15,
        "mail.relay.password: no such key; secrets are not written in this file: use password_env or password_file",
    ),
    "a token in the file": (TOKEN, "token: abc", 26, "use token_env or token_file"),
    "members in the file": (
        "{name: Weekly readers}",
        "{members: [ann@x.example]}",
        17,
        "people are not written here: syndicate subscribers import FILE --list readers",
    ),
    "members and an address": (
        "{address: films@lists.example}",
        "{address: films@lists.example, members: [a]}",
        18,
        "a list has either an address, whose list server owns its members, or members of ours",
    ),
    "required key": ("  name: The Lantern\n", "", 1, "site.name: is missing"),
    "required part": ("feeds:\n  reviews:\n    url: https://lantern.example/feed\n", "", 1, "feeds: is missing"),
    "required key left empty": (URL, "url:", 8, "feeds.reviews.url: is missing"),
    "no feed": ("  reviews:\n    url: https://lantern.example/feed\n", "  {}\n", 6, "feeds: needs at least one"),
    "a number for text": ("name: The Lantern", "name: 1917", 2, 'site.name: is a number; put it in quotes, as "1917"'),
    "a yes for text": ("name: The Lantern", "name: true", 2, 'is a yes-or-no value; put it in quotes, as "true"'),
    "text for a part": ("{name: Weekly readers}", "Weekly", 17, 'lists.readers: "Weekly" is not a group of keys'),
    "a part for text": ("name: The Lantern", "name: {en: x}", 2, "site.name: a group of keys is not text"),
    "text for a list": ("[readers, films]", "readers", 21, 'digests.weekly.lists: "readers" is not a list'),
    "empty text": ("name: The Lantern", 'name: " "', 2, "site.name: is empty"),
    "duration without a unit": (NEW, f"{NEW}every: 900\n    ", 8, 'did you mean "900m" or "900s"?'),
    "duration in words": (NEW, f"{NEW}every: soon\n    ", 8, "write it with a unit, as 90s, 15m, 24h or 7d"),
    "duration beyond reason": (NEW, f"{NEW}settle: 999999999d\n    ", 8, "is longer than ten years"),
    "duration too short": (NEW, f"{NEW}every: 0s\n    ", 8, "feeds.reviews.every: must be at least 1 second"),
    "duration of nothing": (AT, f"{AT}\n    max_age: 0d", 23, "digests.weekly.max_age: must be more than 0 seconds"),
    "size without a unit": (END, "http: {max_bytes: 5000}\n", 27, "write it with a unit, as 512KB or 20MB"),
    "size of nothing": (END, "http: {max_bytes: 0MB}\n", 27, "http.max_bytes: must be more than 0"),
    "whole number in words": (NEW, f"{NEW}backfill: six\n    ", 8, 'feeds.reviews.backfill: "six" is no whole number'),
    "whole number with a point": (NEW, f"{NEW}backfill: 1.5\n    ", 8, 'feeds.reviews.backfill: "1.5" is no whole'),
    "number below": (NEW, f"{NEW}backfill: -1\n    ", 8, "must be at least 0"),
    "port above": (RELAY, f"{RELAY}\n    port: 70000", 14, "mail.relay.port: must be at most 65535"),
    "neither true nor false": (END, "http: {allow_private: maybe}\n", 27, '"maybe" is neither true nor false'),
    "weekday by number": (AT, "at: 5 09:00", 22, 'is no hour; write it as "fri 09:00"'),
    "neither an hour nor every": (f"    {AT}\n", "", 20, "digests.weekly: needs at or every: an hour for all"),
    "an hour and every": (AT, f"{AT}\n    every: review", 23, "digests.weekly.every: stands beside at; choose one"),
    "every of something else": (AT, "every: post", 22, 'digests.weekly.every: "post" is not one of review'),
    "every with an approval": (AT, "every: review\n    approval: required", 23, "waits for nobody"),
    "hour alone": (AT, "at: 9:00", 22, '"9:00" is no hour'),
    "hour past midnight": (AT, "at: fri 25:00", 22, '"25:00" is no time of day'),
    "zone misspelt": ("Europe/Dublin", "Europe/Dublyn", 4, "no IANA time zone; did you mean 'Europe/Dublin'?"),
    "zone in lower case": ("Europe/Dublin", "europe/dublin", 4, "did you mean 'Europe/Dublin'?"),
    "zone that is a folder": ("Europe/Dublin", "Europe", 4, "'Europe' is no IANA time zone"),
    "zone that climbs": ("Europe/Dublin", "../../etc/passwd", 4, "is no IANA time zone"),
    "language unknown": ("  timezone:", "  language: klingon\n  timezone:", 4, "is no language that we know"),
    "site without scheme": ("https://lantern.example\n", "lantern.example\n", 3, "is no web address: it begins with"),
    "site by script": ("https://lantern.example\n", "javascript:alert(1)\n", 3, "is no web address"),
    "site with a line's end": (
        "url: https://lantern.example\n",
        'url: "https://lantern.example/\\r\\nX: 1"\n',
        3,
        "holds a blank or a character that no web address has",
    ),
    "site with a port that is none": (
        "https://lantern.example\n",
        "https://lantern.example:x\n",
        3,
        "is no web address",
    ),
    "feed by another scheme": (URL, "url: feed://lantern.example/feed", 8, "'feed:' cannot be read"),
    "feed sample misnamed": (URL, "url: 'sample:../x'", 8, "'../x' is no name"),
    "address without at": ("notify: ed@", "notify: ed.", 27, "'ed.lantern.example' is no mail address"),
    "address with a name": ("notify: ed@lantern.example", "notify: Ed <ed@lantern.example>", 27, "is no mail address"),
    "address with mailto": ("notify: ed@", "notify: mailto:ed@", 27, "write the address alone, without mailto:"),
    "address without dot": ("notify: ed@lantern.example", "notify: ed@lantern", 27, "'lantern' is no full domain"),
    "address with a header": (
        "notify: ed@lantern.example",
        'notify: "ed@lantern.example\\r\\nBcc: all@x.example"',
        27,
        "must be one line: it stands in a mail header",
    ),
    "name with a header": (
        FROM,
        'from: "Lantern\\nBcc: all@x.example <news@lantern.example>"',
        10,
        "mail.from: must be one line",
    ),
    "name with a separator": (
        "name: The Lantern",
        'name: "The\\u2028Lantern"',
        2,
        "holds a control character (U+2028)",
    ),
    "name with a bell": ("name: The Lantern", 'name: "The\\aLantern"', 2, "holds a control character (U+0007)"),
    "sender with a bare comma": (FROM, "from: Lantern, The <news@lantern.example>", 10, "put it in double quotes"),
    "sender with a long local part": (FROM, f"from: {'n' * 65}@lantern.example", 10, "longer than the 64 octets"),
    "sender at a free mailer": (FROM, "from: Lantern <lantern@gmail.com>", 10, "use your own domain"),
    "name of a feed": ("  reviews:\n", "  Film Reviews:\n", 7, "feeds.Film Reviews: 'Film Reviews' is no name"),
    "name of a list": (
        "  films:",
        "  film_s: {}\n  films:",
        18,
        "'film_s' is no name: use up to 40 lower-case letters",
    ),
    "digest of an unknown list": (
        "[readers, films]",
        "[reader, films]",
        21,
        "digests.weekly.lists[0]: there is no reader under lists:; did you mean 'readers'?",
    ),
    "digest of a list twice": ("[readers, films]", "[films, films]", 21, "films is named twice"),
    "digest of an unknown feed": (AT, f"{AT}\n    feeds: [review]", 23, "did you mean 'reviews'?"),
    "account of an unknown feed": (
        TOKEN,
        f"{TOKEN}\n    feeds: [x]",
        27,
        "there is no x under feeds:; there is reviews",
    ),
    "one address on two lists": (
        "{name: Weekly readers}",
        "{address: Films@lists.example}",
        18,
        "is the address of the list readers too",
    ),
    "account with both": (TOKEN, f"{TOKEN}\n    outbox: out", 27, "accounts.main.outbox: stands beside instance"),
    "account with neither": (f"    {ACCOUNT}\n    {TOKEN}\n", "    max_age: 3d\n", 24, "needs instance or outbox"),
    "account left empty": (f"    {ACCOUNT}\n    {TOKEN}\n", "", 24, "accounts.main: needs instance or outbox"),
    "account without token": (f"    {TOKEN}\n", "", 25, "name a variable in token_env, or a file in token_file"),
    "account with two tokens": (TOKEN, f"{TOKEN}\n    token_file: t", 27, "stands beside token_env; choose one"),
    "outbox with a token": (ACCOUNT, "outbox: out", 26, "accounts.main.token_env: an outbox takes no token"),
    "instance over http": (ACCOUNT, "instance: http://mastodon.example", 25, "must begin with https://"),
    "instance with a profile": (ACCOUNT, f"{ACCOUNT}/@lantern", 25, "give the server alone: https://mastodon.example"),
    "the token itself as a variable": (TOKEN, "token_env: x-y-z", 26, "not the secret itself"),
    "visibility": (TOKEN, f"{TOKEN}\n    visibility: all", 27, '"all" is not one of public, unlisted, private, direct'),
    "hashtag of digits": (TOKEN, f"{TOKEN}\n    hashtags: {{a: '2026'}}", 27, '"2026" is no hashtag'),
    "warning over nothing": (TOKEN, f"{TOKEN}\n    content_warnings: [{{text: x}}]", 27, "needs label or word"),
    "warning without text": (TOKEN, f"{TOKEN}\n    content_warnings: [{{word: x}}]", 27, "[0].text: is missing"),
    "mail with both": ("  relay:\n", "  outbox: out\n  relay:\n", 12, "mail.outbox: stands beside relay; choose one"),
    "mail with neither": (f"  relay:\n    {RELAY}\n{SECRETS}", "", 9, "mail: needs relay, relays or outbox"),
    "mail in a word": (GOOD[GOOD.index("mail:") : GOOD.index("lists:")], "mail: x\n", 9, 'mail: "x" is not a group'),
    "digest without mail": (GOOD[GOOD.index("mail:") : GOOD.index("lists:")], "", 12, "letters need mail:"),
    "relay without postal": ("  postal: 12 Quay Lane, Galway\n", "", 1, "site: postal is missing"),
    "relay without a way out": (
        "  unsubscribe_mailto: leave@lantern.example\n",
        "",
        9,
        "unsubscribe_mailto is missing",
    ),
    "user without password": ("    password_env: SMTP_PASSWORD\n", "", 14, "needs its password"),
    "two passwords": (RELAY, f"{RELAY}\n    password_file: p", 14, "stands beside password_env; choose one"),
    "password without user": ("    user: news\n", "", 14, "needs user: whose password is it?"),
    "password in the clear": (RELAY, f"{RELAY}\n    security: none", 14, "would send the password in the clear"),
    "relay and relays": (
        "lists:\n  readers",
        "  relays: {a: {host: x.example}}\nlists:\n  readers",
        16,
        "beside relay; choose",
    ),
    "relays and an outbox": (
        ONE,
        "  relays: {a: {host: x.example}}\n  outbox: out\n",
        13,
        "outbox: stands beside relays",
    ),
    "relays of none": (ONE, "  relays: {}\n", 12, "mail.relays: needs at least one"),
    "relays as a list": (ONE, "  relays: [x.example]\n", 12, "mail.relays: a list is not a group of keys"),
    "relay without a host": (ONE, "  relays:\n    a:\n", 13, "mail.relays.a.host: is missing"),
    "relay's name": (ONE, "  relays: {Main: {host: x.example}}\n", 12, "mail.relays.Main: "),
    "second relay without a password": (
        ONE,
        "  relays:\n    a: {host: x.example}\n    b: {host: y.example, user: u}\n",
        14,
        "mail.relays.b.user: needs its password",
    ),
    "second relay in the clear": (
        ONE,
        "  relays:\n    a: {host: x.example}\n    b: {host: y, user: u, password_env: P, security: none}\n",
        14,
        "mail.relays.b.security: none would send the password in the clear",
    ),
    "a secret of the second relay": (
        ONE,
        "  relays:\n    a: {host: x.example}\n    b: {host: y, user: u, password: hush}\n",
        14,
        "mail.relays.b.password: no such key; secrets are not written in this file",
    ),
    "relays without a way out": (
        f"  unsubscribe_mailto: leave@lantern.example\n{ONE}",
        "  relays: {a: {host: x.example}}\n",
        9,
        "unsubscribe_mailto is missing",
    ),
    "rate in words": (RELAY, f"{RELAY}\n    rate: fast", 14, 'mail.relay.rate: "fast" is no number'),
    "rate of nothing": (RELAY, f"{RELAY}\n    rate: 0", 14, "must be at least 0.01 and at most 10000 a second"),
    "rate with a unit": (RELAY, f"{RELAY}\n    rate: 5/s", 14, '"5/s" is no number: write it as 5 or 0.5'),
    "rate below nothing": (RELAY, f"{RELAY}\n    rate: -1", 14, '"-1" is no number'),
    "rate that is yes": (RELAY, f"{RELAY}\n    rate: true", 14, '"True" is no number'),
    "quota of nothing": (RELAY, f"{RELAY}\n    per_day: 0", 14, "mail.relay.per_day: must be at least 1"),
    "rest after nothing": (RELAY, f"{RELAY}\n    pause_after: 0", 14, "must be at least 1"),
    "rest without a unit": (RELAY, f"{RELAY}\n    pause_for: 60", 14, '"60" is no duration'),
    "rest for no time": (RELAY, f"{RELAY}\n    pause_for: 0s", 14, "must be more than"),
    "host with a port": (RELAY, "host: smtp.example.org:587", 13, "write the name alone, the port under port:"),
    "security": (RELAY, f"{RELAY}\n    security: ssl", 14, '"ssl" is not one of starttls, tls, none'),
    "readers' pages in the clear": (END, "web: {public_url: 'http://x.example'}\n", 27, "must begin with https://"),
    "readers' pages below a path": (END, "web: {public_url: 'https://x.example/mail'}\n", 27, "give the host alone"),
    "readers' pages where the preview is": (
        END,
        "web: {listen: '127.0.0.1:8026', public_listen: '127.0.0.1:8026'}\n",
        27,
        "is where the preview is served too",
    ),
    "an origin with a path": (END, "web: {origins: ['https://x.example/blog']}\n", 27, "give the site alone"),
    "a proxy by name": (END, "web: {trusted_proxies: [proxy.example]}\n", 27, "is no address or network"),
    "a token that runs into a word": (
        "  relay:\n",
        "  return_path: 'bounces{token}@x.example'\n  relay:\n",
        12,
        "needs a + or - beside {token}",
    ),
    "a token in the domain": (
        "  relay:\n",
        "  return_path: 'b@-{token}.example'\n  relay:\n",
        12,
        "may have {token} once",
    ),
    "a return path that leaves no room": (
        "  relay:\n",
        f"  return_path: '{'b' * 32}+{{token}}@x.example'\n  relay:\n",
        12,
        "too little room",
    ),
    "mailbox of both kinds": (
        "  relay:\n",
        "  mailbox: {maildir: m, imap: {host: h.example, user: u, password_env: P}}\n  relay:\n",
        12,
        "stands beside imap; choose one",
    ),
    "mailbox without a password": (
        "  relay:\n",
        "  mailbox: {imap: {host: h, user: u}}\n  relay:\n",
        12,
        "needs the password",
    ),
    "mailbox in the clear": (
        "  relay:\n",
        "  mailbox: {imap: {host: h.example, user: u, password_env: P, security: none}}\n  relay:\n",
        12,
        "would send the password in the clear",
    ),
    "listen without a port": (END, "web: {listen: localhost}\n", 27, "write host and port, as 127.0.0.1:8025"),
    "database of another kind": (
        END,
        "database: mysql://x/y\n",
        27,
        "must begin with sqlite:/// or postgresql+psycopg://",
    ),
    "database of an old name": (END, "database: postgres://x/y\n", 27, "write PostgreSQL as postgresql+psycopg://"),
    "database in memory": (END, "database: 'sqlite:///:memory:'\n", 27, "what was sent would be forgotten"),
    "database with two slashes": (END, "database: sqlite://a.db\n", 27, "sqlite takes three slashes"),
    "title rule broken": (NEW, f"{NEW}titles: ['(a']\n    ", 8, "titles[0]: is no regular expression: missing )"),
    "title rule without film": (NEW, f"{NEW}titles: ['(.*)']\n    ", 8, "has no group named film"),
    "title rule with another group": (
        NEW,
        f"{NEW}titles: ['(?P<film>.)(?P<director>.)']\n    ",
        8,
        "has a group named director; the groups are strand, film, year",
    ),
    "kind": (NEW, f"{NEW}include: {{kinds: [film]}}\n    ", 8, '"film" is not one of review, tv-review, book-review'),
    "kinds empty": (NEW, f"{NEW}include: {{kinds: []}}\n    ", 8, "include.kinds: needs at least one"),
    "lead": (AT, f"{AT}\n    lead: best", 23, '"best" is not one of newest, rating, none'),
    "subject that is no template": (AT, f"{AT}\n    subject: '{{{{ lead'", 23, "does not read as a template"),
    "section without strands": (AT, f"{AT}\n    sections: [{{title: x}}]", 23, "sections[0].strands: is missing"),
    "home of nobody": (END, "cache: ~nobody-at-all/x\n", 27, "there is no such home folder"),
}


@pytest.mark.parametrize(("old", "new", "line", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    with pytest.raises(ConfigFaults) as caught:
        loaded(tmp_path, spoiled(old, new))
    assert len(caught.value.faults) == 1, str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/config.yaml line {line}: ")
    assert words in str(caught.value)


UNREADABLE = {
    "empty": (b"", None, "is empty; write one with `syndicate init`"),
    "comments alone": (b"# nothing\n", None, "is empty"),
    "a list": (b"- a\n- b\n", 1, "it begins with a key"),
    "a word": (b"hello\n", 1, "it begins with a key"),
    "a tab": (b"site:\n\tname: x\n", 2, "a tab; YAML is indented with spaces"),
    "a colon too many": (b"site:\n  name: Film: Now\n", 2, "put the value in quotes"),
    "a bracket left open": (b"site: [1,\n2\n", 3, "(opened on line 1)"),
    "a quote left open": (b"site: 'x\nname: y\n", 3, "(opened on line 1)"),
    "two documents": (b"a: 1\n---\nb: 2\n", 2, "a second document begins"),
    "an unknown alias": (b"a: 1\nb: *c\n", 2, "undefined alias"),
    "not UTF-8": (b"site:\n  name: Caf\xe9\n", 2, "is not UTF-8"),
    "UTF-16": ("site: x\n".encode("utf-16"), 1, "is not UTF-8"),
    "a bell": (b"site:\n  name: x\x07\n", 2, "is no YAML"),
    "too large": (b"# " + b"x" * 500_000, None, "is larger than 500,000 bytes"),
    "nested too deeply": (b"a: " + b"[" * 5000, None, "nested too deeply"),
    "aliases that multiply": (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10)) for n in range(98, 106)),
        None,
        "multiply into thousands of values",
    ),
}


@pytest.mark.parametrize(("body", "line", "words"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_is_no_configuration_says_why(tmp_path: Path, body: bytes, line: int | None, words: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(body)
    with pytest.raises(ConfigFaults) as caught:
        load_config(path, {})
    assert str(caught.value).startswith(f"{path} line {line}: " if line else f"{path}: ")
    assert words in str(caught.value)


ODD = {
    "a key twice": ("  timezone:", "  name: Other\n  timezone:", 4, "site.name: stands twice; first on line 2"),
    "a tag": ("name: The Lantern", "name: !!python/name:os.system x", 2, "has no meaning here"),
    "a merge": ("  timezone:", "  <<: {language: de}\n  timezone:", 4, "<< (merge) is not read here"),
    "a key that is a list": ("  timezone:", "  ? [a]\n  : b\n  timezone:", 4, "a key must be a plain word"),
    "an alias of itself": ("{name: Weekly readers}", "&r {name: *r}", 17, "an alias (*name) of what it stands in"),
}


@pytest.mark.parametrize(("old", "new", "line", "words"), ODD.values(), ids=ODD.keys())
def test_yaml_that_means_nothing_here_is_refused(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(ConfigFaults, match=re.escape(words)) as caught:
        loaded(tmp_path, spoiled(old, new))
    assert [fault.line for fault in caught.value.faults] == [line]


def test_all_faults_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = spoiled("timezone:", "timezon:").replace(AT, "at: 5 09:00").replace("[readers, films]", "[reader]")
    text = text.replace("https://lantern.example/feed", "feed://x").replace(TOKEN, "token_env: a b")
    with pytest.raises(ConfigFaults) as caught:
        loaded(tmp_path, text + "site: {name: again}\n")
    assert [fault.line for fault in caught.value.faults] == [4, 8, 21, 22, 26, 28]
    assert len(str(caught.value).splitlines()) == 6


def test_a_fault_within_a_part_does_not_hide_one_between_parts(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults) as caught:
        loaded(tmp_path, spoiled("  postal: 12 Quay Lane, Galway\n", "").replace("host: smtp", "hots: smtp"))
    assert "postal is missing" in str(caught.value)
    assert "did you mean 'host'?" in str(caught.value)


def test_no_fault_repeats_a_password_that_stands_in_an_address(tmp_path: Path) -> None:
    text = spoiled(URL, "url: https://ed:hush@lantern.example:x/").replace(
        ACCOUNT, "instance: http://ed:hush@m.example"
    )
    with pytest.raises(ConfigFaults) as caught:
        loaded(tmp_path, text)
    assert "hush" not in str(caught.value)


def test_a_variable_that_is_the_secret_itself_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults) as caught:
        loaded(tmp_path, spoiled(TOKEN, "token_env: s3cr3t-t0k3n"))
    assert "s3cr3t" not in str(caught.value)


def test_postgresql_without_its_driver_names_the_line_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigFaults, match=re.escape("pip install 'syndicate[cluster]'")):
        loaded(tmp_path, GOOD + "database: postgresql://lantern@db.example/lantern\n")


def test_a_file_that_is_not_there_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="syndicate init"):
        load_config(tmp_path / "config.yaml", {})


def test_a_folder_in_place_of_the_file_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, {})
