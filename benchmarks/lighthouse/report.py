"""One visit of Lighthouse, and what is read from its report."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.browser import FLAGS
from tools.services import chromium

TIMES = {
    "first-contentful-paint": "first contentful paint",
    "largest-contentful-paint": "largest contentful paint",
    "total-blocking-time": "total blocking time",
    "speed-index": "speed index",
}
"""Milliseconds that the points are made of; where a page has all points they still tell pages apart."""

OURS = "/theme/assets/"
"""Part of the address of every file of our theme extension."""


class NoReport(Exception):
    """Lighthouse did not come back with a report; the message is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Report:
    """Points of 100, not rounded to whole ones as Lighthouse prints them; times; shift of the layout; files of ours."""

    performance: float
    times: Mapping[str, float]
    shift: float
    blocking: tuple[str, ...]
    scripts: tuple[str, ...]


def visit(program: Path, url: str) -> Report:
    """Open the page once on the telephone and the line that Lighthouse assumes by default."""
    command = [
        *("node", str(program), url, "--output=json", "--output-path=stdout", "--quiet"),
        *("--only-categories=performance", "--no-enable-error-reporting"),
        f"--chrome-flags={' '.join(('--headless=new', *FLAGS))}",
    ]
    env = {**os.environ, "CHROME_PATH": str(chromium())}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoReport(done.stderr.strip()[-2000:])
    return read(json.loads(done.stdout))


def read(report: Mapping[str, Any]) -> Report:
    """Read what is judged here from a report."""
    if error := report.get("runtimeError"):
        raise NoReport(error["message"])
    audits = report["audits"]
    weights = {ref["id"]: ref["weight"] for ref in report["categories"]["performance"]["auditRefs"]}
    points = sum(weight * audits[name]["score"] for name, weight in weights.items() if weight)
    blocking = audits["render-blocking-resources"].get("details", {}).get("items", [])
    requests = audits["network-requests"]["details"]["items"]
    scripts = (one["url"] for one in requests if one["resourceType"] == "Script")
    return Report(
        performance=100 * points / sum(weights.values()),
        times={name: audits[name]["numericValue"] for name in TIMES},
        shift=audits["cumulative-layout-shift"]["numericValue"],
        blocking=tuple(one["url"] for one in blocking if OURS in one["url"]),
        scripts=tuple(dict.fromkeys(url for url in scripts if OURS in url)),
    )
