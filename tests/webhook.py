"""A web server on loopback that keeps what it is sent, in the place of Slack or an institution's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

SECRET = "T0P-S3CR3T"
"""Part of the address, as in a Slack webhook's."""


@dataclass
class Webhook:
    """Where it listens, and every body that arrived."""

    url: str
    bodies: list[str] = field(default_factory=list[str])

    @property
    def texts(self) -> list[str]:
        return [json.loads(body)["text"] for body in self.bodies]


@contextmanager
def listening(status: int = 200) -> Iterator[Webhook]:
    """A webhook that answers every message with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            heard.bodies.append(self.rfile.read(length).decode())
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard = Webhook(f"http://127.0.0.1:{server.server_address[1]}/services/{SECRET}")
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()
