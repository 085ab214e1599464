# SPDX-License-Identifier: Apache-2.0
"""The files of deploy/ and the pages about running Clarion name only settings, commands, ports and files there are."""

import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

from clarion.cli.commands import app

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "docker" / "Dockerfile"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PAGES = [ROOT / "docs" / name for name in ("deployment.md", "backup.md", "growing.md")]
DEFAULTS = tomllib.loads((ROOT / "src" / "clarion" / "settings.default.toml").read_text("utf-8"))
PORT = DEFAULTS["server"]["port"]


def documents() -> list[dict[str, Any]]:
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text("utf-8"))]


def pods() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(document, pod) of everything that runs."""
    for one in documents():
        if one["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield one, one["spec"]["template"]["spec"]


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return found


def check_command(words: list[str]) -> None:
    """The command exists, and its options do."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    assert words[0] in group.commands, f"there is no command {words[0]}"
    command = group.commands[words[0]]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in words[1:]:
        if word.startswith("--"):
            assert word in options, f"clarion {words[0]} has no option {word}"


def test_every_variable_is_a_setting() -> None:
    settings = {f"CLARION_{table}_{key}".upper() for table, keys in DEFAULTS.items() for key in keys}
    files = [DOCKERFILE, COMPOSE, *MANIFESTS, *UNITS, *PAGES]
    pattern = re.compile(r"\bCLARION_[A-Z_]+\b")
    named = {(path.name, name) for path in files for name in pattern.findall(path.read_text("utf-8"))}
    assert len(named) > 15
    assert sorted((file, name) for file, name in named if name not in settings) == []


def test_every_command_is_there() -> None:
    commands = [container["args"] for _, pod in pods() for container in pod["containers"]]
    commands += [service["command"] for name, service in services().items() if name != "postgres"]
    (of_the_image,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    commands.append(json.loads(of_the_image))
    for unit in UNITS:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(unit.read_text("utf-8"))
        commands.append(shlex.split(parser["Service"]["ExecStart"])[1:])
    assert len(commands) >= 9
    for command in commands:
        check_command(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_the_pages_is_there(page: Path) -> None:
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    ours = "migrate|partition|erase|export|import|create-workspace"
    lines = re.findall(rf"(?:^|[ /])clarion ((?:{ours}).*)$", blocks, re.MULTILINE)
    found = [shlex.split(line.replace("…", "x"), comments=True) for line in lines]
    assert found
    for words in found:
        check_command(words)


def test_the_ports_are_the_programs() -> None:
    assert f"EXPOSE {PORT}\n" in DOCKERFILE.read_text("utf-8")
    assert f"http://127.0.0.1:{PORT}/healthz" in DOCKERFILE.read_text("utf-8")
    assert [port.rpartition(":")[2] for port in services()["api"]["ports"]] == [str(PORT)]
    ports = [port for _, pod in pods() for container in pod["containers"] for port in container.get("ports", ())]
    assert [port["containerPort"] for port in ports] == [PORT]


def test_the_image_is_made_of_what_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert {"requirements/runtime.txt", "pyproject.toml", "src"} <= set(names)
    assert [name for name in names if not (ROOT / name).exists()] == []
    assert re.search(r"^USER 10001$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    for service in services().values():
        if "build" in service:
            build = service["build"]
            assert (COMPOSE.parent / build["context"] / build["dockerfile"]).resolve() == DOCKERFILE


def test_compose_starts_things_in_order() -> None:
    for name in ("api", "worker"):
        assert services()[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services()[name]["environment"]["CLARION_DATABASE_URL"].endswith("@postgres/clarion")


def test_every_pod_can_drain_and_finds_its_settings() -> None:
    names = {(one["kind"], one["metadata"]["name"]) for one in documents()}
    drain = DEFAULTS["worker"]["drain_seconds"]
    seen = set()
    for document, pod in pods():
        seen.add(document["metadata"]["name"])
        for container in pod["containers"]:
            assert {"configMapRef": {"name": "clarion"}} in container["envFrom"]
            mounted = {mount["name"] for mount in container.get("volumeMounts", ())}
            templates = document["spec"].get("volumeClaimTemplates", ())
            volumes = {one["name"] for one in pod.get("volumes", ())} | {one["metadata"]["name"] for one in templates}
            assert mounted == volumes
        if document["kind"] != "Job":
            assert pod["terminationGracePeriodSeconds"] > 5 * drain
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert document["spec"]["selector"]["matchLabels"] == labels
    assert seen == {"clarion-api", "clarion-migrate", "clarion-worker"}
    assert ("ConfigMap", "clarion") in names
    for one in documents():
        if one["kind"] == "HorizontalPodAutoscaler":
            target = one["spec"]["scaleTargetRef"]
            assert (target["kind"], target["name"]) in names


def test_the_probes_ask_what_the_operator_pages_say() -> None:
    probes = [
        container[probe]["httpGet"]["path"]
        for _, pod in pods()
        for container in pod["containers"]
        for probe in ("livenessProbe", "readinessProbe")
        if probe in container
    ]
    assert probes == ["/healthz", "/readyz"]
