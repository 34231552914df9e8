"""The letter's own words in the site's language, and how it writes dates, numbers, names and ratings.

A language is one mapping in `LANGUAGES`; a test holds each to the same keys and the same {places} as English. A site
in a language that has no mapping gets English sentences, with dates and numbers still in its own manner (Babel).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from syndicate.compose import page_words
from syndicate.reviews.model import Rating

ENGLISH: Mapping[str, str] = {
    **page_words.ENGLISH,
    "issue": "Issue {number}",
    "new_review": "A new review",
    "in_this_issue": "In this issue",
    "note": "A word from the editor",
    "browser": "View in browser",
    "others.one": "{count} more",
    "others.other": "{count} more",
    "read_review": "Read the review of {film}",
    "read_post": "Read “{film}”",
    "picture": "A picture from {film}",
    "rating": "{value} out of {maximum}",
    "rated": "Rated {rating}",
    "review_by": "Review by {names}",
    "directed_by": "Directed by {names}",
    "cast": "With {names}",
    "tv-review": "TV review",
    "book-review": "Book review",
    "also": "Also: {films}.",
    "from_site": "New from {site}, issue {number}.",
    "more.one": "And {count} more review on {site}",
    "more.other": "And {count} more reviews on {site}",
    "visit": "Everything else is on {site}",
    "subject.review": "{film}, reviewed",
    "subject.one": "{film}, reviewed (issue {number})",
    "subject.two": "{film} and {second} (issue {number})",
    "subject.many": "{film}, {second} and {count} more (issue {number})",
    "subject.lead": "{film} and {count} more (issue {number})",
    "subject.none": "{site}: issue {number}",
    "unsubscribe": "Unsubscribe",
    "why": "You are getting this letter because you subscribed to {digest} from {site}.",
    "why_site": "You are getting this letter because you subscribed to {site}.",
    "why_list": "This letter reached you through a mailing list. To stop it, leave that list as its own messages say.",
    "leave_web": "Unsubscribe on the web",
    "leave_mail": "Unsubscribe by email (an empty message is enough)",
    "sent_by": "Sent by {site}",
    "quoted": "“{name}”",
    "notice_confirm_subject": "Please confirm: {list} from {site}",
    "notice_confirm_subject_many": "Please confirm: letters from {site}",
    "notice_confirm_title": "Was it you?",
    "notice_confirm_1": "Somebody, we hope it was you, asked us to send {list} from {site} to this address.",
    "notice_confirm_2": (
        "If it was you, press the button here, and once more on the page that opens: then the letters begin. If "
        "not, do nothing. You will get no more mail from us, and the request expires."
    ),
    "notice_confirm_link": "Yes, it was me",
    "notice_already_subject": "You are getting {list} from {site} already",
    "notice_already_subject_many": "You are getting these letters from {site} already",
    "notice_already_title": "You are subscribed already",
    "notice_already_1": (
        "Somebody, perhaps you, asked us to send {list} from {site} to this address. You are getting that "
        "already, so nothing has changed."
    ),
    "notice_already_2": (
        "If the letters do not reach you, look in your spam folder, and add our address to your contacts."
    ),
    "notice_already_link": "See or change what you get",
    "notice_welcome_subject": "Welcome to {list} from {site}",
    "notice_welcome_subject_many": "Welcome to the letters from {site}",
    "notice_welcome_title": "Welcome",
    "notice_welcome_1": "It is good to have you with us. From now on, {list} from {site} will come to this address.",
    "notice_welcome_2": (
        "So that nothing lands in your spam folder, add our address to your contacts. You can leave at any time: "
        "each letter has a link for it."
    ),
    "notice_welcome_issue": "The latest issue follows this letter.",
    "notice_welcome_link": "See or change what you get",
    "notice_why": "This letter was sent because of a request to subscribe this address at {site}.",
}

GERMAN: Mapping[str, str] = {
    **page_words.GERMAN,
    "issue": "Ausgabe {number}",
    "new_review": "Eine neue Kritik",
    "in_this_issue": "In dieser Ausgabe",
    "note": "Ein Wort der Redaktion",
    "browser": "Im Browser ansehen",
    "others.one": "{count} weitere",
    "others.other": "{count} weitere",
    "read_review": "Die Kritik zu {film} lesen",
    "read_post": "„{film}“ lesen",
    "picture": "Ein Bild aus {film}",
    "rating": "{value} von {maximum}",
    "rated": "Wertung: {rating}",
    "review_by": "Kritik von {names}",
    "directed_by": "Regie: {names}",
    "cast": "Mit {names}",
    "tv-review": "Serienkritik",
    "book-review": "Buchkritik",
    "also": "Außerdem: {films}.",
    "from_site": "Neu von {site}, Ausgabe {number}.",
    "more.one": "Und {count} weitere Kritik auf {site}",
    "more.other": "Und {count} weitere Kritiken auf {site}",
    "visit": "Alles andere steht auf {site}",
    "subject.review": "{film} in der Kritik",
    "subject.one": "{film} in der Kritik (Ausgabe {number})",
    "subject.two": "{film} und {second} (Ausgabe {number})",
    "subject.many": "{film}, {second} und {count} weitere (Ausgabe {number})",
    "subject.lead": "{film} und {count} weitere (Ausgabe {number})",
    "subject.none": "{site}: Ausgabe {number}",
    "unsubscribe": "Abbestellen",
    "why": "Du bekommst diesen Brief, weil du {digest} von {site} abonniert hast.",
    "why_site": "Du bekommst diesen Brief, weil du {site} abonniert hast.",
    "why_list": "Dieser Brief kam über eine Mailingliste. Wer ihn nicht mehr will, verlässt die Liste auf deren Weg.",
    "leave_web": "Im Web abbestellen",
    "leave_mail": "Per E-Mail abbestellen (eine leere Nachricht genügt)",
    "sent_by": "Gesendet von {site}",
    "quoted": "„{name}“",
    "notice_confirm_subject": "Bitte bestätigen: {list} von {site}",
    "notice_confirm_subject_many": "Bitte bestätigen: Briefe von {site}",
    "notice_confirm_title": "Warst du das?",
    "notice_confirm_1": "Jemand, hoffentlich du, hat uns gebeten, {list} von {site} an diese Adresse zu schicken.",
    "notice_confirm_2": (
        "Wenn du es warst, drück hier auf den Knopf und dann noch einmal auf der Seite, die sich öffnet: Dann "
        "geht es los. Wenn nicht, brauchst du nichts zu tun. Du bekommst keine weitere Post von uns, und die "
        "Anfrage verfällt."
    ),
    "notice_confirm_link": "Ja, das war ich",
    "notice_already_subject": "Du bekommst {list} von {site} schon",
    "notice_already_subject_many": "Du bekommst diese Briefe von {site} schon",
    "notice_already_title": "Du bist schon angemeldet",
    "notice_already_1": (
        "Jemand, vielleicht du, hat uns gebeten, {list} von {site} an diese Adresse zu schicken. Das bekommst du "
        "schon, es hat sich also nichts geändert."
    ),
    "notice_already_2": (
        "Wenn die Briefe nicht ankommen, schau im Spam-Ordner nach, und nimm unsere Adresse in deine Kontakte auf."
    ),
    "notice_already_link": "Ansehen oder ändern, was du bekommst",
    "notice_welcome_subject": "Willkommen bei {list} von {site}",
    "notice_welcome_subject_many": "Willkommen bei den Briefen von {site}",
    "notice_welcome_title": "Willkommen",
    "notice_welcome_1": "Schön, dass du dabei bist. Von jetzt an schicken wir dir {list} von {site}.",
    "notice_welcome_2": (
        "Damit nichts im Spam-Ordner landet, nimm unsere Adresse in deine Kontakte auf. Abbestellen kannst du "
        "jederzeit: In jedem Brief steht ein Link dafür."
    ),
    "notice_welcome_issue": "Die neueste Ausgabe folgt diesem Brief.",
    "notice_welcome_link": "Ansehen oder ändern, was du bekommst",
    "notice_why": "Dieser Brief kam, weil jemand diese Adresse bei {site} angemeldet hat.",
}

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}

SCRIPTS: Mapping[str, str] = {"HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "HEBREW": "he", "GREEK": "el"}
"""Scripts that tell the language. Arabic, Cyrillic and Han serve many languages: a wrong guess is worse than none."""

_MARKS: Mapping[str, str] = {"ltr": "\u200e", "rtl": "\u200f"}
"""Unseen characters that lead the eye back into the sentence (UAX #9 §2.6)."""


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """Return Babel's locale of a BCP 47 tag; English where it knows none.

    Plain "en" is read as international English (20 November 2026), not as that of the United States.
    """
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "001")
    return Locale("en", "001") if str(locale) == "en" else locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language at work: `t("issue", number=34)` in templates, and the site's manner of writing values."""

    language: str
    timezone: str

    def __call__(self, key: str, **values: object) -> str:
        """Return a sentence with its places filled. Raises KeyError for a key that is no sentence of ours."""
        return self._sentences[key].format(**values)

    def count(self, key: str, count: int, **values: object) -> str:
        """Return the sentence in the plural form that the language has for `count` (CLDR)."""
        form = f"{key}.{self.locale.plural_form(count)}"
        return self(form if form in self._sentences else f"{key}.other", count=count, **values)

    @property
    def known(self) -> bool:
        """Return whether the sentences are in the site's language, and not in English for want of them."""
        return self.locale.language in LANGUAGES

    @property
    def _sentences(self) -> Mapping[str, str]:
        return LANGUAGES.get(self.locale.language, ENGLISH)

    @property
    def locale(self) -> Locale:
        """Return the manner in which dates, numbers and lists are written."""
        return locale_of(self.language)

    @property
    def direction(self) -> str:
        """Return "ltr" or "rtl"."""
        return "rtl" if self.locale.character_order == "right-to-left" else "ltr"

    def date(self, moment: datetime) -> str:
        """Return the site's day at that moment, written out: "Friday 20 November 2026"."""
        return format_date(moment.astimezone(ZoneInfo(self.timezone)), format="full", locale=self.locale)

    def names(self, names: Sequence[str]) -> str:
        """Return "A", "A and B" or "A, B and C", in the language of the sentences that it stands in."""
        locale = self.locale if self.known else Locale("en", "001")
        return format_list([self.name(name) for name in names], style="standard", locale=locale)

    def quoted(self, names: Sequence[str]) -> str:
        """Return names as `names` does, each in quotation marks of its own."""
        return self.names([self("quoted", name=self.name(name)) for name in names])

    def name(self, name: str) -> str:
        """Return a name as it may stand in a sentence of ours: one that runs the other way ends in a direction mark.

        Without it, two Arabic titles with a comma between would change places in an English sentence.
        """
        own = self.direction if self.known else "ltr"
        turned = _direction([char for char in name if char.isalpha()], own) != own
        return name + _MARKS[own] if turned else name

    def number(self, value: float) -> str:
        """Return "3.5" or "3,5", with no zeros at the end."""
        return format_decimal(value, format="#,##0.##", locale=self.locale)

    def rating(self, rating: Rating) -> str:
        """Return the rating as it is said aloud: "3.5 out of 5", or the letter."""
        if rating.value is None or rating.maximum is None:
            return rating.letter or ""
        return self("rating", value=self.number(rating.value), maximum=self.number(rating.maximum))


def stars(rating: Rating) -> str:
    """Return "★★★½☆" for a rating of whole or half stars out of at most five, else an empty string.

    Nothing is rounded: 3.7 of 5 and 8 of 10 are said in words alone.
    """
    if rating.value is None or rating.maximum is None:
        return ""
    halves, most = rating.value * 2, rating.maximum
    if halves != int(halves) or most != int(most) or not 3 <= most <= 5 or not 0 <= rating.value <= most:
        return ""
    whole, half = divmod(int(halves), 2)
    return "★" * whole + "½" * half + "☆" * (int(most) - whole - half)


def tongue(text: str, words: Words) -> Mapping[str, str]:
    """Return the lang and dir that a text needs where it differs from the letter's, by its script; else nothing."""
    if text.isascii() and words.direction == "ltr":
        return {}
    letters = [char for char in text if char.isalpha()]
    attributes: dict[str, str] = {}
    scripts = [unicodedata.name(char, "").split(" ")[0] for char in letters]
    language = next((SCRIPTS[script] for script in scripts if script in SCRIPTS), None)
    if language and language != words.locale.language and _share(scripts, language) > 0.5:
        attributes["lang"] = language
    direction = _direction(letters, words.direction)
    if direction != words.direction:
        attributes["dir"] = direction
    return attributes


def _share(scripts: Sequence[str], language: str) -> float:
    """Return how much of the text is in the language's scripts; Japanese is written in Han characters too."""
    own = {script for script, tongue_ in SCRIPTS.items() if tongue_ == language} | (
        {"CJK"} if language == "ja" else set()
    )
    return sum(script in own for script in scripts) / len(scripts)


def _direction(letters: Sequence[str], default: str) -> str:
    """Return the direction of most of the letters."""
    leftward = sum(unicodedata.bidirectional(char) in ("R", "AL") for char in letters)
    return default if not letters else "rtl" if leftward * 2 > len(letters) else "ltr"
