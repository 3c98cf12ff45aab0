"""An OpenAI-compatible HTTP server on loopback that misbehaves as it is told.

Each request for a completion takes the next step of the script, and a good answer when the
script is at its end. Requests whose last message holds a certain text can have a script of
their own, which begins anew for each request with another last message.
"""

import json
import socket
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def asked(self):
        """The last message's text."""
        return self.body["messages"][-1]["content"]


class MisbehavingServer:
    """Runs from construction to `close`; `seen` are the requests for completions so far."""

    def __init__(self):
        self.script = []
        self.scripts = {}
        self.owner = "somebody"
        self.listing = None
        """Step that answers for the list of models, in place of a good list."""
        self.seen = []
        self.most_at_once = 0
        self.stuck = threading.Event()
        """Set once a request waits for an answer that does not come."""
        self.released = threading.Event()
        self._positions = defaultdict(int)
        self._at_once = 0
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self):
        """Release whoever still waits, and stop."""
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def asked(self, text):
        """How many requests had this last message."""
        return sum(seen.asked == text for seen in self.seen)

    def handle(self, handler, seen):
        """Answer one request."""
        if handler.command == "GET":
            models = [{"id": "m", "object": "model", "owned_by": self.owner}]
            step = self.listing or reply({"data": models})
            step(self, handler, seen)
            return
        with self._lock:
            self.seen.append(seen)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            own = [text for text in self.scripts if text in seen.asked]
            script = self.scripts[own[0]] if own else self.script
            position = self._positions[seen.asked if own else ""]
            self._positions[seen.asked if own else ""] += 1
        try:
            step = script[position] if position < len(script) else answer()
            step(self, handler, seen)
        finally:
            with self._lock:
                self._at_once -= 1


def answer(*texts, finish_reason="stop", usage=True, choices=None, **choice):
    """A good answer: the texts, or for each of the `n` samples one made of what was asked."""

    def step(server, handler, seen):
        said = texts or [
            f"{seen.asked}:{seen.body['seed']}:{i}" for i in range(seen.body.get("n", 1))
        ]
        made = [
            {"index": i, "finish_reason": finish_reason, "message": {"content": text}, **choice}
            for i, text in enumerate(said[:choices])
        ]
        counts = {"prompt_tokens": 11, "completion_tokens": 3 * len(made)}
        reply({"choices": made, **({"usage": counts} if usage else {})})(server, handler, seen)

    return step


def reply(body, code=200, **headers):
    """Any JSON, or bytes, with any status."""

    def step(_server, handler, _seen):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(raw)

    return step


def status(number, message="trouble", headers=None, **error):
    """An error in OpenAI's form."""
    return reply({"error": {"message": message, **error}}, number, **(headers or {}))


def echo_headers(code):
    """An error that repeats what the client sent, its key too."""

    def step(server, handler, seen):
        status(code, f"bad request with {seen.headers}")(server, handler, seen)

    return step


def slow(server, _handler, _seen):
    """No answer at all, until the server is closed."""
    server.stuck.set()
    server.released.wait(60)


def wait_for(count):
    """A good answer, once so many requests are under way, and time enough for one more."""
    barrier = threading.Barrier(count, timeout=30)

    def step(server, handler, seen):
        barrier.wait()
        server.released.wait(0.3)
        answer()(server, handler, seen)

    return step


def cut(_server, handler, _seen):
    """A body that ends in its middle, with the connection."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.wfile.flush()
    hang_up(_server, handler, _seen)


def endless(code):
    """A body that goes on for as long as somebody reads it."""

    def step(server, handler, _seen):
        handler.send_response(code)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while not server.released.is_set():
            handler.wfile.write(b"x" * (1 << 16))

    return step


def hang_up(_server, handler, _seen):
    """The connection ends without an answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else {}
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                server.handle(self, Seen(self.path, headers, body))
            except OSError:
                self.close_connection = True  # The client has given up.

        do_POST = do_GET

        def log_message(self, *_):
            pass

    return Handler
