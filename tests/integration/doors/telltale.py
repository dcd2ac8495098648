"""A Shopify that answers with whatever it was sent: tokens, headers, bodies, in every kind of failure."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count


@dataclass
class Telltale:
    """Where it listens, and how many of its answers told something."""

    origin: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def telling(access: str, refresh: str) -> Iterator[Telltale]:
    """Hand out these two tokens, and give them away in every other answer."""
    told, numbers = Telltale(""), count()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            told.asked.append(self.path)
            if self.path.endswith("/access_token"):
                granted = {"access_token": access, "refresh_token": refresh, "scope": "read_orders"}
                self._say(200, json.dumps({**granted, "expires_in": 3600, "refresh_token_expires_in": 9999}))
                return
            echo = f"{dict(self.headers)} {body} {access} {refresh}"
            answers = (
                (500, echo),
                (200, json.dumps({"errors": [{"message": echo, "extensions": {"code": echo[:80]}}]})),
                (403, json.dumps({"errors": echo})),
                (200, json.dumps({"data": echo})),
                (400, json.dumps({"error": {"message": echo, "type": "invalid_request_error"}})),
                (200, f"{{ {echo}"),
                (401, json.dumps({"errors": echo})),
            )
            self._say(*answers[next(numbers) % len(answers)])

        do_GET = do_DELETE = do_POST  # noqa: N815 the base class's names

        def _say(self, status: int, text: str) -> None:
            self.send_response(status, "Told")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.send_header("X-Token", access)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    told.origin = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
