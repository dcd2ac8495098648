"""The plan in Chromium: a vendor's page outside of the frame, a change that is asked first, and what waits in a form."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.admin.office import Office
from tests.e2e.admin.test_admin import AXE, fault, fill, save
from tests.e2e.screens import plans
from tests.e2e.screens.plans import CASES, show, staged

Opens = Callable[[str], Office]

SHAPES = [("de", 1200, "light"), ("en", 320, "dark"), ("de", 390, "dark"), ("en", 1200, "light")]
LOOKS = [(name, *SHAPES[number % len(SHAPES)]) for number, name in enumerate(CASES)]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a shop of some age, to copy."""
    return plans.furnished(tmp_path_factory.mktemp("plans"))


@pytest.fixture
def opens(furnished: Path, tmp_path: Path) -> Iterator[Opens]:
    """Runs the app in a state of that name until the test ends."""
    with ExitStack() as stack:
        enter: Callable[[AbstractContextManager[Office]], Office] = stack.enter_context

        def start(name: str) -> Office:
            return enter(staged(CASES[name], furnished, tmp_path))

        yield start


def violations(page: Page) -> list[tuple[str, list[str]]]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


@pytest.mark.parametrize(("name", "locale", "width", "scheme"), LOOKS)
def test_no_state_shuts_anybody_out_or_is_wider_than_the_page(
    opens: Opens, page: Page, name: str, locale: str, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    show(page, opens(name), CASES[name], locale)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.evaluate("shift") < 0.02
    assert violations(page) == []
    assert fault(page) == []


def test_the_vendors_page_opens_outside_of_the_frame_and_a_link_is_left_for_whoever_stays(
    opens: Opens, page: Page
) -> None:
    show(page, opens("admin-plan-open"), CASES["admin-plan-open"], "de")
    expect(page.get_by_role("status")).to_contain_text("Die Seite öffnet sich jetzt.")
    address = "https://till.example/small?currency=EUR"
    assert page.evaluate("opened") == [[address, "_top"]]
    link = page.get_by_role("status").locator("s-link")
    expect(link).to_have_attribute("href", address)
    expect(link).to_have_attribute("target", "_top")
    assert fault(page) == []


@pytest.mark.parametrize("no", ["button", "Escape"])
def test_a_change_is_asked_first_and_a_no_changes_nothing_and_leads_back(
    opens: Opens, page: Page, no: str
) -> None:
    office = opens("admin-plan-paid")
    office.enter(page, "/admin/plan")
    chosen = page.get_by_role("button", name="Diesen Tarif wählen: Mittel")
    chosen.focus()
    page.keyboard.press("Enter")
    asking = page.get_by_role("group", name="Bitte bestätigen")
    expect(asking).to_be_focused()
    expect(asking).to_contain_text("12,34\xa0€ werden jetzt berechnet")
    if no == "Escape":
        page.keyboard.press("Escape")
    else:
        asking.get_by_role("button", name="Beim jetzigen bleiben").click()
    expect(asking).to_have_count(0)
    expect(chosen).to_be_focused()
    expect(page.locator("dl.numbers").first).to_contain_text("Klein")
    page.keyboard.press("Enter")
    expect(asking).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("dl.numbers").first).to_contain_text("Mittel")
    expect(page.locator("#page")).to_be_focused()
    assert fault(page) == []


def test_the_plot_has_a_bar_for_each_month_the_limit_and_the_figures_in_a_table(
    opens: Opens, page: Page
) -> None:
    opens("admin-plan-over").enter(page, "/admin/plan")
    plot = page.locator("figure.months")
    expect(plot.get_by_role("img")).to_have_attribute(
        "aria-label",
        "Behaltene Bestellungen der letzten zwölf Monate; die Zahlen stehen in der Tabelle darunter.",
    )
    expect(plot.locator("rect")).to_have_count(12)
    limit = plot.locator("path.even").bounding_box()
    now, before = (plot.locator("rect").nth(n).bounding_box() for n in (11, 9))
    assert limit is not None
    assert now is not None
    assert before is not None
    assert now["y"] < limit["y"] < before["y"], "this month stands above the limit, an earlier one below"
    assert before["height"] > now["height"] / 2, "what was kept earlier stands there"
    expect(plot).to_contain_text("Gestrichelt: die 250 im Monat")
    page.get_by_text("Die letzten zwölf Monate als Tabelle").click()
    rows = page.locator("#months tbody tr")
    expect(rows).to_have_count(12)
    expect(rows.first.locator("td").first).to_have_text("312")


def test_beyond_the_limit_a_form_names_the_plan_and_still_lowers_and_switches_off(
    opens: Opens, page: Page
) -> None:
    office = opens("admin-coupon-over")
    office.enter(page, "/admin/widgets/coupon")
    field = page.locator("#field-stamp_every").locator("input")
    expect(field).to_be_disabled()
    expect(page.locator("#at-stamp_every")).to_contain_text("Der Start wartet auf den Tarif „Klein“.")
    fill(page, "value--percentage", "12")
    save(page)
    expect(page.get_by_role("alert").filter(has_text="Neue Aktionen und Regeln warten")).to_be_visible()
    assert office.current("coupon").number == 1
    fill(page, "value--percentage", "8")
    page.locator("#field-enabled").locator("input").click()
    save(page)
    expect(page.locator("input[name=version]")).to_have_value("2")
    saved = office.current("coupon").value
    assert getattr(saved, "enabled", None) is False
    assert fault(page) == []


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("admin-home-over", "Neue Aktionen und Regeln warten"),
        ("admin-home-grace", "Mehr Bestellungen, als Ihr Tarif deckt"),
    ],
)
def test_the_home_page_says_what_waits_and_leads_to_the_plan(
    opens: Opens, page: Page, name: str, heading: str
) -> None:
    opens(name).enter(page)
    banner = page.locator(f"s-banner[heading='{heading}']")
    expect(banner).to_contain_text("312 behaltene Bestellungen; Ihr Tarif „Kostenlos“ deckt 250 im Monat.")
    banner.get_by_role("link", name="Ihr Tarif").click()
    expect(page.locator("s-page")).to_have_attribute("heading", "Tarif")
    expect(page.locator(f"s-banner[heading='{heading}']")).to_be_visible()
