"""Redis gone, slow, full, read-only or speaking nonsense: slower, never wrong, told once, and over when it is over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from itertools import count
from typing import Any

import pytest
from prometheus_client.registry import REGISTRY
from structlog.testing import capture_logs

from plugin.errors import TooMany
from plugin.wake import Bells
from tests.ports import free_port
from tests.servers import RedisServer, running_redis
from tests.wire import Wire, wire_to
from widgets.rates import Rates

_keys = count()

Fault = Callable[[Wire, RedisServer], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is tried again soon, so that the tests are short; a busy machine has more time to answer."""
    monkeypatch.setattr("plugin.peers.PATIENCE", 1.0)
    monkeypatch.setattr("plugin.peers.LEISURE", 1.0)
    monkeypatch.setattr("plugin.peers.PAUSE", 0.05)
    monkeypatch.setattr("plugin.wake.PAUSE", 0.05)
    monkeypatch.setattr("plugin.peers.QUIET", 0.1)


class Process:
    """What one process has of Redis."""

    def __init__(self, url: str) -> None:
        self.bells = Bells(url)
        self.rates = Rates(self.bells.peers)

    async def admits(self, most: int, key: str) -> bool:
        try:
            await self.rates.admit(most, 60, key)
        except TooMany:
            return False
        return True


@asynccontextmanager
async def processes(url: str) -> AsyncIterator[tuple[Process, Process]]:
    one, other = Process(url), Process(url)
    async with AsyncExitStack() as stack:
        for process in (one, other):
            await process.bells.start()
            stack.push_async_callback(process.bells.stop)
        await eventually(lambda: ring_is_heard(one, other))
        yield one, other


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110  what is waited for happens outside
            await asyncio.sleep(0.02)


async def ring_is_heard(one: Process, other: Process) -> bool:
    """Whether what rings in one process is heard in the other."""
    name = f"order:1:{next(_keys)}"
    with other.bells.listening(name) as ear:
        one.bells.ring(name)
        return await ear.rung(0.3)


async def counted_together(one: Process, other: Process) -> bool:
    """Whether what one process admits is counted in the other."""
    key = f"key{next(_keys)}"
    return await one.admits(1, key) and not await other.admits(1, key)


def told(lines: Iterable[MutableMapping[str, Any]]) -> list[str]:
    return [line["event"] for line in lines if line.get("use") == "limits"]


@contextmanager
def still(wire: Wire, server: RedisServer) -> Iterator[None]:
    wire.still.clear()
    yield
    wire.still.set()


@contextmanager
def gone(wire: Wire, server: RedisServer) -> Iterator[None]:
    wire.cut = True
    wire.reset()
    yield
    wire.cut = False


def saying(answer: bytes) -> Fault:
    @contextmanager
    def fault(wire: Wire, server: RedisServer) -> Iterator[None]:
        wire.instead = answer
        wire.reset()
        yield
        wire.instead = None
        wire.reset()

    return fault


@contextmanager
def full(wire: Wire, server: RedisServer) -> Iterator[None]:
    server.ask("CONFIG SET maxmemory 1")
    yield
    server.ask("CONFIG SET maxmemory 0")


@contextmanager
def read_only(wire: Wire, server: RedisServer) -> Iterator[None]:
    """A failover whose old server is a replica by now: connections to it stay."""
    server.ask("REPLICAOF 127.0.0.1 1")
    yield
    server.ask("REPLICAOF NO ONE")


FAULTS: dict[str, Fault] = {
    "still": still,
    "gone": gone,
    "full": full,
    "a replica": read_only,
    "loading": saying(b"-LOADING Redis is loading the dataset in memory\r\n"),
    "moved": saying(b"-MOVED 3999 127.0.0.1:1\r\n"),
    "cluster down": saying(b"-CLUSTERDOWN The cluster is down\r\n"),
    "too many clients": saying(b"-ERR max number of clients reached\r\n"),
    "nonsense": saying(b"\xff\xfe\x00HTTP/1.1 200 OK\r\n\r\n"),
    "another answer": saying(b"$3\r\nyes\r\n"),
    "an endless answer": saying(b"*1000000\r\n"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_each_process_goes_on_alone_says_so_once_and_comes_back(
    name: str, redis_server: RedisServer, redis_url: str
) -> None:
    async with wire_to(redis_server.port) as wire, processes(f"redis://127.0.0.1:{wire.port}/0") as both:
        one, other = both
        assert await counted_together(one, other)
        failures = REGISTRY.get_sample_value("dankbar_redis_failures_total", {"use": "limits"}) or 0
        with capture_logs() as lines:
            with FAULTS[name](wire, redis_server):
                for process in both:
                    admitted = [await process.admits(10, "alone") for _ in range(12)]
                    assert admitted == [True] * 10 + [False] * 2
                assert await ring_is_heard(one, one)
                assert told(lines) == ["redis away"] * 2
            await eventually(lambda: counted_together(one, other))
            await eventually(lambda: ring_is_heard(one, other))
            await eventually(lambda: ring_is_heard(other, one))
        assert sorted(told(lines)) == ["redis away"] * 2 + ["redis back"] * 2
        now = REGISTRY.get_sample_value("dankbar_redis_failures_total", {"use": "limits"}) or 0
        assert now >= failures + 2


async def test_after_a_failover_all_find_the_new_server_though_the_old_one_lives(
    redis_server: RedisServer, redis_url: str
) -> None:
    with running_redis() as new:
        async with wire_to(redis_server.port) as wire:
            url = f"redis://127.0.0.1:{wire.port}/0"
            async with processes(url) as (one, other):
                assert await counted_together(one, other)
                with read_only(wire, redis_server):
                    wire.target = new.port
                    async with processes(new.url) as (later, _):
                        for process in (one, other):
                            await eventually(partial(ring_is_heard, process, later))
                            await eventually(partial(ring_is_heard, later, process))
                            await eventually(partial(counted_together, process, later))


async def test_rings_still_cross_a_redis_that_is_full(redis_server: RedisServer, redis_url: str) -> None:
    async with processes(redis_url) as (one, other):
        with full(Wire(0), redis_server):
            assert not await counted_together(one, other)
            assert await ring_is_heard(one, other)


async def test_a_wrong_password_costs_no_answer_and_a_right_one_needs_no_restart(
    redis_server: RedisServer, redis_url: str
) -> None:
    redis_server.ask("ACL SETUSER app reset on >right ~* &* +@all")
    url = f"redis://app:wrong@127.0.0.1:{redis_server.port}/0"
    one, other = Process(url), Process(url)
    try:
        for process in (one, other):
            await process.bells.start()
            assert [await process.admits(2, "x") for _ in range(3)] == [True, True, False]
        redis_server.ask("ACL SETUSER app >wrong")
        await eventually(lambda: counted_together(one, other))
        await eventually(lambda: ring_is_heard(one, other))
    finally:
        for process in (one, other):
            await process.bells.stop()
        redis_server.ask("ACL DELUSER app")


async def test_a_flushed_redis_forgets_counts_and_scripts_and_goes_on(
    redis_server: RedisServer, redis_url: str
) -> None:
    async with processes(redis_url) as (one, other):
        assert await counted_together(one, other)
        redis_server.ask("FLUSHALL")
        redis_server.ask("SCRIPT FLUSH")
        with capture_logs() as lines:
            assert await counted_together(one, other)
            assert await ring_is_heard(one, other)
        assert lines == []


async def test_a_restarted_redis_is_found_again() -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with running_redis(port) as first:
        assert first.url == url
        one, other = Process(url), Process(url)
        for process in (one, other):
            await process.bells.start()
        await eventually(lambda: ring_is_heard(one, other))
    assert not await counted_together(one, other)
    with running_redis(port):
        await eventually(lambda: counted_together(one, other))
        await eventually(lambda: ring_is_heard(one, other))
        for process in (one, other):
            await process.bells.stop()


async def test_every_command_names_one_key_as_a_cluster_demands() -> None:
    with running_redis(options=("--cluster-enabled", "yes")) as server:
        assert server.ask("CLUSTER ADDSLOTSRANGE 0 16383") == "+OK"
        await eventually(lambda: answered(server, "CLUSTER INFO", "cluster_state:ok"))
        async with processes(server.url) as (one, other):
            assert await counted_together(one, other)
            assert await ring_is_heard(one, other)


async def answered(server: RedisServer, command: str, words: str) -> bool:
    return words in server.ask_all(command)


async def test_what_a_command_rang_last_is_heard_though_it_ends_at_once(redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        with one.bells.listening("settings:example") as ear:
            brief = Bells(redis_url)
            await brief.start()
            brief.ring("settings:example")
            await brief.stop()
            assert await ear.rung(60)


async def test_more_bells_than_one_message_holds_are_all_rung(redis_url: str) -> None:
    async with processes(redis_url) as (one, other):
        names = [f"order:9:{number}" for number in range(3000)]
        with other.bells.listening(names[-1]) as last:
            one.bells.ring(*names)
            assert await last.rung(60)


async def test_the_clock_of_a_host_counts_in_no_window(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(redis_url) as (one, other):
        assert await one.admits(1, "clock")
        monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
        assert not await other.admits(1, "clock")


async def test_a_burst_is_asked_for_together_and_counted_exactly(
    redis_server: RedisServer, redis_url: str
) -> None:
    async with processes(redis_url) as (one, other):
        with capture_logs() as lines:
            burst = [process.admits(100, "burst") for process in (one, other) for _ in range(400)]
            assert (await asyncio.gather(*burst)).count(True) == 100
        assert lines == []
        clients = redis_server.ask_all("CLIENT LIST").count("name=dankbar")
        assert clients <= 8


async def test_a_window_is_gone_when_it_is_over(redis_server: RedisServer, redis_url: str) -> None:
    async with processes(redis_url) as (one, _):
        await one.rates.admit(5, 60, "shop", "x")
        assert redis_server.ask("TTL dankbar:{rate:shop:x}") == ":60"
        assert redis_server.ask("DBSIZE") == ":1"
