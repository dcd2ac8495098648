"""An app with a shop, for the browser to visit."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.admin.office import Office, furnish, running
from tests.integration.widgets.stage import config


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a shop, to copy."""
    path = tmp_path_factory.mktemp("furnished") / "office.db"
    furnish(config(f"sqlite:///{path}"))
    return path


@pytest.fixture
def office(furnished: Path, tmp_path: Path) -> Iterator[Office]:
    path = tmp_path / "office.db"
    shutil.copy(furnished, path)
    with running(config(f"sqlite:///{path}")) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    yield context.new_page()
    context.close()
