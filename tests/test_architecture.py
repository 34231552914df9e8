"""The shape of the code, read from its imports: a stage looks left, and the world is touched at the edges only."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import syndicate

ROOT = Path(syndicate.__file__).parent
MODULES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.rglob("*.py") if "templates" not in path.parts
)

BASE = {"errors", "protocols", "log", "schedule", "keyed", "__init__"}
"""What any stage may know: errors, seams, the log, the clock's arithmetic, the digest under a key."""
MAY_IMPORT: dict[str, set[str]] = {
    "feeds": set(),
    "reviews": {"feeds"},
    "compose": {"feeds", "reviews"},
    "audience": set(),
    "delivery": {"feeds", "reviews", "compose", "audience"},
    "channels": {"feeds", "reviews", "compose", "delivery"},
    "store": {"feeds", "reviews", "compose", "audience", "delivery", "returns"},
    "config": {"feeds", "reviews", "compose", "audience", "delivery"},
    "returns": {"audience"},
    "mailbox": {"audience", "returns"},
    "sample": set(),
}
"""Which other stages the modules of a stage may import. Those that are not named here (ON_TOP) are on top."""
ON_TOP = {"app", "pipeline", "engine", "cli", "web", "__main__", "testing"}
EDGES = ("store/", "mailbox/", "channels/", "cli/", "web/", "pipeline/", "engine/", "sample/", "config/")
EDGE_MODULES = {
    "app",
    "log",
    "testing",
    "__main__",
    "feeds/fetch",
    "feeds/network",
    "feeds/pictures",
}
"""Where the world may be touched: network, disk, clock."""
WORLD = {
    "httpx",
    "httpcore",
    "requests",
    "urllib.request",
    "http.client",
    "socket",
    "ssl",
    "smtplib",
    "asyncio",
    "sqlalchemy",
    "sqlite3",
    "psycopg",
    "procrastinate",
    "alembic",
    "mastodon",
    "subprocess",
    "threading",
    "random",
    "secrets",
    "tempfile",
    "shutil",
    "apscheduler",
    "click",
    "rich",
    "starlette",
    "uvicorn",
    "imaplib",
    "imap_tools",
    "mailbox",
}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "sleep"}
SLOW = {
    "sqlalchemy",
    "alembic",
    "pydantic",
    "premailer",
    "cssutils",
    "feedparser",
    "mastodon",
    "lxml",
    "nh3",
    "jinja2",
    "httpx",
    "rich",
    "PIL",
    "starlette",
    "uvicorn",
    "apscheduler",
    "babel",
    "ruamel",
    "itsdangerous",
    "imap_tools",
    "flufl",
    "procrastinate",
    "psycopg",
}
"""What `syndicate --help` must not load."""
MOST_LINES = 400


@cache
def tree(module: str) -> ast.Module:
    """Return a module's syntax."""
    return ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))


def imports(module: str) -> Iterator[str]:
    """Yield the full name of all that a module imports when it runs; what only types need is left out."""
    types_only = {
        id(node)
        for branch in ast.walk(tree(module))
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree(module)):
        if id(node) in types_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def stage_of(module: str) -> str:
    """Return the folder of a module, or its own name where it stands at the top."""
    return module.split("/")[0]


def own_imports(module: str) -> set[str]:
    """Return which of our stages a module imports."""
    names = (name.split(".") for name in imports(module) if name.split(".")[0] == "syndicate")
    return {
        parts[1] if (ROOT / parts[1]).exists() or (ROOT / f"{parts[1]}.py").exists() else "__init__" for parts in names
    }


def is_edge(module: str) -> bool:
    """Return whether a module may touch the world."""
    return module in EDGE_MODULES or module.startswith(EDGES)


PURE = [module for module in MODULES if not is_edge(module)]


def test_there_is_code_to_read() -> None:
    assert {"feeds/parse", "delivery/retry", "audience/policy", "schedule"} <= set(PURE)
    assert {"httpx", "ssl"} <= set(imports("feeds/fetch"))
    assert own_imports("store/entries") >= {"feeds", "reviews", "compose"}
    assert {stage_of(module) for module in MODULES} - BASE <= set(MAY_IMPORT) | ON_TOP


@pytest.mark.parametrize("module", [module for module in MODULES if stage_of(module) in MAY_IMPORT])
def test_a_stage_imports_only_what_stands_left_of_it(module: str) -> None:
    stage = stage_of(module)
    assert own_imports(module) - {stage} - BASE <= MAY_IMPORT[stage]


@pytest.mark.parametrize("module", PURE)
def test_a_decision_touches_no_world(module: str) -> None:
    loaded = set(imports(module))
    touched = {name for name in loaded for world in WORLD if name == world or name.startswith(f"{world}.")}
    assert touched == set()
    assert own_imports(module).isdisjoint({"store", "channels", "cli", "web", "app", "pipeline", "config"})


@pytest.mark.parametrize("module", PURE)
def test_a_decision_opens_no_file_and_reads_no_clock(module: str) -> None:
    calls = [node.func for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    named = {func.id for func in calls if isinstance(func, ast.Name)}
    assert named.isdisjoint({"open", "print", "input"})
    read = {
        f"{func.value.id}.{func.attr}"
        for func in calls
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name)
        if func.value.id in ("datetime", "date", "time") and func.attr in CLOCKS
    }
    assert read == set()


@pytest.mark.parametrize("module", [each for each in MODULES if each.startswith(("pipeline/", "store/"))])
def test_the_pipeline_and_the_store_ask_their_caller_for_the_time(module: str) -> None:
    read = {
        node.attr
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if node.value.id in ("datetime", "date", "time") and node.attr in CLOCKS
    }
    assert read == set()


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_longer_than_a_person_reads_in_one_sitting(module: str) -> None:
    assert len((ROOT / f"{module}.py").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=["--help", "--version"])
def test_help_loads_nothing_slow(arguments: list[str]) -> None:
    script = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules))))\n"
        "from syndicate.cli import main\n"
        f"main({arguments!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert "syndicate" in loaded
    assert loaded & SLOW == set()
