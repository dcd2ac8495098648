"""A merchant's app as the sandbox sees it: asks for tokens and queries over HTTP, with nothing of the product's."""

from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.simulator import Simulator

SECRET = "a secret of thirty-two bytes, yes"
CLIENT = "client-of-tests"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def post(url: str, **request: Any) -> httpx.Response:
    """Post over plain HTTP; loading certificates first would take most of the time. A busy machine may take its own."""
    return httpx.post(url, verify=False, timeout=60, **request)


def exchange_form(id_token: str, **changes: str) -> dict[str, str]:
    """The form with which an id token is exchanged for an expiring offline token."""
    return {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "grant_type": EXCHANGE,
        "subject_token": id_token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        "expiring": "1",
        **changes,
    }


@dataclass
class Client:
    """One shop's app."""

    sim: Simulator
    shop: str = "example"
    version: str = "2026-10"
    token: str = ""

    @property
    def base(self) -> str:
        """Where the shop's API is."""
        return f"{self.sim.origin}/{self.shop}"

    def ask_token(self, form: dict[str, str], *, as_json: bool = False) -> httpx.Response:
        """Post to the token endpoint."""
        url = f"{self.base}/admin/oauth/access_token"
        return post(url, json=form) if as_json else post(url, data=form)

    def refresh(self, refresh_token: str, **changes: str) -> httpx.Response:
        """Ask for a new pair."""
        form = {"client_id": CLIENT, "client_secret": SECRET, "grant_type": "refresh_token"}
        return self.ask_token({**form, "refresh_token": refresh_token, **changes})

    def sign_in(self) -> "Client":
        """Exchange a fresh id token and keep the access token."""
        answer = self.ask_token(exchange_form(self.sim.id_token(self.shop)))
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return self

    def post(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None
    ) -> httpx.Response:
        """Post one GraphQL request."""
        return post(
            f"{self.base}/admin/api/{self.version}/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": self.token if token is None else token},
        )

    def query(self, query: str, **variables: Any) -> Any:
        """Return the data of an answer without errors."""
        answer = self.post(query, variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def errors(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        """Return the errors of an answer."""
        found: list[dict[str, Any]] = self.post(query, variables).json()["errors"]
        return found
