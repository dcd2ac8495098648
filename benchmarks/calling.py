"""A worker for whose tasks Shopify answers in 30 ms, whatever they are. Run as ``python -m benchmarks.calling``."""

import asyncio
import os
import signal

import uvloop

from plugin.config import Config
from plugin.runtime import Runtime, open_runtime
from plugin.task_run import TaskRun
from plugin.worker import Worker

NAME = "bench"
CALL = 0.03
"""Seconds that a task's call to Shopify takes."""


def bell(key: str) -> str:
    """Return the bell that rings when the task of that key was done."""
    return f"called:{key}"


def worker(runtime: Runtime) -> Worker:
    """Return a worker that has no clock and waits in every task as for Shopify."""

    async def call(run: TaskRun) -> None:
        await asyncio.sleep(CALL)
        if run.key.isdigit():
            run.bells.ring(bell(run.key))

    made = Worker(runtime, jobs=())
    made._handlers = dict.fromkeys([*made._handlers, NAME], call)  # noqa: SLF001
    return made


async def work() -> None:
    """Work until SIGTERM."""
    async with open_runtime(Config.from_environment(os.environ)) as runtime:
        made = worker(runtime)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, made.stop)
        await made.run()


if __name__ == "__main__":
    uvloop.run(work())
