"""The extensions keep Shopify's formats where its own tools look away, speak every language alike, and stay small."""

import gzip
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from plugin.shopify.flow import AT_RISK, HANDLE, Ending, Late, late_payload, payload

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "extensions"
THEME = EXTENSIONS / "theme"
APP = tomllib.loads((ROOT / "shopify.app.toml").read_text("utf-8"))

TARGETS = {
    "checkout": ["purchase.thank-you.block.render"],
    "account": ["customer-account.order-status.block.render", "customer-account.profile.block.render"],
}
CAPABILITIES = {"api_access", "network_access", "block_progress", "collect_buyer_consent"}
SETTING_TYPES = {"boolean", "date", "date_time", "single_line_text_field", "multi_line_text_field"} | {
    "number_integer",
    "number_decimal",
    "variant_reference",
}
BLOCK_TARGETS = {"section", "head", "body"}
BLOCK_SETTINGS = {"checkbox", "color", "header", "paragraph", "range", "select", "text", "url"}
GERMAN_ADDRESS = re.compile(r"\b(?:Sie|Ihr\w*|[Dd]u|[Dd]ein\w*|[Dd]ir|[Dd]ich)\b")


@pytest.fixture(scope="module")
def built() -> Path:
    """The extensions with everything that is made of them, made now."""
    subprocess.run(["node", "tools/build-extensions.mjs"], cwd=ROOT, check=True)
    return EXTENSIONS


def config(name: str) -> dict[str, Any]:
    return tomllib.loads((EXTENSIONS / name / "shopify.extension.toml").read_text("utf-8"))


def extension(name: str) -> dict[str, Any]:
    (only,) = config(name)["extensions"]
    assert isinstance(only, dict)
    return only


@cache
def locale(folder: str, name: str) -> dict[str, str]:
    """The texts of a locale file by their dotted keys."""
    return dict(leaves(json.loads((EXTENSIONS / folder / "locales" / f"{name}.json").read_text("utf-8"))))


def leaves(tree: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield above + key, value


def blocks() -> list[Path]:
    return sorted((THEME / "blocks").glob("*.liquid"))


def schema(block: Path) -> dict[str, Any]:
    (found,) = re.findall(r"{% schema %}(.*?){% endschema %}", block.read_text("utf-8"), re.DOTALL)
    read = json.loads(found)
    assert isinstance(read, dict)
    return read


def keys(value: object) -> Iterator[str]:
    """Every key of a text that a schema refers to."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)
    elif isinstance(value, str) and value.startswith("t:"):
        yield value.removeprefix("t:")


def size(path: Path) -> int:
    """Bytes on the line."""
    return len(gzip.compress(path.read_bytes(), 9))


@pytest.mark.parametrize("name", TARGETS)
def test_an_extension_names_its_targets_and_asks_for_the_network_alone(name: str) -> None:
    whole, found = config(name), extension(name)
    assert set(whole) == {"api_version", "extensions"}
    assert whole["api_version"] == "2026-07"
    assert set(found) == {"type", "name", "handle", "uid", "capabilities", "targeting"}
    assert found["type"] == "ui_extension"
    assert set(found["capabilities"]) <= CAPABILITIES
    assert found["capabilities"] == {"network_access": True}
    assert [target["target"] for target in found["targeting"]] == TARGETS[name]
    assert all((EXTENSIONS / name / target["module"]).is_file() for target in found["targeting"])


def test_the_order_page_is_given_the_one_metafield_that_the_app_declares() -> None:
    """The profile has none on its page and asks Shopify; its document is valid in the Customer Account API."""
    given = {target["target"]: target.get("metafields") for target in extension("account")["targeting"]}
    order_page, profile = TARGETS["account"]
    assert given == {order_page: [{"namespace": "$app", "key": "points"}], profile: None}
    declared = APP["customer"]["metafields"]["app"]
    assert declared.keys() == {"points"}
    assert declared["points"]["type"] == "json"
    assert declared["points"]["access"] == {
        "admin": "merchant_read",
        "storefront": "none",
        "customer_account": "read",
    }
    source = (EXTENSIONS / "shared" / "balance.ts").read_text("utf-8")
    assert 'metafield(namespace: "$app", key: "points") { value }' in source
    assert f"api/{config('account')['api_version']}/graphql.json" in source


@pytest.mark.parametrize("name", TARGETS)
def test_the_settings_of_an_extension_are_of_known_types(name: str) -> None:
    fields = extension(name).get("settings", {}).get("fields", [])
    assert len(fields) <= 20
    assert {field["type"] for field in fields} <= SETTING_TYPES


def test_the_theme_extension_has_neither_settings_nor_capabilities() -> None:
    assert set(config("theme")) == {"extensions"}
    assert set(extension("theme")) == {"type", "name", "handle", "uid"}
    assert extension("theme")["type"] == "theme"


ENDING = payload(Ending(customer_id=1, points=2, on=date(2027, 1, 31), days_left=7))
LATE = late_payload(Late(1, "overdue", date(2027, 1, 28), None, date(2027, 1, 30), "DHL", None))


@pytest.mark.parametrize(
    ("folder", "handle", "reference", "sent"),
    [("flow", HANDLE, "customer", ENDING), ("flow-late", AT_RISK, "order", LATE)],
)
def test_the_flow_trigger_is_what_the_app_sends(
    folder: str, handle: str, reference: str, sent: dict[str, object]
) -> None:
    """Keys of Flow's fields are letters and blanks; the gateway names the same handle and the same fields."""
    whole, found = config(folder), extension(folder)
    assert set(whole) == {"extensions", "settings"}
    assert set(found) == {"type", "name", "handle", "uid", "description"}
    assert found["type"] == "flow_trigger"
    assert found["handle"] == handle
    fields = whole["settings"]["fields"]
    own = [field for field in fields if field["type"] != f"{reference}_reference"]
    assert {field["type"] for field in own} <= {"number_decimal", "single_line_text_field"}
    assert all(re.fullmatch(r"[A-Za-z ]+", field["key"]) and field["description"] for field in own)
    assert len(own) == len(fields) - 1
    assert sent.keys() == {f"{reference}_id", *(field["key"] for field in own)}


def test_extensions_are_told_apart() -> None:
    names = sorted(path.parent.name for path in EXTENSIONS.glob("*/shopify.extension.toml"))
    assert names == ["account", "checkout", "flow", "flow-late", "theme"]
    all_of_them = [extension(name) for name in names]
    assert len({found["uid"] for found in all_of_them}) == 5
    assert len({found["handle"] for found in all_of_them}) == 5
    assert all(
        re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found["uid"]) for found in all_of_them
    )
    assert all(re.fullmatch(r"[a-z0-9-]{1,30}", found["handle"]) for found in all_of_them)


def test_the_theme_extension_holds_what_shopify_takes() -> None:
    allowed = {
        "assets": {".css", ".js", ".svg", ".png", ".jpg"},
        "blocks": {".liquid"},
        "snippets": {".liquid"},
        "locales": {".json"},
    }
    folders = {path.name for path in THEME.iterdir() if path.is_dir()}
    assert folders <= set(allowed)
    for folder in folders:
        assert {path.suffix for path in (THEME / folder).iterdir()} <= allowed[folder]
    liquid = [*(THEME / "blocks").iterdir(), *(THEME / "snippets").iterdir()]
    assert sum(path.stat().st_size for path in liquid) <= 100_000
    assert len(blocks()) <= 30
    assert max(path.stat().st_size for path in (THEME / "locales").iterdir()) <= 15_000


@pytest.mark.parametrize(
    ("folder", "default", "other"),
    [
        ("checkout", "en.default", "de"),
        ("account", "en.default", "de"),
        ("theme", "en.default", "de"),
        ("theme", "en.default.schema", "de.schema"),
    ],
)
def test_every_language_says_everything(folder: str, default: str, other: str) -> None:
    texts, translated = locale(folder, default), locale(folder, other)
    assert texts.keys() == translated.keys()
    assert all(text.strip() for text in (*texts.values(), *translated.values()))
    held = {key: re.findall(r"{{\s*\w+\s*}}", text) for key, text in texts.items()}
    assert held == {key: re.findall(r"{{\s*\w+\s*}}", text) for key, text in translated.items()}
    assert sum(texts[key] == translated[key] for key in texts) <= 1, "left in English"


@pytest.mark.parametrize("folder", ["checkout", "account", "theme"])
def test_a_folder_has_one_default_language_and_nothing_beside_the_known(folder: str) -> None:
    names = {path.name for path in (EXTENSIONS / folder / "locales").iterdir()}
    plain = {"en.default.json", "de.json"}
    assert names == (plain | {"en.default.schema.json", "de.schema.json"} if folder == "theme" else plain)


@pytest.mark.parametrize("folder", ["checkout", "account", "theme"])
def test_german_of_an_extension_addresses_nobody(folder: str) -> None:
    """An extension cannot know whether the shop says du or Sie."""
    assert [text for text in locale(folder, "de").values() if GERMAN_ADDRESS.search(text)] == []


def test_checkout_and_account_say_the_same_where_they_mean_the_same() -> None:
    for name in ("en.default", "de"):
        here, there = locale("checkout", name), locale("account", name)
        assert {key for key in here if here[key] != there[key]} == {"later", "failed"}


def test_no_text_of_an_extension_is_left_unsaid() -> None:
    """That each text said exists is the compiler's to check."""
    source = "".join(path.read_text("utf-8") for path in (EXTENSIONS / "shared").glob("*.ts*"))
    assert [key for key in locale("checkout", "en.default") if f"'{key}'" not in source] == []


@pytest.mark.parametrize("block", blocks(), ids=lambda path: path.stem)
def test_a_block_is_named_shortly_in_every_language_and_not_after_the_app(block: Path) -> None:
    found = schema(block)
    assert found["target"] in BLOCK_TARGETS
    for name in ("en.default.schema", "de.schema"):
        text = locale("theme", name)[found["name"].removeprefix("t:")]
        assert 0 < len(text) < 25
        assert APP["name"].lower() not in text.lower()


@pytest.mark.parametrize("block", blocks(), ids=lambda path: path.stem)
def test_the_settings_of_a_block_are_as_the_theme_editor_takes_them(block: Path) -> None:
    settings = schema(block)["settings"]
    assert {setting["type"] for setting in settings} <= BLOCK_SETTINGS
    ids = [setting["id"] for setting in settings if "id" in setting]
    assert len(ids) == len(set(ids))
    for setting in settings:
        if setting["type"] in {"header", "paragraph"}:
            assert set(setting) == {"type", "content"}
        else:
            assert {"type", "id", "label"} <= set(setting)
        if setting["type"] == "range":
            low, high, step = setting["min"], setting["max"], setting["step"]
            assert low <= setting["default"] <= high
            assert (setting["default"] - low) % step == 0
            assert 3 <= (high - low) / step + 1 <= 101
            assert len(setting["unit"]) <= 3


@pytest.mark.parametrize("block", blocks(), ids=lambda path: path.stem)
def test_colours_and_headings_are_a_merchants_to_leave_out(block: Path) -> None:
    optional = [s for s in schema(block)["settings"] if s["type"] == "color" or s.get("id") == "heading"]
    assert optional
    assert all("default" not in setting for setting in optional)


def test_every_text_of_the_theme_editor_exists_and_is_used() -> None:
    used = {key for block in blocks() for key in keys(schema(block))}
    assert used == locale("theme", "en.default.schema").keys()


def test_every_text_of_the_storefront_exists() -> None:
    texts = locale("theme", "en.default")
    for block in ("loyalty", "coupon", "delivery", "trust"):
        assert f"{block}.plain" in texts
    snippet = (THEME / "snippets" / "dankbar-place.liquid").read_text("utf-8")
    assert set(re.findall(r"'([\w.]+)' \| t\b", snippet)) <= texts.keys()


def test_blocks_look_for_the_app_where_its_proxy_is() -> None:
    proxy = f"/{APP['app_proxy']['prefix']}/{APP['app_proxy']['subpath']}"
    for block in blocks():
        (path,) = [setting for setting in schema(block)["settings"] if setting.get("id") == "proxy"]
        assert path["default"] == proxy
    assert f"default: '{proxy}'" in (THEME / "snippets" / "dankbar-place.liquid").read_text("utf-8")


def test_the_theme_check_reads_the_extension_and_finds_nothing() -> None:
    assert theme_check(THEME) == (0, "")


@pytest.mark.parametrize("name", ["blocks/loyalty.liquid", "snippets/dankbar-place.liquid"])
def test_the_theme_check_would_see_a_fault(built: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(THEME, tmp_path / "theme"))
    (copy / name).write_text((copy / name).read_text("utf-8") + "\n{% if %}{{ 'nowhere.js' | asset_url }}\n")
    status, said = theme_check(copy)
    assert status == 1
    assert name in said


def theme_check(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        ["node", "tools/theme-check.mjs", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_bundles_stay_within_their_budgets(built: Path) -> None:
    bundles = {path.relative_to(built).as_posix(): size(path) for path in built.glob("*/dist/*.js")}
    assert bundles.keys() == {
        "checkout/dist/ThankYou.js",
        "account/dist/OrderStatus.js",
        "account/dist/Profile.js",
    }
    assert max(bundles.values()) <= 20 * 1024
    assert size(built / "theme/assets/dankbar.js") <= 2 * 1024
    assert size(built / "theme/assets/dankbar.css") <= 4 * 1024


def test_the_extensions_know_the_apps_address(built: Path) -> None:
    address = APP["application_url"].rstrip("/")
    for bundle in built.glob("*/dist/*.js"):
        text = bundle.read_text("utf-8")
        assert address in text
        assert set(re.findall(r"https?://[\w.:-]+", text)) <= {
            address,
            "https://example.com",
            "http://www.w3.org",
        }


def test_the_loader_names_no_host_keeps_two_choices_and_tells_nobody(built: Path) -> None:
    text = (built / "theme/assets/dankbar.js").read_text("utf-8")
    assert not re.search(r"https?:|//\w|cookie|sessionStorage|indexedDB|sendBeacon|canvas", text)
    (kept,) = re.findall(r"(?:var |,)(\w+)=\"dankbar-\"", text)
    calls = re.findall(r"localStorage\.(\w+)\((\w+)\+\w+[,)]", text)
    assert sorted(calls) == [("getItem", kept), ("setItem", kept)]
    assert text.count("localStorage") == len(calls)
    assert re.search(r'\w!=="country"&&\w!=="zip"', text), "nothing else is kept"


def test_htmx_comes_with_its_licence_and_without_a_global_name(built: Path) -> None:
    text = (built / "theme/assets/htmx.min.js").read_text("utf-8")
    version = json.loads((ROOT / "node_modules/htmx.org/package.json").read_text("utf-8"))["version"]
    assert text.startswith(f"/*! htmx {version}\nZero-Clause BSD")
    assert "window.htmx=" not in text
    assert text.endswith("export default htmx;")


def test_what_is_made_is_not_kept() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "extensions"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    made = ("dist/", "address.ts", "assets/dankbar.js", "assets/htmx.min.js")
    assert tracked
    assert [path for path in tracked if any(part in path for part in made)] == []
