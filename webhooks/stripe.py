"""Stripe's door: the signature over the raw bytes, then the same inbox, unique by the event's id."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import stripe
from msgspec import Struct

from webhooks.inbox import Received
from webhooks.payloads import UNREADABLE
from webhooks.receive import Answer, Webhooks
from webhooks.stripe_events import SENDER, SOURCE

TOLERANCE = 300
"""Seconds that a signature stays good; Stripe signs each attempt anew."""

PROOF = b"stripe-signature"


class _Head(Struct, frozen=True):
    """What is needed to store an event once."""

    id: str
    type: str
    created: int


_head = msgspec.json.Decoder(_Head)


class StripeWebhooks(Webhooks):
    """``POST /webhooks/stripe``; while a secret is rotated, either of two proves."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets

    def proved(self, scope: Mapping[str, Any], body: bytes) -> Received | Answer:
        """Prove by Stripe's own scheme; signed nonsense is stored under its hash and parked."""
        proofs = [value for name, value in scope["headers"] if name == PROOF]
        if len(proofs) != 1 or not self._signed(body, proofs[0]):
            return Answer(401, "The signature is missing, wrong or too old.")
        try:
            head = _head.decode(body)
            created = datetime.fromtimestamp(head.created, UTC)
        except (*UNREADABLE, OverflowError, OSError):
            head, created = _Head(hashlib.sha256(body).hexdigest(), "", 0), None
        return Received(
            source=SOURCE,
            shop=SENDER,
            webhook_id=head.id if 0 < len(head.id) <= 120 else hashlib.sha256(body).hexdigest(),
            topic=head.type[:80],
            triggered_at=created,
            received_at=datetime.now(UTC),
            body=body,
        )

    def _signed(self, body: bytes, proof: bytes) -> bool:
        try:
            header = proof.decode("ascii")
            text = body.decode()
        except UnicodeDecodeError:
            return False
        return any(_is_good(text, header, secret) for secret in self._secrets)


def _is_good(text: str, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE)
    except stripe.SignatureVerificationError:
        return False
    return True
