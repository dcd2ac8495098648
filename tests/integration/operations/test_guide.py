"""docs/operations.md names commands, variables and alerts that there are, and the very commands that are rehearsed."""

import re
import shlex
from pathlib import Path

import yaml

from tests.integration.operations.test_backup import DUMP, RESTORE
from tests.integration.operations.test_shipping import expect_command, known_variables

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs/operations.md").read_text()
COMMAND = r"(?:^|`|[A-Z_]+=\S+ )dankbar ([a-z][^`#\n]*)"
OTHERS = {"FORWARDED_ALLOW_IPS"}


def test_every_command_of_the_guide_is_known_to_the_program() -> None:
    found = [shlex.split(text) for text in re.findall(COMMAND, GUIDE, re.MULTILINE)]
    names = {arguments[0] for arguments in found}
    assert {"serve", "worker", "migrate", "backup", "move", "verify", "reconcile", "rotate-keys"} <= names
    assert {"tick", "backlog"} <= names
    for arguments in found:
        expect_command(arguments if arguments[0] != "move" else [*arguments, "--to", "postgresql://x/y"])


def test_every_variable_of_the_guide_is_read_by_the_program() -> None:
    found = set(re.findall(r"\b((?:DANKBAR|SHOPIFY|FORWARDED)_[A-Z_]+)", GUIDE))
    assert found - OTHERS <= known_variables() | {"DANKBAR_MOVE_TO"}


def test_backup_and_restore_are_rehearsed_with_the_guides_options() -> None:
    for words in (DUMP, RESTORE):
        (line,) = [line for line in GUIDE.splitlines() if line.startswith(words[0])]
        given = {word.partition("=")[0] for word in shlex.split(line) if word.startswith("--")}
        assert given == {word.partition("=")[0] for word in words[1:]}


def test_every_alert_is_explained_and_every_explained_one_is_there() -> None:
    rules = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"][0]["rules"]
    told = set(re.findall(r"\bDankbar[A-Z]\w+", GUIDE.partition("| alert | do |")[2]))
    assert told == {rule["alert"] for rule in rules}


def test_the_files_of_the_guide_are_there() -> None:
    named = set(re.findall(r"deploy/[\w.@/-]+\w", GUIDE))
    assert len(named) >= 5
    assert all((ROOT / name).exists() for name in named)


def test_each_threat_names_tests_that_there_are() -> None:
    text = (ROOT / "docs/threat-model.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+)`", row)
        assert named, row
        assert all((ROOT / name).exists() for name in named), row
