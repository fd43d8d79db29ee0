"""The description of a whole installation fits what it describes: roles, settings, rooms, names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from gateway.app import Role
from gateway.config import Config

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if service.get("image") == "inbox-gateway"}
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
LAST_STAGE = DOCKERFILE.rpartition("\nFROM ")[2]


def test_everything_an_installation_needs_is_there() -> None:
    assert SERVICES.keys() == {
        "migrate", "web1", "web2", "worker", "listener", "postgres", "redis", "proxy",
    }  # fmt: skip
    assert {"files", "postgres", "certificates"} == COMPOSE["volumes"].keys()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_that_stays_says_whether_it_is_well_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    if name == "migrate":
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or (name in OURS and "HEALTHCHECK" in LAST_STAGE)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_use_roles_and_settings_that_exist(name: str) -> None:
    service = SERVICES[name]
    known = {f"INBOX_{field.upper()}" for field in Config.model_fields}
    assert service["environment"].keys() <= known
    if name == "migrate":
        assert service["command"] == ["migrate"]
        return
    serve, option, role = service["command"]
    assert (serve, option) == ("serve", "--role")
    assert role in get_args(Role)
    assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_who_is_waited_for_and_what_is_mounted_exists() -> None:
    for service in SERVICES.values():
        assert service.get("depends_on", {}).keys() <= SERVICES.keys()
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists()


def test_only_the_proxy_is_reached_from_outside_and_it_knows_both_webs() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    proxied = (ROOT / "deploy/Caddyfile").read_text("utf-8")
    assert set(re.findall(r"(\w+):8080", proxied)) == {"web1", "web2"}
    assert "{$INBOX_DOMAIN}" in proxied


def test_the_image_carries_every_room_and_the_console_and_runs_as_nobody_special() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    rooms = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    for room in rooms:
        copied = rf"^COPY (--from=console /src/)?{room}/? {room}/?$"
        assert re.search(copied, LAST_STAGE, re.M), room
    assert re.search(r"^USER (?!root|0)", LAST_STAGE, re.M)
    assert DOCKERFILE.count("\nFROM ") >= 2
    assert "--require-hashes" in DOCKERFILE
    assert "apt-get" not in LAST_STAGE
