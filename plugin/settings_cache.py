"""Shops and their settings for display: a moment old at most, whichever process changed them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TypeAlias

from sqlalchemy import Connection

from plugin.database import Database
from plugin.settings import Section, ShopSettings, versions
from plugin.shops import Shop, find_shop

SETTINGS_BELL = "settings"
"""``settings:HANDLE`` rings when a shop's settings changed."""

AGE = 0.7
"""Seconds; a change is in force in every process within one second, also where no bell told of it."""

KEPT = 10_000
"""Handles remembered at once; the longest unread is forgotten first."""


@dataclass(frozen=True, slots=True)
class Displayed:
    """A shop with its current settings, good for showing and for nothing that counts."""

    shop: Shop
    settings: ShopSettings
    sections: Mapping[str, Section]


@dataclass(frozen=True, slots=True)
class _Read:
    started: float
    task: "asyncio.Task[Displayed | None]"


Clock: TypeAlias = Callable[[], float]


class SettingsCache:
    """Reads a shop at most once in ``AGE`` seconds, however many ask; concurrent askers share one read."""

    def __init__(self, db: Database, models: Iterable[type[Section]], clock: Clock = monotonic) -> None:
        self._db = db
        kinds: tuple[type[Section], ...] = (ShopSettings, *models)
        self._models = {model.section: model for model in kinds}
        self._clock = clock
        self._reads: OrderedDict[str, _Read] = OrderedDict()

    async def get(self, handle: str) -> Displayed | None:
        """Return the shop as it was at most ``AGE`` seconds ago; None where no shop has the app set up."""
        now = self._clock()
        read = self._reads.get(handle)
        if read is None or now - read.started > AGE or _failed(read.task):
            read = _Read(now, asyncio.create_task(self._db.read(lambda conn: self._display(conn, handle))))
            self._reads[handle] = read
            if len(self._reads) > KEPT:
                self._reads.popitem(last=False)
        self._reads.move_to_end(handle)
        return await asyncio.shield(read.task)

    def forget(self, handle: str) -> None:
        """Read the shop again at the next request: it has been changed."""
        self._reads.pop(handle, None)

    def _display(self, conn: Connection, handle: str) -> Displayed | None:
        shop = find_shop(conn, handle)
        if shop is None or not shop.installed:
            return None
        found = versions(conn, [shop.id], self._models.values())
        if not found.stored(shop.id, ShopSettings):
            return None
        sections: dict[str, Section] = {
            name: found.current(shop.id, model).value for name, model in self._models.items()
        }
        return Displayed(shop, found.current(shop.id, ShopSettings).value, sections)


def _failed(task: "asyncio.Task[Displayed | None]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
