"""The tree keeps its own rules: what every tracked file may hold, and how long a module may grow."""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("plugin", "widgets", "webhooks", "sandbox")
LIMIT = 300

# Put together from halves, so that this file does not hold what it forbids.
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry." + "npm" + "js",
    "registry." + "yarn" + "pkg",
    "deb." + "debian.org",
    "index.crates" + ".io",
    "proxy." + "golang.org",
)
REGISTRY = re.compile("|".join(re.escape(host) for host in REGISTRIES))
OWN_PATH = re.compile(
    r"(?<![\w.$}*\-/])/(?:work|home|root|Users|farm|private/tmp|tmp/\w)(?=/|\b)(?:/[\w.\-]+)+"
)


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git tracks and that is still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def texts() -> list[tuple[Path, str]]:
    """Every tracked file that is text, with it."""
    found = []
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw:
            found.append((path.relative_to(ROOT), raw.decode("utf-8")))
    return found


def offences(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {match.group()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


def modules() -> list[Path]:
    """The Python modules of the product."""
    return [
        path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES
    ]


def test_no_tracked_file_names_a_package_registry() -> None:
    assert offences(REGISTRY) == []


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    assert offences(OWN_PATH) == []


@pytest.mark.parametrize(
    "line", ["see {}home/anna/dankbar", "open('{}root/.cache/x')", "cd {}Users/anna/dankbar"]
)
def test_a_path_of_one_machine_is_recognised(line: str) -> None:
    assert OWN_PATH.search(line.format("/"))


@pytest.mark.parametrize(
    "line", ["GET /admin/home/page", "https://example.com/home/x", "{root}/work/x", "a/root/b"]
)
def test_an_address_is_no_path_of_a_machine(line: str) -> None:
    assert not OWN_PATH.search(line)


def test_a_registry_is_recognised() -> None:
    assert all(REGISTRY.search(f"https://{host}/simple") for host in REGISTRIES)


def test_no_module_outgrows_its_subject() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert lengths
    assert {str(path): lines for path, lines in lengths.items() if lines > LIMIT} == {}


def test_no_module_is_named_after_nothing() -> None:
    empty = {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "misc",
        "manager",
        "managers",
        "service",
        "services",
    }
    assert [str(path.relative_to(ROOT)) for path in modules() if path.stem in empty] == []


def test_every_python_package_is_installed() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = {
        pattern.rstrip("*") for pattern in config["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert included == set(PACKAGES)
    assert {path.relative_to(ROOT).parts[0] for path in modules()} <= included


def test_every_lock_pins_by_hash() -> None:
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert {lock.stem for lock in locks} == {"bootstrap", "development", "postgres", "runtime"}
    for lock in locks:
        entries = re.split(r"\n(?=[a-z0-9])", lock.read_text("utf-8").strip())
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries), lock.name


def test_each_decision_has_a_number_of_its_own_and_stands_under_it() -> None:
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(file.name[:4]) for file in files]
    assert numbers == list(range(1, len(files) + 1))
    headings = [file.read_text("utf-8").partition("\n")[0] for file in files]
    assert [heading.partition(".")[0] for heading in headings] == [f"# {number}" for number in numbers]
    assert all(len(file.read_text("utf-8").splitlines()) <= 40 for file in files)
