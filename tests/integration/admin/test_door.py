"""Nothing of the admin is shown or done without the proof of this shop's own staff."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox import tokens
from tests.integration.admin.stage import DOCUMENT, PART, Stage
from tests.integration.widgets.stage import CLIENT, CUSTOMER, SECRET

pytestmark = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
"""Which database there is makes no difference here."""

PAGES = ("/", "/admin", "/admin/shop", "/admin/ledger", "/admin/widgets/loyalty")
NOWHERE = ("/admin/nothing", "/admin/widgets/nothing", "/admin/shop/preview")
FORMS = (
    "/admin/shop",
    "/admin/shop/preview",
    "/admin/widgets/loyalty",
    "/admin/widgets/loyalty/preview",
    "/admin/next-steps",
    "/admin/parked/e1",
    "/admin/ledger/verify",
    "/admin/nothing",
)
REQUESTS = [("GET", path) for path in (*PAGES, *NOWHERE)] + [("POST", path) for path in FORMS]
RETRY = "x-shopify-retry-invalid-session-request"


def wrong_tokens(stage: Stage) -> dict[str, str]:
    """Tokens that open other doors, or none any more."""
    now, shop = datetime.now(UTC), stage.shop.domain

    def shopper(customer: int | None) -> str:
        return tokens.shopper_token(SECRET, client_id=CLIENT, shop_domain=shop, customer_id=customer, now=now)

    def merchant(secret: str = SECRET, client: str = CLIENT, at: datetime = now) -> str:
        return tokens.admin_token(secret, client_id=client, shop_domain=shop, user_id=42, now=at)

    return {
        "shopper": shopper(CUSTOMER),
        "guest": shopper(None),
        "expired": merchant(at=now - timedelta(minutes=5)),
        "foreign": merchant("x" * 32),
        "another app's": merchant(client="another-app"),
        "nonsense": "a.b.c",
    }


async def test_without_a_proof_nothing_is_answered(stage: Stage) -> None:
    for method, path in REQUESTS:
        found = await stage.client.request(method, path, params={"shop": stage.shop.domain}, headers=PART)
        assert found.status_code == 401, (method, path)
        assert found.headers[RETRY] == "1"


async def test_another_kind_of_proof_opens_no_page(stage: Stage) -> None:
    signed = tokens.proxy_query(
        SECRET,
        shop_domain=stage.shop.domain,
        path_prefix="/apps/dankbar",
        customer_id=CUSTOMER,
        now=datetime.now(UTC),
    )
    wrong = wrong_tokens(stage)
    for method, path in REQUESTS:
        for name, token in wrong.items():
            headers = {**PART, "Authorization": f"Bearer {token}"}
            found = await stage.client.request(method, path, headers=headers)
            assert found.status_code == 401, (method, path, name)
        found = await stage.client.request(method, f"{path}?{signed}", headers=PART)
        assert found.status_code == 401, (method, path)


async def test_a_document_without_a_good_token_fetches_one_and_comes_back(stage: Stage) -> None:
    for path in (*PAGES, *NOWHERE):
        query = {"shop": stage.shop.domain, "host": "YWRtaW4", "locale": "de", "id_token": "a.b.c"}
        found = await stage.client.get(path, params=query, headers=DOCUMENT)
        assert found.status_code == 302
        to = urlsplit(found.headers["location"])
        asked = parse_qs(to.query)
        assert to.path == "/auth/patch-id-token"
        assert asked["shop"] == [stage.shop.domain]
        again = urlsplit(asked["shopify-reload"][0])
        assert (again.path, "id_token" in parse_qs(again.query)) == (path, False)
        page = await stage.client.get(found.headers["location"], headers=DOCUMENT)
        assert page.status_code == 200
        assert "app-bridge.js" in page.text


async def test_with_the_proof_what_is_not_there_is_a_404_in_a_sentence(stage: Stage) -> None:
    for path in NOWHERE:
        found = await stage.document(path, locale="de")
        assert found.status_code in {404, 405}
        assert "Diese Seite gibt es nicht." in found.text
        part = await stage.part(path)
        assert part.status_code == found.status_code
        assert part.text.startswith('<main id="page"')


async def test_a_document_may_be_framed_by_its_own_shop_alone(stage: Stage) -> None:
    for path in PAGES:
        for shop in (stage.shop, stage.other):
            found = await stage.document(path, shop)
            assert found.status_code == 200
            policy = found.headers["content-security-policy"]
            frames = re.search(r"frame-ancestors ([^;]+)", policy)
            assert frames is not None
            assert frames[1].split() == [f"https://{shop.domain}", "https://admin.shopify.com"]
            assert "unsafe" not in policy
            assert "x-frame-options" not in found.headers
            assert found.headers["cache-control"] == "private, no-store"
            assert "set-cookie" not in found.headers


async def test_app_bridge_is_the_first_script_and_none_stands_in_the_page(stage: Stage) -> None:
    for path in PAGES:
        found = await stage.document(path)
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", found.text, re.DOTALL)
        assert [inner for _, inner in scripts] == [""] * len(scripts)
        assert scripts[0][0] == ' src="https://cdn.shopify.com/shopifycloud/app-bridge.js"'
        assert scripts[1][0] == ' src="https://cdn.shopify.com/shopifycloud/polaris-1.js"'
        assert not re.search(r"\son\w+=|javascript:|hx-on|hx-vals='js", found.text)
        assert '<meta name="shopify-api-key" content="client-id">' in found.text


async def test_a_part_is_the_page_without_its_frame(stage: Stage) -> None:
    for path in PAGES:
        part, whole = await stage.part(path), await stage.document(path)
        assert part.status_code == 200
        assert part.text.startswith('<main id="page"')
        assert "<html" not in part.text
        assert whole.text.startswith("<!doctype html>")
        assert '<main id="page"' in whole.text
        assert part.headers["vary"] == "HX-Request-Type"


async def test_going_back_in_the_browser_gets_the_whole_page(stage: Stage) -> None:
    headers = {**PART, "HX-Request-Type": "full", "HX-History-Restore-Request": "true", **stage.bearer()}
    found = await stage.client.get("/admin/shop", headers=headers)
    assert found.text.startswith("<!doctype html>")
    assert "hx-history-elt" in found.text


async def test_every_link_keeps_shop_host_and_language(stage: Stage) -> None:
    for path in PAGES:
        found = await stage.document(path, locale="de-AT")
        own = found.text.partition('<section id="preview"')[
            0
        ]  # what is previewed has the shop's links, which lead nowhere
        links = re.findall(r'(?:href|hx-post|hx-get|action)="(/[^"]*)"', own)
        inside = [urlsplit(link.replace("&amp;", "&")) for link in links if not link.startswith("/static/")]
        assert len(inside) > 4
        for link in inside:
            kept = parse_qs(link.query)
            assert kept["shop"] == [stage.shop.domain]
            assert (kept["host"], kept["locale"]) == (["YWRtaW4"], ["de-AT"])
            assert "id_token" not in kept


async def test_links_name_the_shop_of_the_proof_whatever_the_address_says(stage: Stage) -> None:
    headers = {**PART, **stage.bearer()}
    found = await stage.client.get("/admin/shop", params={"shop": stage.other.domain}, headers=headers)
    assert stage.other.domain not in found.text
    assert stage.shop.domain in found.text


async def test_static_files_are_kept_for_ever_under_their_contents_address(stage: Stage) -> None:
    page = await stage.document("/")
    addresses = re.findall(r'"(/static/[^"]+)"', page.text)
    assert len(addresses) == 5
    for address in addresses:
        found = await stage.client.get(address)
        assert found.status_code == 200
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["content-type"].startswith(("text/css", "text/javascript"))
        older = re.sub(r"/static/\w+/", "/static/0000000000000000/", address)
        assert (await stage.client.get(older)).headers["cache-control"] == "no-cache"


async def test_no_other_file_is_served(stage: Stage) -> None:
    for name in ("x/../../guards.py", "x/%2e%2e/app.py", "x/missing.css", "x//etc/hostname"):
        request = stage.client.build_request("GET", "http://app")
        request.url = httpx.URL(f"http://app/static/{name}")
        assert (await stage.client.send(request)).status_code == 404
