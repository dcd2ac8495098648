"""What every process opens at its start and closes at its end: database, keys, bells, the ways to Shopify and to payment."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text

from plugin import schema
from plugin.billing.nobody import NOBODY
from plugin.billing.opening import open_billing
from plugin.billing.protocol import Billing
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import Database, open_database
from plugin.errors import ConfigurationError, DankbarError
from plugin.shopify import Gateway
from plugin.shopify.transport import shop_client
from plugin.wake import Bells


@dataclass(frozen=True, slots=True)
class Runtime:
    """The opened parts of a process."""

    config: Config
    db: Database
    keyring: Keyring
    bells: Bells
    gateway: Gateway
    billing: Billing = NOBODY


@asynccontextmanager
async def opened(config: Config, *, bare: bool = False) -> AsyncIterator[Database]:
    """Open the database at the current schema, or as it is when ``bare``; close it at the end.

    Raises ConfigurationError when it cannot be opened, or when a PostgreSQL database is not at the current schema.
    """
    async with AsyncExitStack() as stack:
        try:
            db = await open_database(config.database_url)
            stack.push_async_callback(db.close)
            await (db.read(_nothing) if bare else _check_schema(db))
        except DankbarError:
            raise
        except Exception as error:
            what = f"The database cannot be opened ({type(error).__name__}): check DANKBAR_DATABASE_URL."
            raise ConfigurationError(what) from error
        yield db


def _nothing(conn: Connection) -> None:
    conn.execute(text("SELECT 1"))


@asynccontextmanager
async def open_runtime(config: Config) -> AsyncIterator[Runtime]:
    """Open everything, bring a SQLite file to the current schema, and close everything at the end.

    Raises ConfigurationError when the database cannot be opened or a PostgreSQL one is not at the current schema.
    """
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(opened(config))
        keyring = Keyring(config.secret_keys)
        bells = Bells(config.redis_url)
        await bells.start()
        stack.push_async_callback(bells.stop)
        http = await stack.enter_async_context(shop_client(config))
        gateway = Gateway(config, db, keyring, http)
        billing = await stack.enter_async_context(open_billing(config, db))
        yield Runtime(config, db, keyring, bells, gateway, billing)


async def _check_schema(db: Database) -> None:
    if await db.read(schema.is_current):
        return
    if db.dialect != "sqlite":
        raise ConfigurationError("The database is not at the current schema: run dankbar migrate first.")
    await db.write(schema.upgrade)
