"""A worker process for one job of the clock, run as a module: the first that comes to the job's second step is killed.

It is told the database, what its clock says, and the file that says that one was killed; it begins with a line.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from plugin import clock
from plugin.clock import Job
from plugin.core.accounts import account
from plugin.database import open_database

STEPS = 4


def opens(conn: Connection, limit: int = STEPS) -> int:
    """A step that can be counted: opens one account more, up to so many."""
    count = conn.execute(select(func.count()).select_from(account)).scalar_one()
    if count >= limit:
        return 0
    conn.execute(insert(account).values(shop_id=1, customer_id=count + 1))
    return 1


def say(word: str) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(url: str, now: datetime, dead: Path) -> int:
    """Take the job if nobody else has, and return how many steps of it were done here."""
    db = await open_database(url)

    def run(conn: Connection, shop_id: int | None, started: datetime) -> int:
        count = opens(conn)
        if count and conn.execute(select(func.count()).select_from(account)).scalar_one() == 2:
            try:
                dead.touch(exist_ok=False)
            except FileExistsError:
                return count
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    one = Job("opens", timedelta(days=1), run)
    await db.write(lambda conn: clock.due(conn, [one], now - timedelta(days=1)))
    say("ready")
    sys.stdin.readline()
    steps = 0
    held = await db.write(partial(clock.take, one=one, now=now))
    while held is not None:
        held = await db.write(partial(clock.step, one=one, held=held, started=now, now=now))
        steps += held is not None
    await db.close()
    return steps


if __name__ == "__main__":
    done = asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2]), Path(sys.argv[3])))
    say(str(done))
