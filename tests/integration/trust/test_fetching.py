"""The way out to addresses that a merchant typed: a real server on this machine, and every way to abuse it."""

import asyncio
import ssl
from ipaddress import ip_address

import pytest

from tests.integration.trust.issuer import HERE, HOST, Issuer, answer, is_here
from widgets.trust.addresses import Address
from widgets.trust.fetching import MOST_BYTES, Fetcher, NoPage, resolved
from widgets.trust.results import Result


def is_the_issuers(host: str) -> bool:
    return host.removeprefix("www.") == HOST


async def why(fetcher: Fetcher, url: str) -> Result:
    with pytest.raises(NoPage) as none:
        await fetcher.page(url, is_the_issuers)
    return none.value.result


async def test_a_page_is_read_by_its_name_over_a_proved_connection(issuer: Issuer) -> None:
    issuer.pages["/shop?id=1"] = answer("Prüfung: muster.example".encode())
    page = await issuer.fetcher().page(issuer.url("/shop?id=1#top"), is_the_issuers)
    assert page.decode() == "Prüfung: muster.example"
    assert issuer.asked == [f"{HOST}/shop?id=1"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "169.254.169.254",
        "10.1.2.3",
        "192.168.0.1",
        "::1",
        "fe80::1%2",
        "fd00::1",
        "::ffff:127.0.0.1",
    ],
)
async def test_production_sends_nothing_to_a_host_that_resolves_inside(issuer: Issuer, address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return [address]

    assert await why(Fetcher(resolve=resolve, context=issuer.trust), issuer.url()) is Result.PRIVATE
    assert issuer.asked == []


async def test_production_asks_this_machines_own_resolver_and_refuses_loopback(issuer: Issuer) -> None:
    assert {ip_address(one).is_loopback for one in await resolved("localhost", issuer.port)} == {True}
    assert await why(Fetcher(), issuer.url(host="localhost")) is Result.PRIVATE
    assert await why(Fetcher(), issuer.url(host="127.0.0.1")) is Result.PRIVATE
    assert issuer.asked == []


async def test_one_private_address_among_public_ones_is_enough_to_refuse(issuer: Issuer) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return [HERE, "10.0.0.1"]

    assert await why(Fetcher(is_here, resolve, issuer.trust), issuer.url()) is Result.PRIVATE
    assert issuer.asked == []


async def test_a_name_that_answers_differently_a_moment_later_gains_nothing(issuer: Issuer) -> None:
    issuer.pages["/"] = answer(b"fine")
    judged, answers = list[Address](), [HERE, "10.0.0.1"]

    async def resolve(host: str, port: int) -> list[str]:
        return [answers.pop(0)]

    def allowed(address: Address) -> bool:
        judged.append(address)
        return is_here(address)

    assert await Fetcher(allowed, resolve, issuer.trust).page(issuer.url(), is_the_issuers) == b"fine"
    assert (judged, answers) == ([ip_address(HERE)], ["10.0.0.1"]), (
        "resolved once, connected to what was judged"
    )


async def test_each_redirect_is_judged_anew(issuer: Issuer) -> None:
    issuer.pages["/"] = answer(status=302, Location=f"https://www.{HOST}:{issuer.port}/in")
    inside = issuer.fetcher(www_seals_example="10.0.0.1")
    assert await why(inside, issuer.url()) is Result.PRIVATE
    assert issuer.asked == [f"{HOST}/"]


async def test_redirects_on_the_issuers_own_host_are_followed(issuer: Issuer) -> None:
    issuer.pages["/"] = answer(status=301, Location="/de")
    issuer.pages["/de"] = answer(status=302, Location=f"https://www.{HOST}:{issuer.port}/shop")
    issuer.pages["/shop"] = answer(b"here")
    assert await issuer.fetcher().page(issuer.url(), is_the_issuers) == b"here"


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example:{port}/",
        "//elsewhere.example:{port}/",
        "http://seals.example:{port}/",
        "https://seals.example/",
        "https://seals.example:1/",
        "https://user@seals.example:{port}/",
        "https://seals.example.elsewhere.example:{port}/",
        "https://[::1/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_redirect_anywhere_else_ends_it(issuer: Issuer, target: str) -> None:
    issuer.pages["/"] = answer(status=302, Location=target.format(port=issuer.port))
    assert await why(issuer.fetcher(), issuer.url()) is Result.ELSEWHERE
    assert set(issuer.asked) == {f"{HOST}/"}


async def test_a_circle_of_redirects_ends(issuer: Issuer) -> None:
    issuer.pages["/"] = answer(status=302, Location="/")
    assert await why(issuer.fetcher(), issuer.url()) is Result.ELSEWHERE
    assert len(issuer.asked) == 6


async def test_of_five_megabytes_or_of_a_page_without_end_one_is_read(issuer: Issuer) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    for page in (answer(b"x" * 5 * MOST_BYTES), endless):
        issuer.pages["/"] = page
        assert len(await issuer.fetcher().page(issuer.url(), is_the_issuers)) == MOST_BYTES


async def test_a_page_that_hangs_ends_by_the_limit(issuer: Issuer) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def drop_by_drop(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    for page in (silent, drop_by_drop):
        issuer.pages["/"] = page
        assert await why(issuer.fetcher(limit=0.3), issuer.url()) is Result.SLOW


async def test_a_resolver_that_hangs_ends_by_the_limit(issuer: Issuer) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    assert await why(Fetcher(is_here, resolve, issuer.trust, 0.1), issuer.url()) is Result.SLOW


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"Content-Type": "application/json"}, 200, Result.NO_PAGE),
        ({"Content-Type": "image/png"}, 200, Result.NO_PAGE),
        ({"Content_Encoding": "gzip"}, 200, Result.NO_PAGE),
        ({}, 404, Result.ABSENT),
        ({}, 410, Result.ABSENT),
        ({}, 403, Result.REFUSED),
        ({}, 302, Result.ABSENT),
        ({}, 429, Result.BUSY),
        ({}, 500, Result.BUSY),
        ({}, 503, Result.BUSY),
    ],
)
async def test_what_is_no_page_is_told_apart(
    issuer: Issuer, headers: dict[str, str], status: int, reason: Result
) -> None:
    issuer.pages["/"] = answer(b"muster.example", status, **headers)
    assert await why(issuer.fetcher(), issuer.url()) is reason


async def test_a_host_must_prove_who_it_is(issuer: Issuer) -> None:
    issuer.pages["/"] = answer(b"muster.example")
    stranger = Fetcher(is_here, issuer.fetcher().resolve, ssl.create_default_context())
    assert await why(stranger, issuer.url()) is Result.UNTRUSTED
    assert await why(issuer.fetcher(), issuer.url(host="other.seals.example")) is Result.UNTRUSTED
    assert issuer.asked == []


async def test_nobody_there_is_told_apart_from_no_such_host(issuer: Issuer) -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError

    assert await why(Fetcher(is_here, unknown, issuer.trust), issuer.url()) is Result.UNRESOLVED
    assert await why(issuer.fetcher(), f"https://{HOST}:1/") is Result.UNREACHED


async def test_an_answer_that_is_none_is_an_outage(issuer: Issuer) -> None:
    async def nonsense(writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await writer.drain()

    async def hung_up(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()

    for page in (nonsense, hung_up):
        issuer.pages["/"] = page
        assert await why(issuer.fetcher(), issuer.url()) is Result.UNREACHED
