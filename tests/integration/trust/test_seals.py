"""A seal is shown while its issuer's page names the shop, and hidden the moment it does not: 200 alone is no proof."""

import asyncio
from dataclasses import replace
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from tests.integration.trust.issuer import HOST, answer
from tests.integration.trust.rounds import PAGE, SEAL, Rounds, inside
from tests.integration.widgets.stage import CHECKOUT, facts
from widgets.trust.addresses import is_public
from widgets.trust.fetching import LIMIT, Fetcher, resolved

NAMED = answer(b"<p>Gepr\xc3\xbcft: <a href='https://muster.example'>Muster</a></p>")


async def holding(rounds: Rounds, *seals: dict[str, str]) -> None:
    rounds.issuer.pages[PAGE] = NAMED
    await rounds.save(*(seals or (SEAL,)))
    await rounds.work()


async def test_a_seal_is_hidden_until_it_was_checked_and_shown_from_then_on(rounds: Rounds) -> None:
    rounds.issuer.pages[PAGE] = NAMED
    await rounds.save(SEAL)
    assert await rounds.shown() == []
    assert await rounds.told() == []
    assert await rounds.work() == 1
    (seal,) = await rounds.shown()
    assert (seal["issuer"], seal["title"], seal["text"]) == ("Siegelwerk", "Siegelwerk", "Siegelwerk, prüfen")
    assert (seal["verify_url"], seal["valid_until"]) == (SEAL["verify_url"], "2099-12-31")
    assert await rounds.told() == []


async def test_the_number_will_do_where_it_can_be_nothing_else(rounds: Rounds) -> None:
    rounds.issuer.pages[PAGE] = answer(b"<p>Zertifikat SW-48213</p>")
    await rounds.save(SEAL, {**SEAL, "seal_id": "1", "issuer": "Anderswo"})
    await rounds.work()
    assert [seal["issuer"] for seal in await rounds.shown()] == ["Siegelwerk"]


@pytest.mark.parametrize(("asked", "other"), [("SW-48213", "FJ-93768"), ("muster.example", "zhfgre.rknzcyr")])
async def test_a_page_that_repeats_what_it_is_asked_proves_nothing(
    rounds: Rounds, asked: str, other: str
) -> None:
    for word in (asked, other):
        rounds.issuer.pages[f"/find?q={word}"] = answer(f"<p>{word} wurde nicht gefunden.</p>".encode())
    seal = {**SEAL, "verify_url": f"https://{HOST}/find?q={asked}"}
    await rounds.save(seal)
    await rounds.work()
    assert await rounds.shown() == []
    rounds.issuer.pages[f"/find?q={other}"] = answer(b"<p>Nicht gefunden.</p>")
    await rounds.save({**seal, "issuer": "Siegelhaus"})
    await rounds.work()
    assert [shown["issuer"] for shown in await rounds.shown()] == ["Siegelhaus"]


async def test_a_page_that_names_neither_is_linked_and_not_checked(rounds: Rounds) -> None:
    rounds.issuer.pages[PAGE] = answer(
        b"<div id=app></div><script>shop('muster.example','SW-48213')</script>"
    )
    await rounds.save(SEAL)
    await rounds.work()
    assert await rounds.shown() == []
    assert await rounds.told() == [
        "The seal “Siegelwerk” is hidden: linked, not checked, since the issuer's page names neither this shop nor the number."
    ]


async def test_a_page_that_stops_naming_the_shop_hides_the_seal_within_the_week(rounds: Rounds) -> None:
    await holding(rounds)
    rounds.issuer.pages[PAGE] = answer(b"<p>Willkommen</p>")
    await rounds.later(days=6)
    assert await rounds.work() == 0
    assert len(await rounds.shown()) == 1
    await rounds.later(days=1)
    assert await rounds.work() == 1
    assert await rounds.shown() == []
    assert len(await rounds.told()) == 1
    rounds.issuer.pages[PAGE] = NAMED
    await rounds.later(days=7)
    await rounds.work()
    assert len(await rounds.shown()) == 1
    assert await rounds.told() == []


async def test_an_outage_is_tried_again_after_minutes_and_then_ever_later(rounds: Rounds) -> None:
    await holding(rounds)
    rounds.issuer.pages[PAGE] = answer(status=503)
    await rounds.later(days=7)
    assert await rounds.work() == 1
    assert await rounds.shown() == [], "what cannot be verified is hidden at once"
    assert await rounds.told() == [
        "The seal “Siegelwerk” is hidden: the issuer's host has trouble of its own."
    ]
    for wait in (5, 15, 45):
        await rounds.later(minutes=wait - 1)
        assert await rounds.work() == 0
        await rounds.later(minutes=1)
        assert await rounds.work() == 1
    assert await rounds.results() == [("busy", 4)]
    for _ in range(10):
        await rounds.later(days=1)
        assert await rounds.work() == 1
    rounds.issuer.pages[PAGE] = NAMED
    await rounds.later(days=1)
    await rounds.work()
    assert await rounds.results() == [("shop", 0)]
    assert len(await rounds.shown()) == 1


async def test_the_last_day_is_judged_when_it_is_shown(rounds: Rounds) -> None:
    today = rounds.stage.now.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat()
    await holding(rounds, {**SEAL, "valid_until": today})
    assert len(await rounds.shown()) == 1
    assert "valid until" in (await rounds.told())[0]
    await rounds.save({**SEAL, "valid_until": "2020-01-31"})
    assert await rounds.shown() == []
    assert await rounds.told() == ["The seal “Siegelwerk” is hidden: it was valid until 31 January 2020."]
    assert await rounds.told("de") == [
        "Das Siegel „Siegelwerk“ ist verborgen: Es war bis 31. Januar 2020 gültig."
    ]


async def test_a_check_that_nobody_renews_stops_counting(rounds: Rounds) -> None:
    await holding(rounds)
    rounds.stage.now = rounds.stage.now.replace(year=rounds.stage.now.year + 1)
    assert await rounds.told() == [
        "The seal “Siegelwerk” is hidden: its last check is more than two weeks old."
    ]


async def test_another_link_or_number_starts_anew_and_what_is_gone_is_forgotten(rounds: Rounds) -> None:
    await holding(rounds)
    await rounds.save({**SEAL, "seal_id": "SW-9"})
    assert await rounds.shown() == []
    assert await rounds.work() == 1
    assert len(await rounds.shown()) == 1
    await rounds.save({**SEAL, "seal_id": "SW-9", "says": "Käuferschutz"}, hours="9-16")
    assert await rounds.work() == 0, "other words need no other check"
    assert [seal["title"] for seal in await rounds.shown()] == ["Käuferschutz"]
    await rounds.save()
    assert await rounds.results() == []


async def test_a_check_of_a_seal_that_is_gone_meanwhile_records_nothing(rounds: Rounds) -> None:
    await rounds.save(SEAL)
    await rounds.save()
    assert await rounds.work() == 1
    assert rounds.issuer.asked == []
    assert await rounds.results() == []


@pytest.mark.parametrize("host", ["muster.example", "siegel.muster.example", "example.myshopify.com"])
async def test_a_page_of_the_shop_itself_is_no_witness(rounds: Rounds, host: str) -> None:
    if host.endswith("myshopify.com"):
        with pytest.raises(Exception, match="verify_url"):
            await rounds.save({**SEAL, "verify_url": f"https://{host}/"})
        return
    await rounds.save({**SEAL, "verify_url": f"https://{host}/"})
    await rounds.work()
    assert rounds.issuer.asked == []
    assert await rounds.results() == [("own", 0)]


async def test_a_host_that_resolves_inside_is_never_asked_in_production(rounds: Rounds) -> None:
    rounds.issuer.pages[PAGE] = NAMED
    rounds.fetcher = inside(rounds.fetcher)
    await rounds.save(SEAL)
    await rounds.work()
    assert rounds.issuer.asked == []
    assert await rounds.results() == [("private", 0)]
    assert await rounds.shown() == []
    assert (Fetcher().allowed, Fetcher().resolve, Fetcher().context) == (is_public, resolved, None)


async def test_a_page_that_hangs_or_leads_elsewhere_hides_the_seal(rounds: Rounds) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    for page, result in (
        (silent, "slow"),
        (answer(status=302, Location="https://elsewhere.example/"), "elsewhere"),
        (answer(b"x" * 5 * 1024 * 1024), "neither"),
    ):
        await holding(rounds)
        rounds.issuer.pages[PAGE] = page
        rounds.fetcher = replace(rounds.fetcher, limit=0.5)
        await rounds.later(days=8)
        await rounds.work()
        assert await rounds.results() in ([(result, 0)], [(result, 1)])
        assert await rounds.shown() == []
        await rounds.save()


async def test_the_page_shows_a_badge_or_the_shops_own_picture_and_asks_nobody(rounds: Rounds) -> None:
    picture = "https://cdn.shopify.com/s/files/1/0533/files/siegel.png?v=7"
    rounds.issuer.pages[PAGE] = NAMED
    await rounds.save(
        SEAL,
        {
            **SEAL,
            "issuer": "Bild",
            "image": picture,
            "says": "Umwelt",
            "proof_url": "https://proof.example/1",
        },
    )
    await rounds.work()
    html = unescape((await rounds.stage.proxy("/trust", locale="de")).text)
    assert 'src="/cdn/shop/files/siegel.png?v=7"' in html
    assert html.partition('class="data"')[0].count("<svg") == 1
    assert 'href="https://proof.example/1"' in html
    assert html.count('rel="noopener noreferrer nofollow"') == 3
    assert "Bei den Ausstellern nachgesehen, zuletzt am" in html
    await rounds.stage.tell(facts(rounds.stage.now))
    view = (await rounds.stage.order(checkout_token=CHECKOUT, locale="de")).json()["widgets"]["trust"]
    assert [seal["image"] for seal in view["seals"]] == [
        "",
        "https://www.muster.example/cdn/shop/files/siegel.png?v=7",
    ]


async def test_switched_off_nothing_is_told(rounds: Rounds) -> None:
    await rounds.save({**SEAL, "valid_until": "2020-01-31"}, enabled="false")
    assert await rounds.told() == []


async def test_however_many_are_asked_for_a_few_begin_in_each_turn(rounds: Rounds) -> None:
    """A worker has eight hands; pages that hang for as long as they may hold no more than half of them."""
    rounds.issuer.pages[PAGE] = NAMED
    await rounds.save(*({**SEAL, "seal_id": f"SW-{number}0000"} for number in range(8)))
    assert await rounds.work() == 4
    await rounds.later(minutes=LIMIT / 60)
    assert await rounds.work() == 4
    assert len(await rounds.shown()) == 8
    await rounds.later(days=7)
    assert [await rounds.work(), await rounds.work()] == [4, 0]
