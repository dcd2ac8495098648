"""Seals in a sandbox: saved as a merchant does, and found to hold as a worker would have found it.

Issuers are on the Internet, where no test goes: what the worker's own looks find is replaced by what they would find.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from plugin.database import open_database
from plugin.sandbox import environment
from tests.e2e.conftest import Sandbox
from widgets.trust.checking import fingerprint
from widgets.trust.results import Result
from widgets.trust.settings import Seal
from widgets.trust.tables import trust_check

PATIENCE = 40
"""Seconds: the worker's own look gives up after half of them."""

SEALS = (
    {
        "issuer": "Trusted Shops",
        "seal_id": "X6A4AACCD2C75E430381B2E1C4CLASSIC",
        "verify_url": "https://www.trustedshops.de/bewertung/info_X6A4AACCD2C75E43.html",
        "valid_until": "2099-05-31",
        "says": "",
    },
    {
        "issuer": "TÜV SÜD",
        "seal_id": "SFS-20481",
        "verify_url": "https://www.safer-shopping.de/zertifizierte-shops/20481",
        "valid_until": "2099-12-31",
        "says": "TÜV SÜD s@fer-shopping",
    },
    {
        "issuer": "Baumkreis",
        "seal_id": "BK-7712",
        "verify_url": "https://www.baumkreis.example/partner/7712",
        "valid_until": "2099-12-31",
        "says": "Ein Baum je 10 Bestellungen",
        "proof_url": "https://www.baumkreis.example/bericht",
    },
    {
        "issuer": "EHI",
        "seal_id": "EHI-30991",
        "verify_url": "https://www.ehi-siegel.de/shops/30991",
        "valid_until": "2099-12-31",
        "says": "",
    },
)
FOUND = (Result.SHOP, Result.ID, Result.SHOP, Result.NEITHER)
"""The last one is hidden, and the merchant is told."""


def hang_up(sandbox: Sandbox) -> None:
    """Save the seals, wait for the worker's own looks, and put in their place what an issuer would have said."""
    _save(sandbox, json.dumps(SEALS))
    results = {
        fingerprint(Seal.model_validate(seal)): result for seal, result in zip(SEALS, FOUND, strict=True)
    }

    def known(conn: Connection) -> bool:
        looked = select(func.count()).where(trust_check.c.checked_at.is_not(None))
        if conn.execute(looked).scalar_one() < len(results):
            return False
        now = datetime.now(UTC) - timedelta(minutes=5)
        for one, result in results.items():
            row = update(trust_check).where(trust_check.c.fingerprint == one)
            conn.execute(
                row.values(result=result, failures=0, checked_at=now, due_at=now + timedelta(days=7))
            )
        return True

    async def run() -> None:
        db = await open_database(_environment(sandbox)["DANKBAR_DATABASE_URL"])
        deadline = time.monotonic() + PATIENCE
        try:
            while not await db.write(known):
                assert time.monotonic() < deadline, "the worker never looked"
                await asyncio.sleep(0.2)
        finally:
            await db.close()

    with ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread
        aside.submit(asyncio.run, run()).result()


def take_down(sandbox: Sandbox) -> None:
    """Remove all seals."""
    _save(sandbox, "[]")


def _save(sandbox: Sandbox, seals: str) -> None:
    command = [
        str(Path(sys.executable).parent / "dankbar"),
        "settings",
        "--shop",
        "example",
        "trust",
        f"seals={seals}",
    ]
    subprocess.run(command, env=_environment(sandbox), check=True, capture_output=True)


def _environment(sandbox: Sandbox) -> dict[str, str]:
    return {**os.environ, **environment(int(sandbox.base.rpartition(":")[2]), sandbox.data)}
