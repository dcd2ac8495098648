"""What every part of the simulator rests on: the state, the shops, the way webhooks go out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.appconfig import AppConfig, read_config
from sandbox.orders import Event
from sandbox.state import Order, Refused, Shop, State
from sandbox.webhooks import Delivery, Sender, deliveries


def _present() -> datetime:
    return datetime.now(UTC)


class World:
    """State, sender and shops; the base of `sandbox.simulator.Simulator`.

    ``clock`` tells the present; ``retry_scale`` shortens the four hours of webhook retries; ``bulk_seconds`` is how
    long background jobs take; ``seed`` fixes which webhooks the switches hit.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        app_url: str | None = None,
        config: AppConfig | None = None,
        clock: Callable[[], datetime] = _present,
        retry_scale: float = 0.01,
        bulk_seconds: float = 0.05,
        seed: int = 0,
    ) -> None:
        self.state = State(
            client_id=client_id,
            client_secret=client_secret,
            config=config or read_config(),
            app_url=app_url,
            clock=clock,
            bulk_seconds=bulk_seconds,
        )
        self.state.app_id = self.state.ids.next()
        self.sender = Sender(self.state, scale=retry_scale, seed=seed)

    @property
    def origin(self) -> str:
        """Where the sandbox itself is reached; a shop's API is at ``{origin}/{handle}``."""
        return self.state.origin

    @property
    def deliveries(self) -> list[Delivery]:
        """Every webhook so far, in the order in which it was triggered."""
        return list(self.sender.log)

    def point_at(self, app_url: str) -> None:
        """Tell the sandbox where the app is; webhooks held until then go out."""
        self.state.app_url = app_url
        self.sender.release()

    def settle(self, seconds: float = 60.0) -> bool:
        """Wait until every webhook is accepted, dropped or given up; False when that took longer."""
        return self.sender.settle(seconds)

    def emit(self, shop: Shop, events: Iterable[Event]) -> list[Delivery]:
        """Send the webhooks of one action, as far as the app is installed and subscribed."""
        if not shop.installed:
            return []
        batch = deliveries(self.state, shop, events, self.state.now())
        self.sender.put(batch)
        return batch

    def switch(self, shop: str = "example", **values: Any) -> None:
        """Turn switches of a shop (see `sandbox.faults.Switches`); throttling starts with an empty bucket."""
        found = self.shop(shop)
        with self.state.lock:
            found.switches.turn(**values)
            if values.get("api") == "throttled":
                found.bucket.available = 0.0
                found.bucket.touched_at = self.state.now()

    def shop(self, handle: str = "example", **facts: Any) -> Shop:
        """Return a shop, made with the app installed on first mention; ``facts`` are its attributes.

        Known facts: name, email, currency, time_zone, country, province, taxes_included, tax_rate, tax_shipping,
        development, installed, order_window_days.
        """
        with self.state.lock:
            found = self.state.shops.get(handle)
            if found is None:
                found = self._new_shop(handle)
                self.state.shops[handle] = found
            for name, value in facts.items():
                setattr(found, name, value)
            return found

    def _new_shop(self, handle: str) -> Shop:
        now = self.state.now()
        return Shop(
            handle=handle,
            id=self.state.ids.next(),
            name=handle.replace("-", " ").title(),
            email=f"hallo@{handle}.example",
            currency="EUR",
            time_zone="Europe/Berlin",
            country="DE",
            province=None,
            taxes_included=True,
            tax_rate=Decimal("0.19"),
            tax_shipping=False,
            development=False,
            created_at=now - timedelta(days=400),
            installation_id=self.state.ids.next(),
            scopes=self.state.config.scopes,
            installed=True,
        )

    def shop_of(self, order: Order) -> Shop:
        """Find the shop of an order; raises Refused for a deleted one."""
        for shop in self.state.shops.values():
            if shop.orders.get(order.id) is order:
                return shop
        raise Refused(f"{order.body['name']} is deleted.")
