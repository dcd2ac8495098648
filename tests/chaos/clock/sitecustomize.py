"""On PYTHONPATH, this process reads a clock that is off by CHAOS_SHIFT seconds, as on a host whose clock was set wrong."""

import ctypes
import datetime as dt
import gc
import os
import time

_SHIFT = float(os.environ.get("CHAOS_SHIFT", "0"))


def _moved() -> None:
    now, utcnow, seconds = dt.datetime.now, dt.datetime.utcnow, time.time
    ahead = dt.timedelta(seconds=_SHIFT)

    def moved_now(cls: type[dt.datetime], tz: dt.tzinfo | None = None) -> dt.datetime:
        return now(tz) + ahead

    def moved_utcnow(cls: type[dt.datetime]) -> dt.datetime:
        return utcnow() + ahead

    [members] = gc.get_referents(dt.datetime.__dict__)
    members.update(now=classmethod(moved_now), utcnow=classmethod(moved_utcnow))
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(dt.datetime))
    time.time = lambda: seconds() + _SHIFT
    time.time_ns = lambda: int(time.time() * 1e9)


if _SHIFT:
    _moved()
