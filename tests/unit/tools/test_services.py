"""Programs are found on PATH first, then where systems put them, and a missing one is named."""

from pathlib import Path

import pytest

from tools import services


def program(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_a_browser_and_redis_on_the_path_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = program(tmp_path / "bin", "chromium-browser", "redis-server")
    monkeypatch.setenv("PATH", str(folder))
    assert services.chromium() == folder / "chromium-browser"
    assert services.redis_server() == folder / "redis-server"


def test_postgres_on_the_path_is_used_through_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = program(tmp_path / "postgresql" / "15" / "bin", "initdb", "pg_ctl", "postgres")
    links = tmp_path / "bin"
    links.mkdir()
    (links / "initdb").symlink_to(real / "initdb")
    monkeypatch.setenv("PATH", str(links))
    assert services.postgres_folder() == real


def test_a_lone_initdb_is_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = program(tmp_path / "bin", "initdb")
    monkeypatch.setenv("PATH", str(folder))
    assert services.postgres_folder() != folder


def test_the_downloaded_browser_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(services, "BROWSERS", tmp_path / "browsers")
    assert services.chromium() is None
    folder = program(tmp_path / "browsers" / "chromium-1201" / "chrome-linux64", "chrome")
    assert services.chromium() == folder / "chrome"


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(services, "BROWSERS", tmp_path / "browsers")
    assert {"Chromium", "Redis"} <= set(services.missing())
