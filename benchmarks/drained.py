"""One worker empties the inbox; prints events, seconds, processor seconds, peak KiB. Run as ``python -m benchmarks.drained``.

The first batch is not counted: it builds what a running worker has long built.
"""

import json
import os
import sys
from time import perf_counter, process_time

import uvloop

from benchmarks.processor import peak_kib
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
        start, used = perf_counter(), process_time()
        events = await worker.drain()
        return {
            "events": events,
            "seconds": perf_counter() - start,
            "processor": process_time() - used,
            "kib": peak_kib(os.getpid()),
        }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(drain())))
