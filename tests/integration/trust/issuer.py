"""An issuer's web server on this machine, with a certificate of its own, which answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from widgets.trust.addresses import Address, is_public
from widgets.trust.fetching import Fetcher

HOST = "seals.example"
HERE = "127.0.0.1"

Write = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Issuer:
    """The server, and what it was asked; ``pages`` are answers by path."""

    port: int
    trust: ssl.SSLContext
    pages: dict[str, Write] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)

    def url(self, path: str = "/", host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"

    def fetcher(self, limit: float = 20, **names: str) -> Fetcher:
        """A way out for which every host, or each one named, is this machine, and this machine alone is allowed."""

        async def resolve(host: str, port: int) -> list[str]:
            self.resolved.append(host)
            return [names.get(host.replace(".", "_"), HERE)]

        return Fetcher(is_here, resolve, self.trust, limit)


def is_here(address: Address) -> bool:
    """Production's rule, but that loopback is allowed."""
    return address == ip_address(HERE) or is_public(address)


def answer(body: bytes = b"", status: int = 200, **headers: str) -> Write:
    """A whole answer; an HTML page where nothing else is said."""
    named = {
        "Content-Type": "text/html; charset=utf-8",
        **{key.replace("_", "-"): text for key, text in headers.items()},
    }

    async def write(writer: asyncio.StreamWriter) -> None:
        head = "".join(f"{key}: {text}\r\n" for key, text in named.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return write


@asynccontextmanager
async def serving(folder: Path, *hosts: str) -> AsyncIterator[Issuer]:
    """Serve as long as it is needed, under these names."""
    mine, trust = _certificate(folder, hosts or (HOST, f"www.{HOST}", "elsewhere.example"))
    found: Issuer

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            name = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
            found.asked.append(f"{name.partition(':')[0]}{path}")
            await found.pages.get(path, answer(status=404))(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HERE, 0, ssl=mine)
    found = Issuer(server.sockets[0].getsockname()[1], trust)
    try:
        yield found
    finally:
        server.close()


def _certificate(folder: Path, hosts: tuple[str, ...]) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "issuer.pem"
    encoded = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(encoded + private)
    mine = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine.load_cert_chain(file)
    return mine, ssl.create_default_context(cadata=encoded.decode())
