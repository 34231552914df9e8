"""Makes syndicate/compose/lint/clients.json: `python -m tests.compose.lint.make_clients FOLDER`.

FOLDER is the npm package caniemail, unpacked: it carries the tests of caniemail.com as data/caniemail.json, under the
MIT licence. What is kept of them is what the lint speaks of: which programs failed the newest test of a feature.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from syndicate.compose.lint import clients

CLIENTS = {
    "Gmail": "gmail/desktop-webmail",
    "Outlook on Windows": "outlook/windows",
    "Outlook.com": "outlook/outlook-com",
    "Outlook for Mac": "outlook/macos",
    "Yahoo Mail": "yahoo/desktop-webmail",
    "Apple Mail": "apple-mail/macos",
    "Thunderbird": "thunderbird/macos",
    "Samsung Email": "samsung-email/android",
}
APPS = ("gmail/ios", "gmail/android")
ELSEWHERE = "the Gmail app with another provider's account"
FEATURES: dict[str, tuple[str, str | None]] = {
    "position": ("css-position", None),
    "float": ("css-float", None),
    "display:flex": ("css-display-flex", None),
    "display:grid": ("css-display-grid", None),
    "var()": ("css-variables", None),
    "calc()": ("css-unit-calc", None),
    "background-image": ("css-background-image", None),
    "@import": ("css-at-import", None),
    "negative margin": ("css-margin", "negative values are not supported"),
    "max-width": ("css-max-width", "only works on `<table>`"),
    "padding": ("css-padding", "only supported on table cells"),
    "webp": ("image-webp", None),
    "avif": ("image-avif", None),
    "svg": ("image-svg", None),
    "data:": ("image-base64", None),
    "inline svg": ("html-svg", None),
    "srcset": ("html-srcset", None),
    "link": ("html-link", None),
    "form": ("html-form", "not submit"),
    "video": ("html-video", None),
    "audio": ("html-audio", None),
}
"""Our name → theirs, and the words of a note that say that a part of it failed which is the part we speak of."""


def made(data: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return what clients.json holds."""
    features = {each["slug"]: each for each in data["data"]}
    return {
        "source": "the tests of caniemail.com, from the npm package caniemail",
        "version": version,
        "date": data["last_update_date"][:10],
        "license": "MIT, © Avi Goldman, © Andrew Powell",
        "features": {name: _feature(features[slug], words) for name, (slug, words) in FEATURES.items()},
    }


def _feature(feature: Mapping[str, Any], words: str | None) -> dict[str, Any]:
    return {
        "page": feature["url"],
        "tested": feature["last_test_date"],
        "ignored_by": list(_ignoring(feature, words)),
    }


def _ignoring(feature: Mapping[str, Any], words: str | None) -> Iterator[str]:
    for name, place in CLIENTS.items():
        if _fails(feature, place, words):
            yield name
    if not _fails(feature, CLIENTS["Gmail"], words) and any(_fails(feature, app, "with non google") for app in APPS):
        yield ELSEWHERE


def _fails(feature: Mapping[str, Any], place: str, words: str | None) -> bool:
    """Return whether the newest test of a program failed, or has a note with these words."""
    family, _, platform = place.partition("/")
    results = list(feature["stats"].get(family, {}).get(platform, {}).values())
    if not results:
        return False
    result, *notes = results[-1].split()
    told = " ".join((feature["notes_by_num"] or {}).get(note.strip("#"), "") for note in notes).lower()
    return result == "n" or (words is not None and words in told)


def main() -> None:
    """Write the file from a package's folder."""
    folder = Path(sys.argv[1])
    version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    data = json.loads((folder / "data/caniemail.json").read_text(encoding="utf-8"))
    text = json.dumps(made(data, version), indent=1, ensure_ascii=False)
    Path(clients.__file__).with_name("clients.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
