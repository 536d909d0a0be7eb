"""A NATS client of another make than ours: the text protocol over a plain socket, by the public specification.

https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

import json
import socket
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit


class Heard(NamedTuple):
    """One message as it came."""

    subject: str
    reply: str
    payload: bytes

    def json(self) -> Any:  # noqa: ANN401  whatever the other side wrote
        return json.loads(self.payload)


class HandClient:
    """One connection of one user."""

    def __init__(self, url: str, user: str, password: str, timeout_s: float = 10.0) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((str(place.hostname), int(place.port or 0)), timeout_s)
        self._lines = self._socket.makefile("rb")
        self._inbox = f"_INBOX.{id(self):x}"
        self._sids = 0
        self.errors: list[str] = []
        words = self._lines.readline().split(b" ", 1)
        assert words[0] == b"INFO"
        self.info = json.loads(words[1])
        options = {
            "verbose": False,
            "pedantic": False,
            "user": user,
            "pass": password,
            "lang": "by hand",
            "version": "1",
        }
        self._send(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
        try:
            self.flush(sent=True)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def subscribe(self, subject: str) -> int:
        self._sids += 1
        self._send(f"SUB {subject} {self._sids}\r\n".encode())
        return self._sids

    def publish(self, subject: str, payload: bytes, reply: str = "") -> None:
        self._send(
            f"PUB {subject} {reply + ' ' if reply else ''}{len(payload)}\r\n".encode() + payload + b"\r\n"
        )

    def announce(self, subject: str, size: int) -> None:
        """Begin to publish so many bytes and send none of them."""
        self._send(f"PUB {subject} {size}\r\n".encode())

    def request(self, subject: str, payload: bytes) -> Heard:
        """Return the first answer; raises TimeoutError when none comes."""
        reply = f"{self._inbox}.{self._sids}"
        self.subscribe(reply)
        self.publish(subject, payload, reply)
        while True:
            heard = self.hear()
            if heard.subject == reply:
                return heard

    def hear(self) -> Heard:
        """Return the next message; errors on the way are kept in `errors`, a closed connection raises EOFError."""
        while True:
            line = self._line()
            if line.startswith("MSG "):
                words = line.split()
                size = int(words[-1])
                payload = self._lines.read(size + 2)[:size]
                return Heard(words[1], words[3] if len(words) == 5 else "", payload)

    def flush(self, sent: bool = False) -> None:
        """Return when the broker has seen all we sent; only for a client that hears nothing meanwhile."""
        if not sent:
            self._send(b"PING\r\n")
        while self._line() != "PONG":
            pass

    def _line(self) -> str:
        line = self._lines.readline().decode().rstrip("\r\n")
        if not line:
            raise EOFError("the broker closed the connection")
        if line == "PING":
            self._send(b"PONG\r\n")
        if line.startswith("-ERR"):
            self.errors.append(line)
        return line

    def _send(self, data: bytes) -> None:
        self._socket.sendall(data)
