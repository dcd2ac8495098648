"""What a merchant does in the admin, by hand."""

from playwright.sync_api import expect

from tests.e2e.walk import Walk


def open_section(walk: Walk, section: str) -> None:
    """Open a section's page inside the admin; the form is there."""
    path = "shop" if section == "shop" else f"widgets/{section}"
    walk.go(f"/admin/apps/dankbar/admin/{path}")
    expect(walk.admin.locator("form#settings")).to_be_visible()


def save(walk: Walk) -> None:
    """Press Save in the bar and wait until the app says that it is stored."""
    walk.page.get_by_role("button", name=walk.say("admin.save")).click()
    expect(walk.page.locator("#toasts")).not_to_be_empty()
    expect(walk.page.locator("#save-bar")).to_be_hidden()


def set_switch(walk: Walk, section: str, name: str, *, on: bool) -> None:
    """Turn a switch and save; it was the other way round before."""
    open_section(walk, section)
    switch = walk.admin.locator(f"s-switch[name={name}] input")
    expect(switch).to_be_checked(checked=not on)
    switch.set_checked(on)
    save(walk)


def choose(walk: Walk, section: str, name: str, value: str) -> None:
    """Choose a value and save."""
    open_section(walk, section)
    walk.admin.locator(f"s-select[name={name}] select").select_option(value)
    save(walk)
