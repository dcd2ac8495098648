"""Shopify's plan page: a person chooses, approves, declines, cancels, and lands on the welcome link."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from sandbox.pages import PAGES
from sandbox.pricing import TEST
from sandbox.seed import furnish
from sandbox.server import create_sandbox
from sandbox.simulator import Simulator

PLANS = "/store/example/charges/dankbar/pricing_plans"


@pytest.fixture
def simulator() -> Simulator:
    made = Simulator(client_id="client", client_secret="a secret of thirty-two bytes, yes")
    furnish(made, "example")
    return made


@pytest.fixture
def browser(simulator: Simulator) -> Iterator[TestClient]:
    with TestClient(create_sandbox(simulator, pages=PAGES), headers={"Accept-Language": "de"}) as client:
        yield client


def handle(simulator: Simulator) -> str | None:
    contract = simulator.shop().pricing.contract
    return contract.handle if contract else None


def do(browser: TestClient, deed: str) -> str:
    return browser.post(PLANS, data={"do": deed}).text


def test_the_road(browser: TestClient, simulator: Simulator) -> None:
    assert PLANS in browser.get("/").text
    page = browser.get(PLANS).text
    assert "149,00\xa0€ im Monat" in page
    assert "Noch kein Tarif gewählt." in page
    assert "19,00\xa0€" in browser.get(f"{PLANS}/small").text
    declined = browser.post(f"{PLANS}/small", data={"answer": "decline"})
    assert "Nichts geändert." in declined.text
    assert handle(simulator) is None
    approved = browser.post(f"{PLANS}/small", data={"answer": "approve"}, follow_redirects=False)
    assert (
        approved.headers["location"]
        == "/admin/apps/dankbar/admin/plan?plan_handle=small&shop=example.myshopify.com"
    )
    assert handle(simulator) == "small"
    frame = browser.get(approved.headers["location"]).text
    assert "plan_handle=small" in frame
    assert "/admin/plan?" in frame
    assert "endet am" in do(browser, "cancel")
    assert "Noch kein Tarif gewählt." in do(browser, "finish")
    assert "has no subscription" in do(browser, "freeze")


def test_what_shopify_and_time_do(browser: TestClient, simulator: Simulator) -> None:
    simulator.approve_plan("large")
    assert "ruht" in do(browser, "freeze")
    assert "nächste Abrechnung" in do(browser, "unfreeze")
    browser.post(f"{PLANS}/free", data={"answer": "approve"})
    assert "danach Free" in browser.get(PLANS).text
    assert "Free, nächste" in do(browser, "finish")
    assert TEST not in browser.get(PLANS).text
    assert TEST in do(browser, "test")
    before = simulator.shop().development
    do(browser, "development")
    assert simulator.shop().development != before


def test_another_shops_or_apps_page_is_not_here(browser: TestClient) -> None:
    assert browser.get(PLANS.replace("example", "other")).status_code == 404
    assert browser.get(PLANS.replace("dankbar", "other")).status_code == 404
    assert browser.get(f"{PLANS}/{TEST}").status_code == 404
    assert browser.get(f"{PLANS}/nothing").status_code == 404
    refused = browser.post(f"{PLANS}/{TEST}", data={"answer": "approve"})
    assert "There is no plan" in refused.text
