"""A return mailbox in a Maildir on this machine (https://cr.yp.to/proto/maildir.html)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syndicate.errors import ChannelError
from syndicate.mailbox.model import ASIDE, DONE, HEAD_BYTES, Message

PLACES = ("new", "cur", "tmp")


class MaildirMailbox:
    """A Maildir; what was read moves to Maildir++ subfolders of it, ".syndicate-done" and ".syndicate-aside"."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not all((folder / place).is_dir() for place in ("new", "cur")):
            raise ChannelError(
                "there is no Maildir: it has no folders new and cur",
                where=str(folder),
                hint="check mail.mailbox.maildir in config.yaml, and that the mail server has delivered to it once",
            )

    def messages(self) -> Iterator[Message]:
        """Yield the messages of new/ and cur/, by name, which begins with the time of arrival."""
        with _explained(self._folder):
            names = [(each.name, place) for place in ("new", "cur") for each in (self._folder / place).iterdir()]
        for name, place in sorted(names):
            path = self._folder / place / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield from _read(path, f"{place}/{name}")

    def settle(self, message: str, *, aside: bool) -> None:
        """Move a message; aside it is new to the editor's mail program, done it is seen."""
        place, _, name = message.partition("/")
        with _explained(self._folder):
            folder = _made(self._folder / f".{ASIDE if aside else DONE}")
            plain, _, flags = name.partition(":2,")
            seen = "".join(sorted({*flags, "S"}))
            target = folder / "new" / plain if aside else folder / "cur" / f"{plain}:2,{seen}"
            try:
                (self._folder / place / name).rename(_free(target))
            except FileNotFoundError:
                return

    def aside(self) -> int:
        """Return how many messages wait aside."""
        folder = self._folder / f".{ASIDE}"
        with _explained(self._folder):
            return sum(1 for place in ("new", "cur") if (folder / place).is_dir() for _ in (folder / place).iterdir())


def _read(path: Path, name: str) -> Iterator[Message]:
    """Yield a message; one that cannot be read has no head, and so it goes aside and keeps no other from its turn."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError:
        size, head = 0, b""
    yield Message(id=name, head=head, size=size)


def _made(folder: Path) -> Path:
    for place in PLACES:
        (folder / place).mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "maildirfolder").touch()
    return folder


def _free(path: Path) -> Path:
    """Return a path that nothing has: renaming would overwrite it."""
    plain, mark, flags = path.name.partition(":2,")
    others = (path.with_name(f"{plain}-{number}{mark}{flags}") for number in itertools.count(2))
    return next(each for each in itertools.chain([path], others) if not each.exists())


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ChannelError(
            f"the Maildir cannot be read or written: {error.strerror}",
            where=str(error.filename or folder),
            hint="let the user that runs syndicate read and write it",
        ) from error
