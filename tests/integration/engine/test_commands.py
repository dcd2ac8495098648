"""What the commands say when they cannot do their work: one sentence, an exit code, never a traceback."""

import asyncio
import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from plugin.database import open_database
from tests import engine
from tests.integration.conftest import MakeUrl
from tests.servers import PostgresServer

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


STRIPE = {
    "DANKBAR_BILLING": "stripe",
    "STRIPE_API_KEY": "rk_test_" + "a" * 24,
    "STRIPE_WEBHOOK_SECRET": "whsec_" + "n" * 24,
}

OPENING = [
    ("serve", "--port", "0"),
    ("worker",),
    ("verify",),
    ("tick",),
    ("settings", "shop", "--shop", "example"),
    ("reconcile", "--shop", "example"),
    ("backlog",),
    ("rotate-keys",),
]
"""The commands that open everything that a process has."""

MAIN = "from plugin.cli import main; main()"

EACH = """
import json
import sys
from plugin.cli import main
for command in json.loads(sys.argv[1]):
    sys.argv = ["dankbar", *command]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    print(code, file=sys.stderr)
"""
"""One command after the other, each followed by its exit code."""

REFUSING = f"""
from contextlib import asynccontextmanager
from plugin.billing import opening
from plugin.errors import ConfigurationError
@asynccontextmanager
async def refusing(config, db):
    raise ConfigurationError("The vendor wants another key.")
    yield
opening.VENDORS["none"] = refusing
{MAIN}
"""
"""A vendor that finds at its opening that it cannot work as it is set up."""


def dankbar(
    database: str, *arguments: str, program: str = MAIN, more: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, list[str]]:
    """Run a command to its end; its exit code and the lines it wrote to standard error."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DANKBAR_", "SHOPIFY_"))
    }
    env = kept | {
        "SHOPIFY_API_KEY": "key",
        "SHOPIFY_API_SECRET": "shpss_0123456789abcdef",
        "DANKBAR_SECRET_KEY": KEY,
        "DANKBAR_DATABASE_URL": database,
        **more,
    }
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("worker",), ("migrate",), ("verify",)])
@pytest.mark.parametrize("database", ["postgresql://127.0.0.1:1/none", "sqlite:////proc/none/dankbar.db"])
def test_a_database_that_cannot_be_opened_is_one_sentence(database: str, command: tuple[str, ...]) -> None:
    code, lines = dankbar(database, *command)
    assert (code, len(lines)) == (2, 1)
    assert "DANKBAR_DATABASE_URL" in lines[0]


def all_refused(
    database: str, commands: Sequence[tuple[str, ...]], words: str, more: Mapping[str, str]
) -> None:
    """Each of the commands says one sentence with these words, and ends with 2."""
    _, lines = dankbar(database, json.dumps(commands), program=EACH, more=more)
    assert lines[1::2] == ["2"] * len(commands), lines
    assert all(words in line for line in lines[::2]), lines


def two_shops(url: str) -> None:
    async def run() -> None:
        db = await open_database(url)
        await db.write(lambda conn: engine.install(conn, "example", now=datetime.now(UTC)))
        await db.write(lambda conn: engine.install(conn, "stranger", now=datetime.now(UTC)))
        await db.close()

    asyncio.run(run())


def test_a_shop_beyond_the_contract_is_one_sentence_of_every_command(new_database: MakeUrl) -> None:
    url = new_database()
    two_shops(url)
    several = [("serve", "--port", "0", "--workers", "2")] if url.startswith("postgresql") else []
    all_refused(url, [*OPENING, *several], "stranger is not on it", STRIPE)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("DANKBAR_BILLING", {"DANKBAR_BILLING": "paypal"}),
        ("STRIPE_API_KEY", {**STRIPE, "STRIPE_API_KEY": "pk_test_1"}),
        ("DANKBAR_STRIPE_ORIGIN", {**STRIPE, "DANKBAR_STRIPE_ORIGIN": "stripe"}),
        ("SHOPIFY_PARTNER_ORG", {"DANKBAR_BILLING": "shopify"}),
    ],
)
def test_a_billing_that_cannot_be_is_one_sentence_of_every_command(
    name: str, values: dict[str, str], tmp_path: Path
) -> None:
    others = [("serve", "--workers", "2"), ("migrate",), ("backup", str(tmp_path / "copy.db"))]
    moving = ("move", "--to", "postgresql://127.0.0.1:1/none")
    all_refused(f"sqlite:///{tmp_path}/dankbar.db", [*OPENING, *others, moving], name, values)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("worker",), ("verify",)])
def test_what_a_vendor_refuses_at_its_opening_is_one_sentence(
    command: tuple[str, ...], new_database: MakeUrl
) -> None:
    code, lines = dankbar(new_database(), *command, program=REFUSING)
    assert (code, lines) == (2, ["The vendor wants another key."])


def test_a_server_asks_for_the_migration(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()
    try:
        code, lines = dankbar(url, "serve", "--port", "0")
    finally:
        postgres_server.drop_database(url)
    assert (code, len(lines)) == (2, 1)
    assert "dankbar migrate" in lines[0]


def test_a_server_says_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, lines = dankbar(f"sqlite:///{tmp_path}/dankbar.db", "serve", "--port", port)
    assert (code, len(lines)) == (2, 1)
    assert port in lines[0]
    assert "--port" in lines[0]


@pytest.mark.parametrize("next_one", [0, 1], ids=["the shop's", "the app's"])
def test_the_sandbox_says_so_before_it_starts_anything(tmp_path: Path, next_one: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        data = tmp_path / "data"
        arguments = ("sandbox", "--port", str(port - next_one), "--data", str(data))
        code, lines = dankbar(f"sqlite:///{tmp_path}/dankbar.db", *arguments)
    assert (code, len(lines)) == (2, 1)
    assert f"port {port}:" in lines[0]
    assert not data.exists()
