"""What can be made to go wrong in one shop, as on a bad day at Shopify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Api = Literal["ok", "slow", "throttled", "down", "closed", "garbage"]


class BadSwitch(Exception):
    """No such switch, or not that value for it; one sentence."""


@dataclass(slots=True)
class Switches:
    """The switches of one shop.

    api: ``slow`` answers after ``seconds``; ``throttled`` makes the bucket count; ``down`` answers 503; ``closed``
    breaks the connection; ``garbage`` answers 200 with something that is no JSON. All hold for tokens too.
    partner: the same for the Partner API, which is one for all shops: ``throttled`` answers 429.
    delay: seconds before a webhook's first attempt. duplicate, drop: the share (0 to 1) of webhooks that arrive
    twice, or never. reorder: seconds during which webhooks are gathered and then sent in another order.
    """

    api: Api = "ok"
    partner: Api = "ok"
    seconds: float = 2.0
    delay: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    drop: float = 0.0

    def turn(self, **values: Any) -> None:
        """Set some switches; ``True`` and ``False`` stand for all or none, raises BadSwitch and then sets none."""
        checked = {name: _checked(name, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Set every switch back to a good day."""
        fresh = Switches()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))


_WAYS = ("api", "partner")
_SHARES = ("duplicate", "drop")
_SECONDS = {"seconds": 2.0, "delay": 1.0, "reorder": 0.3}


def _checked(name: str, value: Any) -> Any:
    if name in _WAYS:
        if value not in get_args(Api):
            raise BadSwitch(f"The switch {name} is one of {', '.join(get_args(Api))}.")
        return value
    if name not in _SHARES and name not in _SECONDS:
        raise BadSwitch(f"There is no switch {name}.")
    if isinstance(value, bool):
        return float(value) * _SECONDS.get(name, 1.0)
    if not isinstance(value, int | float) or value < 0 or (name in _SHARES and value > 1):
        raise BadSwitch(f"The switch {name} takes {'a share from 0 to 1' if name in _SHARES else 'seconds'}.")
    return float(value)
