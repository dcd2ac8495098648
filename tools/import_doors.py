"""A contract type for import-linter: a module, often a vendor's, that only the modules named may import."""

from collections.abc import Iterable

import grimp
from importlinter import ContractCheck
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.imports import ModuleExpression


class Door(ProtectedContract):
    """`protected`, but a name that is nowhere imported or not there at all is passed over.

    That keeps the promise: nobody passes a door to nowhere, and a name that is missing among the allowed admits
    nobody, so that renaming a module closes its door instead of opening it.
    """

    type_name = "door"

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001
        """Judge the names that the import graph knows."""
        for field in (
            "protected_modules",
            "allowed_importers",
        ):  # class fields that hold values on an instance
            setattr(self, field, _known(getattr(self, field), graph))
        return super().check(graph, verbose)


def _known(expressions: Iterable[ModuleExpression], graph: grimp.ImportGraph) -> list[ModuleExpression]:
    return [
        expression
        for expression in expressions
        if expression.has_wildcard_expression() or expression.expression in graph.modules
    ]
