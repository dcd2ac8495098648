"""A shop that has the app, on both homes."""

from tests.integration.widgets.conftest import stage

__all__ = ["stage"]
