"""Lighthouse itself: a pinned version, put into .cache by npm when it is first asked for."""

import shutil
import subprocess
from pathlib import Path

from tools.services import ROOT

HERE = Path(__file__).parent
FOLDER = ROOT / ".cache" / "lighthouse"
FILES = (HERE / "package.json", HERE / "package-lock.json", ROOT / ".npmrc")
PROGRAM = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"


class NotInstalled(Exception):
    """npm could not install it; the message says why."""


def program() -> Path:
    """Return Lighthouse's program, installed if it is not there in the version that is pinned."""
    if not PROGRAM.exists() or any(_differs(path) for path in FILES):
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path in FILES:
            shutil.copy(path, FOLDER)
        npm = ["npm", "ci", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(npm, cwd=FOLDER, capture_output=True, text=True, check=False)
        if done.returncode or not PROGRAM.exists():
            PROGRAM.unlink(missing_ok=True)
            raise NotInstalled(f"npm could not install Lighthouse: {done.stderr.strip()[-500:]}")
    return PROGRAM


def _differs(path: Path) -> bool:
    there = FOLDER / path.name
    return not there.exists() or there.read_bytes() != path.read_bytes()
