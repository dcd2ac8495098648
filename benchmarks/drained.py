"""One worker empties the inbox; prints events, seconds. Run as ``python -m benchmarks.drained``.

The first batch is not counted: it builds what a running worker has long built.
"""

import json
import os
import sys
from time import perf_counter

import uvloop

from plugin.config import Config
from plugin.runtime import open_runtime
from plugin.worker import Worker


async def drain() -> dict[str, float]:
    """Handle all that waits, as a worker does, and return what it came to."""
    config = Config.from_environment(os.environ)
    sys.setswitchinterval(0.0005)
    async with open_runtime(config) as runtime:
        worker = Worker(runtime)
        await worker.handle_once()
        start = perf_counter()
        events = await worker.drain()
        return {"events": events, "seconds": perf_counter() - start}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(drain())))
