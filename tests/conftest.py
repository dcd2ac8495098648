"""What every test shares: one asyncio backend, one hypothesis profile, and real servers for those that ask."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import PostgresServer, RedisServer, running_postgres, running_redis

settings.register_profile(
    "dankbar",
    deadline=None,  # a slow machine is not a wrong answer
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("dankbar")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Every asynchronous test runs on asyncio, the loop the app is served by."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole session, started by the first test that needs it."""
    with running_postgres(durable=False) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the whole session, started by the first test that needs it."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of that Redis, emptied for this test."""
    redis_server.clear()
    return redis_server.url
