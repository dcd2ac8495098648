"""What every process opens at its start and closes at its end: database, keys, bells and the way to Shopify."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from plugin import schema
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import Database, open_database
from plugin.errors import ConfigurationError
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


@asynccontextmanager
async def open_runtime(config: Config) -> AsyncIterator[Runtime]:
    """Open everything, bring a SQLite file to the current schema, and close everything at the end.

    Raises ConfigurationError when a PostgreSQL database is not at the current schema.
    """
    async with AsyncExitStack() as stack:
        db = await open_database(config.database_url)
        stack.push_async_callback(db.close)
        await _check_schema(db)
        keyring = Keyring(config.secret_keys)
        bells = Bells(config.redis_url)
        await bells.start()
        stack.push_async_callback(bells.stop)
        http = await stack.enter_async_context(shop_client(config))
        gateway = Gateway(config, db, keyring, http)
        yield Runtime(config, db, keyring, bells, gateway)


async def _check_schema(db: Database) -> None:
    if await db.read(schema.is_current):
        return
    if db.dialect != "sqlite":
        raise ConfigurationError("The database is not at the current schema: run dankbar migrate first.")
    await db.write(schema.upgrade)
