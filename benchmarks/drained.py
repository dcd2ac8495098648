"""One worker empties the inbox; prints events, seconds. Run as ``python -m benchmarks.drained``.

The first batches are not counted: they build what a running worker has long built.
"""

import json
import os
import sys
from time import perf_counter

import uvloop

from plugin.config import Config
from plugin.runtime import open_runtime
from plugin.worker import Worker

WARM = 2
"""Batches before the clock starts."""


async def drain() -> dict[str, float]:
    """Handle all that waits, as a worker does, and return what it came to."""
    config = Config.from_environment(os.environ)
    sys.setswitchinterval(0.0005)
    async with open_runtime(config) as runtime:
        worker = Worker(runtime)
        for _ in range(WARM):
            await worker.handle_once()
        events, start = 0, perf_counter()
        while taken := await worker.handle_once():
            events += taken
        return {"events": events, "seconds": perf_counter() - start}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(drain())))
