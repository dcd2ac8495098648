"""Brings a running sandbox into every state worth a picture, through the doors that shoppers and merchants use."""

import asyncio
import os
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection

from plugin.core import accounts, ledger
from plugin.database import open_database
from plugin.sandbox import environment
from plugin.shops import find_shop
from tests.e2e import seals
from tests.e2e.conftest import Sandbox
from tests.e2e.walk import CODE

PATIENCE = 30
SHOP = "example"
ANNA, BELA, CLARA = "anna@example.com", "bela@example.com", "clara@example.com"


@dataclass
class Story:
    """What has happened: orders and codes by what they are good for, and who the customers are."""

    sandbox: Sandbox
    orders: dict[str, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)

    def buy(
        self, name: str, handle: str, who: str | None = None, code: str | None = None, country: str = "DE"
    ) -> int:
        """Buy one thing, as a guest or signed in."""
        with self._browser() as browser:
            if who is not None:
                browser.post("/storefront/sign-in", data={"customer": str(self.people[who])})
            browser.post("/storefront/cart/add", data={"product": handle, "quantity": "1"})
            form = {
                "email": f"{name}@example.com",
                "first_name": "Erika",
                "last_name": "Muster",
                "country": country,
            }
            answer = browser.post(
                "/storefront/checkout", data={**form, "code": code or "", "payment": "paid"}
            )
        found = re.fullmatch(r"/storefront/orders/(\d+)/thank-you", answer.headers["location"])
        assert found is not None, f"{name} could not buy {handle}"
        self.orders[name] = int(found[1])
        return self.orders[name]

    def do(self, deed: str, name: str) -> None:
        """Press one of the merchant's buttons beside an order."""
        with self._browser() as browser:
            browser.post(f"/sandbox/orders/{self.orders[name]}/{deed}")

    def known(self, name: str, **coupon: str) -> Mapping[str, Any]:
        """Wait until the app knows an order, and its coupon is in this state; return all of its widgets."""

        def widgets() -> Mapping[str, Any] | None:
            found = self._asked(name)
            is_so = found is not None and all(found["coupon"][key] == value for key, value in coupon.items())
            return found if is_so else None

        found = eventually(widgets, f"{name}'s order")
        code = found["coupon"].get("code")
        if code is not None and re.fullmatch(CODE, code):
            self.codes[name] = code
        return found

    def set(self, section: str, **values: object) -> None:
        """Change settings by the command line."""
        changes = [f"{key}={value}" for key, value in values.items()]
        command = [
            str(Path(sys.executable).parent / "dankbar"),
            "settings",
            "--shop",
            SHOP,
            section,
            *changes,
        ]
        subprocess.run(command, env=self.environment(), check=True, capture_output=True)

    def adjust(self, who: str, points: int) -> None:
        """Correct somebody's points, as nobody but the shop's staff could."""
        number, now = self.people[who], datetime.now(UTC)

        def work(conn: Connection) -> None:
            shop = find_shop(conn, SHOP)
            assert shop is not None
            home = accounts.ensure(conn, [(shop.id, number)])[shop.id, number]
            accounts.lock(conn, [home.id])
            entry = ledger.Entry(shop.id, home.id, ledger.ADJUSTMENT, points, f"screens:{number}", now)
            ledger.append(conn, [entry], now)

        async def run() -> None:
            db = await open_database(self.environment()["DANKBAR_DATABASE_URL"])
            try:
                await db.write(work)
            finally:
                await db.close()

        with ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread
            aside.submit(asyncio.run, run()).result()

    def park(self) -> None:
        """Have something arrive that cannot be handled: signed, and no order."""
        body = b'{"id": 820982911946154500, "note": "no order at all"}'
        proof = b64encode(digest(self.sandbox.secret().encode(), body, sha256)).decode()
        headers = {
            "X-Shopify-Topic": "orders/paid",
            "X-Shopify-Shop-Domain": f"{SHOP}.myshopify.com",
            "X-Shopify-Webhook-Id": "screens-1",
            "X-Shopify-Hmac-Sha256": proof,
            "X-Shopify-Triggered-At": datetime.now(UTC).isoformat(),
            "Content-Type": "application/json",
        }
        httpx.post(f"{self.sandbox.app}/webhooks/shopify", content=body, headers=headers).raise_for_status()

    def meet(self) -> None:
        """Learn the numbers of the customers whom the shop knows from the start."""
        page = self._browser().get("/storefront/account").text
        rows = re.findall(r"(\w+@example\.com)</span></span>.*?value=\"(\d+)\"", page, re.DOTALL)
        self.people.update({email: int(number) for email, number in rows})

    def join(self, email: str, first: str) -> None:
        """Open an account for somebody who has never been here."""
        with self._browser() as browser:
            browser.post(
                "/storefront/sign-in", data={"email": email, "first_name": first, "last_name": "Neu"}
            )
        self.meet()

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.sandbox.base, verify=False, timeout=20)

    def environment(self) -> dict[str, str]:
        """What the app of this sandbox was started with."""
        port = int(self.sandbox.base.rpartition(":")[2])
        return {**os.environ, **environment(port, self.sandbox.data)}

    def _asked(self, name: str) -> Mapping[str, Any] | None:
        with self._browser() as browser:
            facts = browser.get(
                "/sandbox/extensions/purchase.thank-you.block.render", params={"order": self.orders[name]}
            )
            checkout = re.search(r'"checkoutToken": "([^"]+)"', facts.text)
            token = browser.post("/sandbox/tokens/shopper").json()["token"]
        assert checkout is not None
        answer = httpx.get(
            f"{self.sandbox.app}/ext/orders/{self.orders[name]}",
            params={"checkout_token": checkout[1], "surface": "thank_you", "locale": "de"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        found: Mapping[str, Any] | None = answer.json()["widgets"] if answer.status_code == 200 else None
        return found


def good_days(sandbox: Sandbox) -> Story:
    """Tell of orders in every state but one, and of people with every kind of balance."""
    story = Story(sandbox)
    story.meet()
    story.set("shop", active_from="2020-01-01")
    story.join("nora@example.com", "Nora")
    story.buy("ready", "teekanne")
    story.buy("member", "wollschal", ANNA)
    story.buy("void", "schneidebrett")
    story.buy("first", "leinenhemd")
    story.buy("clawed", "obstschale", CLARA)
    for name in ("ready", "member", "void", "first", "clawed"):
        story.known(name, state="ready")
    story.do("refund_all", "void")
    story.do("cancel", "clawed")
    story.buy("second", "leinenschuerze", code=story.codes["first"])
    story.known("void", state="void")
    story.known("clawed", state="void")
    story.known("second", state="ready")
    story.known("first", state="redeemed")
    story.adjust(BELA, -60)
    seals.hang_up(sandbox)
    sandbox.switch(drop=1)
    story.buy("lost", "einkaufstasche")
    sandbox.reset()
    return story


def bad_days(story: Story) -> None:
    """Something is set aside, Shopify's API is down, and an order's code cannot be made yet."""
    story.park()
    story.sandbox.switch(api="down")
    story.set("coupon", value=15, minimum_subtotal=2000)
    story.buy("pending", "leinenhemd")
    story.known("pending", state="pending")


def eventually(look: Callable[[], Mapping[str, Any] | None], what: str) -> Mapping[str, Any]:
    """Look again and again until there is something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"Never seen: {what}")
