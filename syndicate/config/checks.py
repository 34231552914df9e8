"""What holds between the keys of config.yaml, and what is allowed but worth a warning.

Faults are found on the plain tree, so that they are told in the same report as a misspelt key elsewhere;
warnings on a Config that is right.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from datetime import timedelta

from syndicate.config.mail import Mail, Relay, Security
from syndicate.config.schema import Config, Digest
from syndicate.config.source import Fault, Keys, Source
from syndicate.config.theme import theme_faults
from syndicate.config.values import did_you_mean, is_loopback, split_sender

_FREE_MAIL: Mapping[str, str] = {
    "gmail.com": "google gmail googlemail",
    "googlemail.com": "google gmail googlemail",
    "outlook.com": "outlook office365",
    "hotmail.com": "outlook office365",
    "live.com": "outlook office365",
    "msn.com": "outlook office365",
    "yahoo.com": "yahoo",
    "yahoo.co.uk": "yahoo",
    "yahoo.ie": "yahoo",
    "aol.com": "aol yahoo",
    "icloud.com": "me icloud",
    "me.com": "me icloud",
    "mac.com": "me icloud",
    "gmx.com": "gmx",
    "gmx.net": "gmx",
    "gmx.de": "gmx",
    "web.de": "web",
    "mail.ru": "mail",
    "yandex.ru": "yandex",
    "proton.me": "protonmail proton",
    "protonmail.com": "protonmail proton",
}
"""Providers' own domains, each with the words by which a relay of that provider is known."""


def cross_faults(source: Source) -> Iterator[Fault]:
    """Yield what is wrong between the keys; parts that are wrong in themselves are passed over."""
    tree = source.tree
    for check in (_database, _mail, _relay, _mailbox, _lists, _digests, _accounts, _web, _theme):
        for keys, what in check(tree):
            yield Fault(line=source.line(keys), keys=keys, what=what)


_Found = Iterator[tuple[Keys, str]]
_Tree = Mapping[str, object]


def _part(tree: object, *names: str) -> _Tree:
    """Return the mapping at these names; an empty one where there is none."""
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _given(part: _Tree, name: str) -> bool:
    return part.get(name) is not None


def _text(part: _Tree, name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""


def _names(part: _Tree, name: str) -> list[tuple[int, str]]:
    value = part.get(name)
    return [(at, item) for at, item in enumerate(value) if isinstance(item, str)] if isinstance(value, list) else []


def _one_of(part: _Tree, at: Keys, ways: tuple[str, ...], why: str) -> _Found:
    given = [way for way in ways if _given(part, way)]
    for other in given[1:]:
        yield (*at, other), f"stands beside {given[0]}; choose one: {why}"
    if not given:
        yield at, f"needs {', '.join(ways[:-1])} or {ways[-1]}: {why}"


def _relays(mail: _Tree) -> list[tuple[Keys, _Tree]]:
    """Return each relay of the file with its place, as far as they are groups of keys."""
    one = [(("mail", "relay"), _part(mail, "relay"))] if _given(mail, "relay") else []
    several = _part(mail, "relays")
    return [*one, *((("mail", "relays", name), _part(several, name)) for name in several)]


def _database(tree: _Tree) -> _Found:
    if _text(tree, "database").startswith("postgresql") and importlib.util.find_spec("psycopg") is None:
        yield ("database",), "PostgreSQL needs psycopg: pip install 'syndicate[cluster]'"


def _mail(tree: _Tree) -> _Found:
    if not _given(tree, "mail"):
        if _part(tree, "digests"):
            yield ("digests",), "letters need mail: with from, and relay or outbox"
        return
    mail = _part(tree, "mail")
    if mail:
        yield from _one_of(mail, ("mail",), ("relay", "relays", "outbox"), "a relay sends, an outbox writes files")
    if _relays(mail):
        yield from _free_mail(mail)
        yield from _way_out(tree, mail)


def _free_mail(mail: _Tree) -> _Found:
    domain = split_sender(_text(mail, "from"))[1].rpartition("@")[2].lower()
    hosts = [_text(relay, "host") for _, relay in _relays(mail)]
    if domain in _FREE_MAIL and not all(_is_relay_of(domain, host) for host in hosts):
        yield (
            ("mail", "from"),
            f"{domain} asks the world to refuse its mail from other relays (DMARC); use your own domain",
        )


def _is_relay_of(domain: str, host: str) -> bool:
    return bool(set(_FREE_MAIL[domain].split()).intersection(host.lower().replace("-", ".").split(".")))


def _way_out(tree: _Tree, mail: _Tree) -> _Found:
    """A relay reaches readers of ours: they are told who writes, and how to leave (CAN-SPAM, RFC 2369)."""
    if not any(_reaches_readers(tree, digest) for digest in _part(tree, "digests")):
        return
    if not _given(_part(tree, "site"), "postal"):
        yield ("site",), "postal is missing: letters to readers must say who sends them, and from where"
    if not _given(mail, "unsubscribe_mailto") and not _given(_part(tree, "web"), "public_url"):
        yield ("mail",), "unsubscribe_mailto is missing: readers must have a way out that works"


def _reaches_readers(tree: _Tree, digest: str) -> bool:
    """Say whether a digest goes to a list whose members are ours."""
    names = [name for _, name in _names(_part(tree, "digests", digest), "lists")]
    lists = _part(tree, "lists")
    return any(name in lists and not _given(_part(lists, name), "address") for name in names)


def _relay(tree: _Tree) -> _Found:
    for at, relay in _relays(_part(tree, "mail")):
        yield from _login(relay, at)


def _login(relay: _Tree, at: Keys) -> _Found:
    secrets = [name for name in ("password_env", "password_file") if _given(relay, name)]
    if _given(relay, "user") and not any(name.startswith("password") for name in relay):
        yield (*at, "user"), "needs its password: name a variable in password_env, or a file in password_file"
    if len(secrets) == 2:
        yield (*at, "password_file"), "stands beside password_env; choose one"
    if secrets and not _given(relay, "user"):
        yield (*at, secrets[0]), "needs user: whose password is it?"
    if _given(relay, "user") and relay.get("security") == "none" and not is_loopback(_text(relay, "host")):
        yield (*at, "security"), "none would send the password in the clear; use starttls or tls"


def _lists(tree: _Tree) -> _Found:
    seen: dict[str, str] = {}
    for name in _part(tree, "lists"):
        address = _text(_part(tree, "lists", name), "address").lower()
        if address and address in seen:
            yield ("lists", name, "address"), f"is the address of the list {seen[address]} too"
        seen[address] = name


def _digests(tree: _Tree) -> _Found:
    for name in _part(tree, "digests"):
        digest, at = _part(tree, "digests", name), ("digests", name)
        yield from _known(digest, at, "lists", _part(tree, "lists"))
        yield from _known(digest, at, "feeds", _part(tree, "feeds"))
        if digest.get("approval") == "required" and not _given(tree, "notify"):
            yield (*at, "approval"), "needs notify: whom shall we ask?"
        if digest:
            yield from _one_of(digest, at, ("at", "every"), "an hour for all that is new, or a letter for each review")
        if _given(digest, "every") and digest.get("approval") == "required":
            yield (
                (*at, "approval"),
                "a letter for each review waits for nobody; for an approval give the digest an hour",
            )


def _known(part: _Tree, at: Keys, key: str, known: _Tree) -> _Found:
    """What is named under `key` must stand in the part of the file of the same name, once."""
    seen: set[str] = set()
    for number, name in _names(part, key):
        if name not in known:
            yield (*at, key, number), f"there is no {name} under {key}:{did_you_mean(name, known)}"
        elif name in seen:
            yield (*at, key, number), f"{name} is named twice"
        seen.add(name)


def _accounts(tree: _Tree) -> _Found:
    for name in _part(tree, "accounts"):
        account, at = _part(tree, "accounts", name), ("accounts", name)
        yield from _one_of(account, at, ("instance", "outbox"), "an instance is posted to, an outbox gets files")
        yield from _token(account, at)
        yield from _known(account, at, "feeds", _part(tree, "feeds"))
        yield from _warnings(account, at)


def _token(account: _Tree, at: Keys) -> _Found:
    named = [name for name in ("token_env", "token_file") if _given(account, name)]
    if len(named) == 2:
        yield (*at, "token_file"), "stands beside token_env; choose one"
    if _given(account, "instance") and not any(name.startswith("token") for name in account):
        yield (*at, "instance"), "needs its token: name a variable in token_env, or a file in token_file"
    if named and _given(account, "outbox") and not _given(account, "instance"):
        yield (*at, named[0]), "an outbox takes no token"


def _warnings(account: _Tree, at: Keys) -> _Found:
    rules = account.get("content_warnings")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict) and not _given(rule, "label") and not _given(rule, "word"):
            yield (*at, "content_warnings", number), "needs label or word: which posts does it stand over?"


def _mailbox(tree: _Tree) -> _Found:
    mailbox, at = _part(tree, "mail", "mailbox"), ("mail", "mailbox")
    if mailbox:
        yield from _one_of(mailbox, at, ("imap", "maildir"), "a mailbox on a server, or a folder here")
    imap, at_imap = _part(mailbox, "imap"), (*at, "imap")
    secrets = [name for name in ("password_env", "password_file") if _given(imap, name)]
    if imap and len(secrets) != 1:
        yield at_imap, "needs the password: name a variable in password_env, or a file in password_file; one of them"
    if imap.get("security") == "none" and not is_loopback(_text(imap, "host")):
        yield (*at_imap, "security"), "none would send the password in the clear; use tls or starttls"


def _web(tree: _Tree) -> _Found:
    web = _part(tree, "web")
    if _given(web, "public_url") and not _given(tree, "mail"):
        yield ("web", "public_url"), "needs mail: readers who join are written to"
    if _given(web, "listen") and _text(web, "listen") == _text(web, "public_listen"):
        yield ("web", "public_listen"), "is where the preview is served too; it has no login, so keep them apart"


def _theme(tree: _Tree) -> _Found:
    yield from theme_faults(_part(tree, "theme"))


def config_warnings(config: Config) -> tuple[str, ...]:
    """Return what is allowed but probably not meant, a sentence each, with its place. Reads no secret."""
    checks = (_mail_warnings, _relay_warnings, _return_warnings, _digest_warnings, _feed_warnings, _secret_warnings)
    return tuple(f"{config.line(*keys)}: {what}" for check in checks for keys, what in check(config))


def _mail_warnings(config: Config) -> _Found:
    if not config.digests and not config.accounts:
        yield (), "there is no digest and no account: reviews are read, and go nowhere"
    sends = bool(config.mail and config.mail.route)
    if not config.notify and (sends or any(account.instance for account in config.accounts.values())):
        yield (), "notify is missing: nobody is told by mail when a feed fails or a login is refused"
    if config.notify and config.mail is None:
        yield ("notify",), "without mail: no alert can be sent; it stands in the log alone"


def _relay_warnings(config: Config) -> _Found:
    mail = config.mail
    if not mail or not mail.route:
        return
    for name, relay in mail.route.items():
        yield from _line_warnings(relay, mail.relay_keys(name))
    domain = mail.sender_address.rpartition("@")[2]
    if domain in _FREE_MAIL:
        yield ("mail", "from"), f"{domain} limits bulk mail, and its filters trust a domain of your own more"


def _line_warnings(relay: Relay, at: Keys) -> _Found:
    if relay.security is Security.NONE and not is_loopback(relay.host):
        yield (*at, "security"), f"letters go to {relay.host} in the clear; use starttls or tls"
    if (relay.port, relay.security) in ((465, Security.STARTTLS), (587, Security.TLS)):
        right = "tls" if relay.port == 465 else "starttls"
        yield (*at, "port"), f"port {relay.port} usually speaks {right}, not {relay.security}"


def _return_warnings(config: Config) -> _Found:
    mail = config.mail
    if mail is None:
        return
    has_token = "{token}" in (mail.return_path or "")
    if mail.mailbox and not has_token:
        yield (
            ("mail", "return_path"),
            "has no {token}: a bounce is believed only where it holds the letter it is about; "
            "bounces+{token}@ your domain names the reader",
        )
    if has_token and not mail.mailbox:
        yield ("mail", "return_path"), "nobody reads the bounces: give mail.mailbox"
    if config.web.public_url and not mail.unsubscribe_mailto:
        yield ("mail",), "without unsubscribe_mailto, readers whose program knows no web cannot leave by mail"


def _digest_warnings(config: Config) -> _Found:
    for name, digest in config.digests.items():
        if not digest.lists:
            yield ("digests", name), f"{name} has no lists: its issues reach nobody"
        yield from _idle(name, digest)
        if digest.at and digest.max_age <= timedelta(days=7) and len(digest.at.weekdays) == 1:
            yield (
                ("digests", name, "max_age"),
                "a review of the week before may be too old for the next issue",
            )
    used = {name for digest in config.digests.values() for name in digest.lists}
    for name in config.lists:
        if name not in used:
            yield ("lists", name), f"no digest goes to the list {name}"


def _idle(name: str, digest: Digest) -> _Found:
    """What speaks of an hour, or of several reviews, says nothing where each review has a letter of its own."""
    for key in ("max_lateness", "cap", "sections", "lead", "approval_ahead") if digest.every else ():
        if getattr(digest, key) != Digest.model_fields[key].default:
            yield ("digests", name, key), "means nothing beside every: each letter carries one review, as it comes"


def _feed_warnings(config: Config) -> _Found:
    for name, feed in config.feeds.items():
        if not feed.settle:
            yield ("feeds", name, "settle"), "at 0, a post goes out before its first correction can"
        if feed.every < timedelta(minutes=1) and feed.url.startswith("http"):
            yield ("feeds", name, "every"), "asking a server more than once a minute may get you shut out"
        if feed.backfill and config.mail and config.mail.route:
            yield (
                ("feeds", name, "backfill"),
                f"the first poll announces {feed.backfill} posts that are already out",
            )


def _secret_warnings(config: Config) -> _Found:
    if config.mail:
        yield from _mail_secrets(config, config.mail)
    for name, account in config.accounts.items():
        yield from _absent(config, ("accounts", name), "token", account.token_env, account.token_file)


def _mail_secrets(config: Config, mail: Mail) -> _Found:
    for name, relay in mail.route.items():
        yield from _absent(config, mail.relay_keys(name), "password", relay.password_env, relay.password_file)
    if imap := mail.mailbox and mail.mailbox.imap:
        yield from _absent(config, ("mail", "mailbox", "imap"), "password", imap.password_env, imap.password_file)


def _absent(config: Config, at: Keys, kind: str, variable: str | None, file: object) -> _Found:
    lost = "nothing that comes back would be read" if at[:2] == ("mail", "mailbox") else "sending would stop"
    if variable and not config.environ.get(variable):
        yield (*at, f"{kind}_env"), f"the variable {variable} is not set here; {lost}"
    if file and not config.resolve(str(file)).is_file():
        yield (*at, f"{kind}_file"), f"{file} is not there; {lost}"
