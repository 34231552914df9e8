"""A configuration that is good, for tests to spoil."""

from __future__ import annotations

from pathlib import Path

from syndicate.config import Config, load_config

GOOD = """\
site:
  name: The Lantern
  url: https://lantern.example
  timezone: Europe/Dublin
  postal: 12 Quay Lane, Galway
feeds:
  reviews:
    url: https://lantern.example/feed
mail:
  from: The Lantern <news@lantern.example>
  unsubscribe_mailto: leave@lantern.example
  relay:
    host: smtp.example.org
    user: news
    password_env: SMTP_PASSWORD
lists:
  readers: {name: Weekly readers}
  films: {address: films@lists.example}
digests:
  weekly:
    lists: [readers, films]
    at: fri 09:00
accounts:
  main:
    instance: https://mastodon.example
    token_env: TOKEN
notify: ed@lantern.example
"""
ENVIRON = {"SMTP_PASSWORD": "hush", "TOKEN": "abc"}


def loaded(folder: Path, text: str = GOOD, environ: dict[str, str] | None = None) -> Config:
    """Write the text as config.yaml into the folder, and load it."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, ENVIRON if environ is None else environ)


def spoiled(old: str, new: str) -> str:
    """Return the good configuration with one passage changed; it must be there, once."""
    assert GOOD.count(old) == 1, f"{old!r} stands {GOOD.count(old)} times"
    return GOOD.replace(old, new)
