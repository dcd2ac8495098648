"""The throw-away servers are real, durable, on loopback, and each test finds them empty."""

import asyncpg
import pytest
import redis.asyncio

from tests.servers import PostgresServer, running_postgres, running_redis


async def one(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_postgres_commits_before_it_answers_and_listens_on_loopback_only(postgres_url: str) -> None:
    assert await one(postgres_url, "SHOW synchronous_commit") == "on"
    assert await one(postgres_url, "SHOW listen_addresses") == "127.0.0.1"
    assert await one(postgres_url, "SHOW server_encoding") == "UTF8"


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_gets_an_empty_database(postgres_url: str, turn: str) -> None:
    assert await one(postgres_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await one(postgres_url, f"CREATE TABLE left_by_{turn} (id int)")


async def test_a_database_may_be_copied_from_another(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    await one(postgres_url, "CREATE TABLE made AS SELECT 17 AS number")
    copy = postgres_server.create_database(template=postgres_url)
    await one(postgres_url, "UPDATE made SET number = 18")
    try:
        assert await one(copy, "SELECT number FROM made") == 17
    finally:
        postgres_server.drop_database(copy)


async def test_postgres_is_reached_by_its_unix_socket_too(postgres_server: PostgresServer) -> None:
    connection = await asyncpg.connect(
        host=str(postgres_server.folder), port=postgres_server.port, user="dankbar", database="postgres"
    )
    assert await connection.fetchval("SELECT inet_server_addr() IS NULL")
    await connection.close()


async def test_what_was_committed_survives_a_crash_and_the_cluster_leaves_nothing_behind() -> None:
    with running_postgres() as server:
        url = server.create_database()
        await one(url, "CREATE TABLE kept AS SELECT 5 AS number")
        assert await one(url, "SHOW fsync") == "on"
        assert await one(url, "SHOW full_page_writes") == "on"
        server.stop("immediate")
        server.start()
        assert await one(url, "SELECT number FROM kept") == 5
        folder = server.folder
    assert not folder.exists()
    with pytest.raises(OSError, match="Connect"):
        await one(url, "SELECT 1")


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_finds_redis_empty(redis_url: str, turn: str) -> None:
    client = redis.asyncio.from_url(redis_url)
    assert await client.dbsize() == 0
    await client.set(f"left_by_{turn}", 1)
    assert await client.get(f"left_by_{turn}") == b"1"
    await client.aclose()


def test_redis_stops_with_its_session() -> None:
    with running_redis() as server:
        assert server.ask("PING") == "+PONG"
    with pytest.raises(ConnectionRefusedError):
        server.ask("PING")
