"""Stripe's API over HTTP: keys and their rights, the version, idempotency keys, errors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.stripe import parameters
from sandbox.stripe.account import ALL, Account, Body, Reply
from sandbox.stripe.calls import Call, Operation
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.operations import OPERATIONS
from sandbox.stripe.sessions import VERSION

PREFIX = "/stripe/v1"


def _endpoint(operation: Operation) -> Any:
    async def answer(request: Request) -> Response:
        account: Account | None = request.app.state.stripe
        if account is None:
            return JSONResponse({"error": "There is no Stripe here."}, 404)
        if account.down:
            return JSONResponse({"error": {"type": "api_error", "message": "Down."}}, 503)
        raw = request.url.query if operation.method != "POST" else (await request.body()).decode()
        try:
            return _reply(account, operation, request, raw)
        except StripeRefusal as refusal:
            return JSONResponse(refusal.body, refusal.status)

    return answer


def _reply(account: Account, operation: Operation, request: Request, raw: str) -> Response:
    _allow(account, operation, request)
    given = parameters.checked(operation.parameters, parameters.read(parse_qsl(raw, keep_blank_values=True)))
    key = request.headers.get("idempotency-key") if operation.method == "POST" else None
    call = Call(account, str(request.path_params.get("id", "")), given, key)
    with account.lock:
        if key is None:
            return JSONResponse(_plain(operation.do(call)))
        return _once(account, operation, call, f"{request.url.path}?{raw}", key)


def _allow(account: Account, operation: Operation, request: Request) -> None:
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    rights = account.keys.get(key)
    masked = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * len(key)
    if rights is None:
        raise StripeRefusal(f"Invalid API Key provided: {masked}", status=401)
    wanted = {operation.right, operation.right.replace("_read", "_write")}
    if rights is not ALL and not wanted & rights:
        raise StripeRefusal(
            f"The provided key '{masked}' does not have the required permissions for this endpoint. Having the "
            f"'rak_{operation.right}' permission would allow this request to continue.",
            status=403,
        )
    if request.headers.get("stripe-version") != VERSION:
        raise StripeRefusal(f"This account answers in the version {VERSION} alone.")


def _once(account: Account, operation: Operation, call: Call, asked: str, key: str) -> Response:
    known = account.replies.get(key)
    if known is not None:
        if known.asked != asked:
            raise StripeRefusal(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        return JSONResponse(known.body, known.status, headers={"Idempotent-Replayed": "true"})
    try:
        reply = Reply(asked, 200, _plain(operation.do(call)))
    except StripeRefusal as refusal:
        reply = Reply(asked, refusal.status, refusal.body)
    account.replies[key] = reply
    return JSONResponse(reply.body, reply.status)


def _plain(body: Body) -> Body:
    """Copy an answer as it is now, without what only this account knows, such as a session's lines."""
    hidden = {"line_items", "subscription_metadata"} if body.get("object") == "checkout.session" else set()
    copied: Body = json.loads(json.dumps({name: value for name, value in body.items() if name not in hidden}))
    return copied


def _missing(request: Request) -> Response:
    text = f"Unrecognized request URL ({request.method}: {request.url.path.removeprefix('/stripe')})."
    return JSONResponse(StripeRefusal(text, status=404).body, 404)


ROUTES = (
    *(Route(f"{PREFIX}/{one.path}", _endpoint(one), methods=[one.method]) for one in OPERATIONS),
    Route(f"{PREFIX}/{{path:path}}", _missing, methods=["GET", "POST", "DELETE"]),
)
