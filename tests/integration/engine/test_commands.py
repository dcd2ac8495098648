"""What the commands say when they cannot do their work: one sentence, an exit code, never a traceback."""

import base64
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import PostgresServer

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


def dankbar(database: str, *arguments: str) -> tuple[int, list[str]]:
    """Run a command to its end; its exit code and the lines it wrote to standard error."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DANKBAR_", "SHOPIFY_"))
    }
    env = kept | {
        "SHOPIFY_API_KEY": "key",
        "SHOPIFY_API_SECRET": "shpss_0123456789abcdef",
        "DANKBAR_SECRET_KEY": KEY,
        "DANKBAR_DATABASE_URL": database,
    }
    program = "from plugin.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("worker",), ("migrate",), ("verify",)])
@pytest.mark.parametrize("database", ["postgresql://127.0.0.1:1/none", "sqlite:////proc/none/dankbar.db"])
def test_a_database_that_cannot_be_opened_is_one_sentence(database: str, command: tuple[str, ...]) -> None:
    code, lines = dankbar(database, *command)
    assert (code, len(lines)) == (2, 1)
    assert "DANKBAR_DATABASE_URL" in lines[0]


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
