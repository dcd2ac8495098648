"""What is shipped beside the program names only what the program knows; what can be tried without a container is."""

import configparser
import os
import re
import shlex
import signal
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from plugin import cli
from plugin.config import Config
from tests.integration.operations.processes import KEY, SECRET, Running, answers, until
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
GIVEN = {"SHOPIFY_API_KEY": "client", "SHOPIFY_API_SECRET": SECRET, "DANKBAR_SECRET_KEY": KEY}
PLANS = {"SHOPIFY_PARTNER_ORG": "4712345", "SHOPIFY_PARTNER_TOKEN": "prtapi_0123456789"}
CONTRACT = {"STRIPE_API_KEY": "rk_live_0123456789", "STRIPE_WEBHOOK_SECRET": "whsec_0123456789"}


def known_variables() -> set[str]:
    """The variables that the program reads, by its own text."""
    text = (ROOT / "plugin/config.py").read_text()
    return set(re.findall(r'"((?:DANKBAR|SHOPIFY|STRIPE)_[A-Z_]+)"', text))


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(path)
    return parser


def expect_command(arguments: list[str]) -> None:
    """The program knows this command and its options."""
    command = typer.main.get_command(cli.app)
    assert isinstance(command, typer.core.TyperGroup)
    name, *rest = arguments
    found = command.commands[name]
    found.make_context(name, list(rest), resilient_parsing=False).close()


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def test_the_compose_file_runs_commands_that_there_are_in_containers_that_can_write_nothing() -> None:
    services = compose()["services"]
    assert set(services) == {"migrate", "web", "worker", "database", "redis"}
    for name in ("migrate", "web", "worker"):
        service = services[name]
        expect_command(service["command"])
        assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
        assert set(service["depends_on"]) <= set(services)
        assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        names = {one for one in service["environment"] if one != "FORWARDED_ALLOW_IPS"}
        assert names <= known_variables()
        values = {**GIVEN, **service["environment"]}
        assert Config.from_environment(values).metrics == ("0.0.0.0", 9464)
        assert int(service["stop_grace_period"].removesuffix("s")) > 40
    assert all(
        port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", ())
    )


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_that_there_is_and_waits_for_its_end(path: Path) -> None:
    service = unit(path)["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert Path(program).name == "dankbar"
    expect_command(arguments)
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "all")
    assert (service["DynamicUser"], service["ProtectSystem"], service["CapabilityBoundingSet"]) == (
        "yes",
        "strict",
        "",
    )
    assert int(service["TimeoutStopSec"]) > 40


def test_the_socket_is_the_one_that_the_service_takes_over() -> None:
    (name,) = (path.name for path in DEPLOY.glob("*.socket"))
    assert unit(DEPLOY / "dankbar@.service")["Service"]["Sockets"] == name
    socket = unit(DEPLOY / name)["Socket"]
    assert (socket["ListenStream"], socket["Service"]) == ("127.0.0.1:8000", "dankbar@1.service")


def test_the_example_of_an_environment_is_one_once_it_is_filled_in() -> None:
    lines = (DEPLOY / "environment.example").read_text().splitlines()
    values = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", "\n".join(lines), re.MULTILINE))
    assert set(values) <= known_variables()
    for billing, more in (("none", {}), ("shopify", PLANS), ("stripe", CONTRACT)):
        filled = {**values, **GIVEN, **more, "DANKBAR_BILLING": billing}
        assert Config.from_environment(filled).app_url == "https://dankbar.example"


def test_the_image_is_small_and_unprivileged_and_starts_a_command_that_there_is() -> None:
    stages = (DEPLOY / "Dockerfile").read_text().split("\nFROM ")
    last = stages[-1]
    assert last.startswith("python:3.12-slim\n")
    assert "\nUSER 65532:65532\n" in last
    assert not re.search(r"^(RUN|ADD) ", last, re.MULTILINE)
    (start,) = re.findall(r"^CMD (\[.*\])$", last, re.MULTILINE)
    (program,) = re.findall(r"^ENTRYPOINT (\[.*\])$", last, re.MULTILINE)
    assert yaml.safe_load(program) == ["dankbar"]
    expect_command(yaml.safe_load(start))
    assert set(re.findall(r"DANKBAR_[A-Z_]+", last)) <= known_variables()
    for source in re.findall(r"requirements/[a-z]+\.lock", "".join(stages)):
        assert (ROOT / source).is_file()
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert kept[0] == "**"
    assert all((ROOT / line[1:]).exists() for line in kept if line.startswith("!"))


def test_shopifys_tool_starts_the_app_where_it_says(tmp_path: Path) -> None:
    web = tomllib.loads((ROOT / "shopify.web.toml").read_text())
    assert web["webhooks_path"] == "/webhooks/shopify"
    assert set(web["roles"]) == {"frontend", "backend"}
    port = free_port()
    values = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DANKBAR_")},
        "SHOPIFY_API_KEY": "client",
        "SHOPIFY_API_SECRET": SECRET,
        "HOST": "https://tunnel.example",
        "PORT": str(port),
        "DANKBAR_DATABASE_URL": f"sqlite:///{tmp_path}/dankbar.db",
    }
    key = tmp_path / "key"
    key.write_text(KEY)
    command = [*shlex.split(web["commands"]["dev"]), "-o", "base", f"KEY={key}"]
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=values, stdout=file, stderr=file, start_new_session=True
        )
    try:
        until(lambda: answers(port), Running(process, log))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
