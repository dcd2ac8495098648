"""A door is for those named; a name that is not there opens nothing."""

import grimp
from importlinter import ContractCheck

from tools.import_doors import Door


def judged(allowed: list[str], imports: list[tuple[str, str]]) -> ContractCheck:
    graph = grimp.ImportGraph()
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported, line_number=1, line_contents="")
    options = {"protected_modules": ["stripe", "never_imported"], "allowed_importers": allowed}
    return Door("one door", session_options={}, contract_options=options).check(graph, verbose=False)


def test_those_named_may_pass() -> None:
    assert judged(["app.billing"], [("app.billing", "stripe")]).kept


def test_nobody_else_may_pass() -> None:
    assert not judged(["app.billing"], [("app.billing", "stripe"), ("app.web", "stripe")]).kept


def test_a_renamed_module_finds_its_door_closed() -> None:
    assert not judged(["app.billing"], [("app.invoicing", "stripe")]).kept


def test_a_module_that_nobody_imports_needs_no_guard() -> None:
    assert judged(["app.billing"], [("app.web", "httpx")]).kept
