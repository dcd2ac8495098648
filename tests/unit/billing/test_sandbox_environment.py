"""What `dankbar sandbox` tells the app and the pocket Shopify about payment."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from plugin.cli import app
from plugin.config import Config
from plugin.sandbox import environment
from sandbox.__main__ import _take_names
from sandbox.ids import gid
from sandbox.simulator import Simulator


@pytest.mark.parametrize("billing", ["shopify", "stripe", "none"])
def test_the_app_can_start_with_either_kind_of_billing(tmp_path: Path, billing: str) -> None:
    config = Config.from_environment(environment(9100, tmp_path, billing))
    assert config.billing == billing
    assert config.partner_origin == "http://127.0.0.1:9100/partners"


def test_the_pocket_shopify_goes_by_the_same_names(tmp_path: Path) -> None:
    values = environment(9100, tmp_path)
    simulator = Simulator(client_id="c", client_secret="s")
    _take_names(simulator, values)
    config, state = Config.from_environment(values), simulator.state
    assert (config.partner_org, config.partner_token) == (state.partner.org, state.partner.token)
    assert config.app_gid == gid("App", state.app_id)
    assert config.app_handle == state.config.handle
    assert config.billing == "shopify", "what a person sees who only starts it"


def test_secrets_stay_from_one_start_to_the_next_and_those_that_are_new_are_added(tmp_path: Path) -> None:
    first = environment(9100, tmp_path)
    assert environment(9100, tmp_path) == first
    kept = tmp_path / "sandbox.env"
    lines = [line for line in kept.read_text().splitlines() if not line.startswith("SHOPIFY_PARTNER")]
    kept.write_text("\n".join(lines))
    second = environment(9100, tmp_path)
    assert second["SHOPIFY_API_SECRET"] == first["SHOPIFY_API_SECRET"]
    assert second["SHOPIFY_PARTNER_TOKEN"] not in {"", first["SHOPIFY_PARTNER_TOKEN"]}
    assert kept.stat().st_mode & 0o077 == 0


def test_an_unknown_kind_of_billing_is_one_sentence() -> None:
    ended = CliRunner().invoke(app, ["sandbox", "--billing", "cash"])
    assert ended.exit_code != 0
    assert "--billing must be one of" in str(ended.exception)
