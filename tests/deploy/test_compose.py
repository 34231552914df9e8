"""The compose file, read without Docker: against itself, our command line and our configuration."""

from __future__ import annotations

import re
from datetime import timedelta

import click
import pytest

from syndicate.config.measures import parse_duration
from tests.deploy.files import (
    DEPLOY,
    ROOT,
    compose,
    full_command,
    health_command,
    image_command,
    ours,
    parsed,
    services,
)

every_service = pytest.mark.parametrize("name", services())
every_one_of_ours = pytest.mark.parametrize("name", ours())
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
PAGE = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
"""What its readers do before they start it."""


def lasting() -> list[str]:
    """Return the services of ours that do not end by themselves."""
    return [name for name in ours() if not ours()[name]["restart"].startswith("on-failure")]


def test_there_are_a_database_a_migration_a_clock_workers_and_pages() -> None:
    assert list(services()) == ["postgres", "migrate", "clock", "worker", "web"]
    assert services()["worker"]["deploy"]["replicas"] >= 2
    assert [full_command(name)[2:4] for name in ours()] == [
        ["cluster", "migrate"],
        ["run", "--health"],
        ["worker", "--concurrency"],
        ["web", "--listen"],
    ]


@every_one_of_ours
def test_every_command_is_one_of_ours_with_options_that_it_has(name: str) -> None:
    program, *words = full_command(name)
    assert program == "syndicate"
    assert parsed(words)


def test_a_command_that_is_none_would_be_noticed() -> None:
    for words in (["migrate"], ["worker", "--parallel", "2"], ["worker", "--concurrency", "many"], ["web", "here"]):
        with pytest.raises(click.UsageError):
            parsed([*image_command("ENTRYPOINT")[1:], *words])


@pytest.mark.parametrize("name", lasting())
def test_each_is_asked_how_it_is_where_it_tells(name: str) -> None:
    _, *words = full_command(name)
    options = parsed(words)
    port = (options.get("health") or options["listen"]).rpartition(":")[2]
    question = health_command(name)
    assert question
    assert question[:2] == ["python", "-c"]
    assert f"http://127.0.0.1:{port}/readyz" in question[2]
    compile(question[2], name, "exec")


@every_service
def test_what_a_service_waits_for_is_there_and_can_come(name: str) -> None:
    for other, waiting in services()[name].get("depends_on", {}).items():
        assert waiting["condition"] in CONDITIONS
        if waiting["condition"] == "service_healthy":
            assert services()[other]["healthcheck"]["test"]
        if waiting["condition"] == "service_completed_successfully":
            assert services()[other]["restart"].startswith("on-failure"), "what ends well is not begun again"


@pytest.mark.parametrize("name", [*lasting(), "postgres"])
def test_what_lasts_is_begun_again_and_ended_gently(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    assert parse_duration(service["stop_grace_period"]) >= timedelta(minutes=1)


@every_one_of_ours
def test_a_letter_on_a_wire_has_time_to_be_answered(name: str) -> None:
    from syndicate.config import Relay

    patience = Relay.model_fields["timeout"].default
    assert parse_duration(ours()[name]["stop_grace_period"]) > 1.5 * patience


@every_one_of_ours
def test_ours_can_write_its_folder_and_nothing_else(name: str) -> None:
    service = ours()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [each.partition(":")[2] for each in service["volumes"]] == ["/srv/syndicate"]
    assert "privileged" not in service
    assert "user" not in service


def test_only_this_machine_reaches_it() -> None:
    published = [each for service in services().values() for each in service.get("ports", ())]
    assert published == ["127.0.0.1:8026:8026"]


def test_what_is_named_is_declared() -> None:
    for service in services().values():
        named = [each.partition(":")[0] for each in service.get("volumes", ())]
        assert {each for each in named if not each.startswith(".")} <= set(compose()["volumes"])
        assert set(service.get("secrets", ())) <= set(compose()["secrets"])


def test_no_secret_stands_in_it_and_the_files_that_hold_them_are_in_no_image_and_not_in_git() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^\s*\w*(?:PASSWORD|TOKEN|SECRET)\w*: *(\S+)", text, re.MULTILINE) == [
        "/run/secrets/postgres-password"
    ]
    beside = {"syndicate.env", "postgres-password", "site/"}
    named = {
        *(file for service in ours().values() for file in service["env_file"]),
        *(secret["file"].removeprefix("./") for secret in compose()["secrets"].values()),
        *(
            each.partition(":")[0].removeprefix("./") + "/"
            for service in ours().values()
            for each in service["volumes"]
        ),
    }
    assert named == beside
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {f"/deploy/{name}" for name in beside} <= set(ignored)
    assert all(name.strip("/") in PAGE for name in beside)


def test_images_are_named_plainly() -> None:
    for service in services().values():
        assert re.fullmatch(r"[a-z]+(:\d+)?", service["image"])


def test_the_page_names_the_proxy_and_the_database_as_the_network_and_the_service_have_them() -> None:
    (pool,) = compose()["networks"]["default"]["ipam"]["config"]
    assert f"trusted_proxies: [{pool['gateway']}]" in PAGE
    database = services()["postgres"]["environment"]
    user, name = database["POSTGRES_USER"], database["POSTGRES_DB"]
    assert f"database: postgresql+psycopg://{user}@postgres/{name}" in PAGE


def test_the_page_speaks_of_services_and_scales_that_there_are() -> None:
    for line in re.findall(r"^    docker compose (.*)$", PAGE, re.MULTILINE):
        words = [word for word in line.split() if re.fullmatch(r"[a-z]+", word)]
        assert words[0] in {"up", "ps", "run", "exec", "stop"}
        if words[0] in {"run", "exec", "stop"}:
            assert words[1] in services()
        assert set(re.findall(r"--scale (\w+)=", line)) <= set(services())
    for line in re.findall(r"docker compose run (?:--\S+ )*\w+ (.*)$", PAGE, re.MULTILINE):
        assert parsed([*image_command("ENTRYPOINT")[1:], *line.split()])
