"""An HTTP server that answers as a hub, its proxy or its service `hubgrade` does; or worse."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "the-secret-of-this-session"


class FakeServer(ThreadingHTTPServer):
    """Answers GET by path: `answers` maps it to (status, JSON); every other path is 404.

    `answers_to` maps (token, path) where the answer depends on who asks.

    `tokens` None: whoever asks gets an answer. Else a path outside `public`
    answers 403 to any other token. `delay_s` comes before each answer (before
    those with a token when it is `token_delay_s`); `ahead_s` is what its clock is ahead.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.answers: dict[str, tuple[int, object]] = {}
        self.answers_to: dict[tuple[str, str], tuple[int, object]] = {}
        self.public: set[str] = set()
        self.tokens: set[str] | None = None
        self.delay_s = 0.0
        self.token_delay_s = 0.0
        self.ahead_s = 0.0
        self.asked: list[tuple[str, str]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Answers(BaseHTTPRequestHandler):
    server: FakeServer

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        token = self.headers.get("Authorization", "").removeprefix("token ")
        self.server.asked.append((path, token))
        time.sleep(self.server.delay_s + (self.server.token_delay_s if token else 0))
        status, body = self.server.answers.get(path, (404, {"status": 404}))
        known = self.server.tokens
        if known is not None and path not in self.server.public and token not in known:
            status, body = 403, {"status": 403, "message": None}
        status, body = self.server.answers_to.get((token, path), (status, body))
        data = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + self.server.ahead_s, usegmt=True))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(server: FakeServer | None = None) -> Iterator[FakeServer]:
    server = server or FakeServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
