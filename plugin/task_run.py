"""What a task's handler is given, and what it promises."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugin.crypto import Keyring
    from plugin.database import Database
    from plugin.shopify import Gateway
    from plugin.shops import Shop
    from plugin.wake import Bells


@dataclass(frozen=True, slots=True)
class TaskRun:
    """What a task's handler works with; ``now`` is the start of this try."""

    db: "Database"
    keyring: "Keyring"
    bells: "Bells"
    gateway: "Gateway"
    shop: "Shop"
    key: str
    payload: Mapping[str, Any]
    now: datetime


Handler = Callable[[TaskRun], Awaitable[None]]
"""Does the task; safe to run again after a crash at any point. Raises Park when it can never succeed, Retry when
only something outside is not ready."""
