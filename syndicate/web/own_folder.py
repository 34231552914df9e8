"""A folder that we write and know again: by a list of what we wrote, which lies in it.

Nothing is overwritten or removed that is not on that list, nothing is written outside of the folder (no link in it is
followed), each file appears whole or not at all, and one that has its bytes already is not touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from syndicate.channels.outbox_files import write_whole
from syndicate.errors import ConfigError

HINT = "name an empty folder, or one that does not exist yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """What came of it, by paths within the folder."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFolder:
    """A folder, the name of the list in it, and which paths may be ours at all."""

    folder: Path
    list_name: str
    ours: re.Pattern[str]
    """Nothing else is believed of a list: it may have been written by anybody."""

    def check(self) -> None:
        """Raise ConfigError where the folder has things in it and no list of ours."""
        with self._told():
            self._known()

    def write(self, files: Mapping[str, bytes]) -> Wrote:
        """Make the folder hold these files of ours and no others. Raises ConfigError where it cannot, or may not."""
        with self._told():
            known = self._known()
            self._check_free(set(files) - known)
            # The list comes first and says more than is there: a run that is cut off can be gone on with.
            self._keep_list(known | set(files))
            written = tuple(path for path in sorted(files) if self._put(path, files[path]))
            removed = tuple(path for path in sorted(known - set(files)) if self._remove(path))
            self._keep_list(set(files))
        unchanged = tuple(path for path in sorted(files) if path not in written)
        return Wrote(written=written, unchanged=unchanged, removed=removed)

    def _known(self) -> set[str]:
        """Return what an earlier run wrote."""
        try:
            listed = json.loads((self.folder / self.list_name).read_text(encoding="utf-8"))["files"]
            return {path for path in listed if isinstance(path, str) and self.ours.fullmatch(path)}
        except FileNotFoundError:
            if self.folder.exists() and any(not each.name.startswith(self.list_name) for each in self.folder.iterdir()):
                raise _strange(self.folder, "the folder is not empty, and nothing says that it is ours") from None
            return set()
        except (ValueError, TypeError, KeyError):
            where = self.folder / self.list_name
            raise _strange(where, "the list of what an earlier run wrote cannot be read") from None

    def _check_free(self, fresh: set[str]) -> None:
        for path in sorted(fresh):
            if (self.folder / path).exists():
                raise _strange(self.folder / path, "there is a file of this name, and it is none of ours")

    def _put(self, path: str, content: bytes) -> bool:
        """Write a file whole where it has other bytes or is not there; return whether it had to be."""
        file = self.folder / path
        self._check_inside(path)
        if file.is_file() and not file.is_symlink() and file.read_bytes() == content:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content)
        return True

    def _remove(self, path: str) -> bool:
        """Remove a file, and the folders that it leaves empty."""
        file = self.folder / path
        self._check_inside(path)
        if not file.is_file():
            return False
        file.unlink()
        for above in tuple(file.parents)[: len(Path(path).parts) - 1]:
            if not any(above.iterdir()):
                above.rmdir()
        return True

    def _check_inside(self, path: str) -> None:
        """Raise ConfigError where a folder on the way to a file is a link, which may lead anywhere."""
        for above in Path(path).parents[:-1]:
            if (self.folder / above).is_symlink():
                raise _strange(self.folder / above, "this is a link, which may lead out of the folder")

    def _keep_list(self, files: set[str]) -> None:
        self._put(self.list_name, (json.dumps({"files": sorted(files)}, indent=1) + "\n").encode())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what the disk refuses as a fault of the folder that was named."""
        try:
            yield
        except OSError as error:
            raise ConfigError(
                f"the folder cannot be written: {error.strerror or error}",
                where=str(error.filename or self.folder),
                hint="free some space, mend the folder's permissions, or name another folder",
            ) from error


def _strange(where: Path, what: str) -> ConfigError:
    return ConfigError(what, where=str(where), hint=HINT)
