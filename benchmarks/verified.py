"""One process recomputes every balance and what is open; prints seconds, peak KiB. Run as ``python -m benchmarks.verified``."""

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from plugin import verify
from plugin.config import Config
from plugin.core import liability
from plugin.core.liability import Liability
from plugin.runtime import open_runtime
from plugin.verify import Report


def _peak() -> int:
    """Return the most memory this process ever held; what ``getrusage`` says begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


async def recompute() -> dict[str, float]:
    """Check everything and sum up the first shop, as every night, and return what it took."""
    now = datetime.now(UTC)
    start = perf_counter()
    async with open_runtime(Config.from_environment(os.environ)) as runtime:
        report: Report = await runtime.db.snapshot(lambda conn: verify.verify(conn, None, None, now))
        checked = perf_counter()
        shop = await runtime.db.read(lambda conn: verify.shop_id_of(conn, "shop-0"))
        assert shop is not None
        zone = ZoneInfo("Europe/Berlin")
        owed: Liability = await runtime.db.snapshot(lambda conn: liability.liability(conn, shop, zone, now))
    assert report.ok
    assert owed.points > 0
    return {
        "entries": report.entries,
        "seconds": checked - start,
        "summing": perf_counter() - checked,
        "kib": _peak(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(recompute())))
