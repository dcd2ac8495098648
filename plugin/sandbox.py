"""``dankbar sandbox``: the app beside a pocket Shopify, on one machine, without an account.

The pocket Shopify is another process, which the app knows by its address alone.
"""

import base64
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from plugin.billing.opening import VENDORS
from plugin.config import Config
from plugin.errors import ConfigurationError
from plugin.ports import expect_free

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = "sandbox.env"
"""The file in the data folder that keeps the sandbox's own secrets from one start to the next."""

MEMORY = "shopify.memory"
"""The file in the data folder in which the pocket Shopify keeps its shop."""


def environment(port: int, data: Path, billing: str = "shopify") -> dict[str, str]:
    """Return the variables of an app that takes the pocket Shopify at ``port`` for Shopify, and for what bills it."""
    origin = f"http://127.0.0.1:{port}"
    return {
        **_secrets(data / KEYS),
        "DANKBAR_APP_URL": f"http://127.0.0.1:{port + 1}",
        "DANKBAR_DATABASE_URL": f"sqlite:///{data / 'dankbar.db'}",
        "DANKBAR_SHOPIFY_ORIGIN": f"{origin}/{{shop}}",
        "DANKBAR_SHOPIFY_CDN": origin,
        "DANKBAR_ADMIN_ORIGIN": origin,
        "DANKBAR_BILLING": billing,
        "DANKBAR_PARTNER_ORIGIN": f"{origin}/partners",
        "DANKBAR_STRIPE_ORIGIN": f"{origin}/stripe",
        "SHOPIFY_PARTNER_ORG": "4712345",
        "SHOPIFY_APP_GID": "gid://shopify/App/4712001",
        "SHOPIFY_APP_HANDLE": "dankbar",
    }


def expect(port: int, billing: str) -> None:
    """Raise ConfigurationError where nobody bills like that, or this port or the next is taken."""
    if billing not in VENDORS:
        raise ConfigurationError(f"--billing must be one of {', '.join(sorted(VENDORS))}.")
    for one in (port, port + 1):
        expect_free("127.0.0.1", one)


def run(port: int, shop: str, data: Path | None, billing: str = "shopify") -> None:
    """Start both and serve until interrupted; without ``data`` everything is forgotten at the end."""
    with _folder(data) as folder:
        values = environment(port, folder, billing)
        with _pocket_shopify(port, shop, values, folder / MEMORY):
            # Imported while the other process starts, which has the first page.
            from plugin.serving import serve

            config = Config.from_environment(values)
            serve(config, host="127.0.0.1", port=port + 1, workers=1, with_worker=True)


@contextmanager
def _folder(data: Path | None) -> "Iterator[Path]":
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="dankbar-") as name:
        yield Path(name)


@contextmanager
def _pocket_shopify(port: int, shop: str, values: Mapping[str, str], memory: Path) -> "Iterator[None]":
    app = values["DANKBAR_APP_URL"]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--app", app, "--shop", shop]
    command += ["--memory", str(memory)]
    process = subprocess.Popen(command, env={**os.environ, **values})  # noqa: S603 our own interpreter and module
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _secrets(path: Path) -> dict[str, str]:
    path.touch(mode=0o600)
    pairs = (line.partition("=") for line in path.read_text().splitlines() if line)
    lines = {
        "SHOPIFY_API_KEY": secrets.token_hex(16),
        "SHOPIFY_API_SECRET": f"shpss_{secrets.token_hex(16)}",
        "DANKBAR_SECRET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "SHOPIFY_PARTNER_TOKEN": f"prtapi_{secrets.token_hex(16)}",
        "STRIPE_API_KEY": f"rk_test_{secrets.token_hex(24)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        **{name: value for name, _, value in pairs},
    }
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    return lines
