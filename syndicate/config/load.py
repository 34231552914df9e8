"""The file, the schema and the checks together: a frozen Config, or one error that tells every fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from syndicate.config.checks import cross_faults
from syndicate.config.reference import key_names, part_at, parts_with
from syndicate.config.schema import Config
from syndicate.config.source import Fault, Keys, Source, parse_source
from syndicate.config.values import did_you_mean, nearest
from syndicate.errors import ConfigError

_MEMBERS = frozenset({"members", "subscribers", "people", "readers", "recipients"})
_SECRETS = frozenset({"password", "token", "access_token", "secret", "secret_key"})


class ConfigFaults(ConfigError):
    """Every fault of a configuration at once, in the order of their lines."""

    def __init__(self, path: Path, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(fault.told(str(path)) for fault in faults))
        self.path = path
        self.faults = faults


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the configuration at `path`, checked within and between its keys; reads that file and no other.

    `environ` is kept, and asked for secrets at the moment of use. Raises ConfigError for a file that is not
    there, else ConfigFaults with all that is wrong, a line each: "config.yaml line 4: site.nam: no such key".
    """
    source = parse_source(_read(path))
    faults = list(source.faults)
    if not source.marks:
        raise ConfigFaults(path, tuple(faults))
    config, wrong = _validate(source, path)
    faults += [*wrong, *cross_faults(source)]
    if config is None or faults:
        raise ConfigFaults(path, tuple(sorted(faults, key=lambda fault: fault.line or 0)))
    config._environ = environ
    config._marks = source.marks
    return config


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            "there is no such file",
            where=str(path),
            hint="`syndicate init` writes one, or name yours with --config",
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _validate(source: Source, path: Path) -> tuple[Config | None, list[Fault]]:
    tree: dict[str, object] = {**source.tree}
    own = [_unknown(source, ("path",))] if tree.pop("path", None) is not None else []
    try:
        return Config.model_validate({**tree, "path": path}), own
    except ValidationError as error:
        return None, own + [_fault(source, detail) for detail in _told_once(error, source)]


def _told_once(error: ValidationError, source: Source) -> Iterator[ErrorDetails]:
    """Leave out what only follows from another fault: an unreadable value is missing, a list of wrong ones empty."""
    unreadable = {fault.keys for fault in source.faults}
    details = error.errors(include_url=False)
    holders = {detail["loc"][:-1] for detail in details}
    for detail in details:
        emptied = detail["type"] == "too_short" and detail["loc"] in holders
        if detail["loc"] not in unreadable and not emptied:
            yield detail


def _fault(source: Source, detail: ErrorDetails) -> Fault:
    keys: Keys = tuple(key for key in detail["loc"] if key != "[key]")
    if detail["type"] == "extra_forbidden":
        return _unknown(source, keys)
    return Fault(line=source.line(keys), keys=keys, what=_words(detail))


def _unknown(source: Source, keys: Keys) -> Fault:
    return Fault(line=source.line(keys), keys=keys, what=f"no such key{_instead(source, keys)}")


def _instead(source: Source, keys: Keys) -> str:
    """Return what was probably meant: the nearest key here, or the part that has this key."""
    name = str(keys[-1])
    known = key_names(part_at(keys[:-1]))
    if name in _SECRETS:
        ways = [key for key in known if key.endswith(("_env", "_file"))]
        return f"; secrets are not written in this file: use {' or '.join(ways) or 'a variable'}"
    if keys[0] == "lists" and name in _MEMBERS:
        return _members(source, keys)
    if nearest(name, known):
        return did_you_mean(name, known)
    if homes := parts_with(name):
        return f"; it belongs under {homes[0]}:"
    return did_you_mean(name, known)


def _members(source: Source, keys: Keys) -> str:
    if (*keys[:-1], "address") in source.marks:
        return "; a list has either an address, whose list server owns its members, or members of ours"
    return f"; people are not written here: syndicate subscribers import FILE --list {keys[1]}"


def _words(detail: ErrorDetails) -> str:
    """Return what is wrong with a value in an editor's words. Values are told in brief."""
    context: dict[str, Any] = detail.get("ctx", {})
    kind, value = detail["type"], detail.get("input")
    match kind:
        case "missing":
            return "is missing"
        case "value_error":
            return str(context["error"])
        case "enum" | "literal_error":
            choices = context["expected"].replace(" or ", ", ").replace("'", "")
            return f"{_brief(value)} is not one of {choices}"
        case "string_type" if isinstance(value, int):
            return f'is a {_sort(value)}; put it in quotes, as "{str(value).lower()}"'
        case "int_type" | "int_parsing" | "int_from_float":
            return f"{_brief(value)} is no whole number"
        case "bool_type" | "bool_parsing":
            return f"{_brief(value)} is neither true nor false"
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            return _bound(kind, context)
        case "too_short":
            return "needs at least one"
        case _:
            return f"{_brief(value)} is not {_expected(kind)}"


def _bound(kind: str, context: Mapping[str, Any]) -> str:
    limit = next(context[key] for key in ("ge", "le", "gt", "lt") if key in context)
    sense = {"greater_than_equal": "at least", "less_than_equal": "at most", "greater_than": "more than"}
    return f"must be {sense.get(kind, 'less than')} {limit}"


def _brief(value: object) -> str:
    match value:
        case dict():
            return "a group of keys"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return f'"{str(value)[:60]}"'


def _sort(value: object) -> str:
    return "yes-or-no value" if isinstance(value, bool) else "number"


def _expected(kind: str) -> str:
    """Return what was wanted where the shape itself is wrong: text, a list, a group of keys."""
    if kind in ("model_type", "model_attributes_type", "mapping_type", "dict_type"):
        return "a group of keys; indent them under it"
    if kind in ("tuple_type", "list_type"):
        return "a list; write it as [one, two]"
    if kind == "path_type":
        return "a path"
    return "text"
