"""Serve a review on this machine: examines the posts beside, and answers one person's browser."""

from __future__ import annotations

import secrets
import socket
import threading

import uvicorn

from dedupe.answers import Answers
from dedupe.desk import Desk
from dedupe.guard import Guard


class Server:
    """A review on 127.0.0.1; `url` is where it is and carries the key to it, `port` 0 takes a free one.

    `language` is that of the pages until a person chooses another.
    """

    def __init__(self, desk: Desk, *, port: int = 0, language: str = "") -> None:
        self._desk = desk
        self._socket = socket.create_server(("127.0.0.1", port))
        # Each connection takes this over; without it an answer waits 40 ms for the browser to acknowledge its header.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(24)
        self.url = f"http://127.0.0.1:{port}/?token={token}"
        self._answers = Answers(desk, language)
        app = Guard(self._answers.app(), token, port)
        settings = uvicorn.Config(app, log_level="warning", access_log=False, ws="none", lifespan="off")
        self._server = uvicorn.Server(settings)

    def run(self) -> None:
        """Serve until interrupted or stopped; raises KeyboardInterrupt only where that broke repairs off."""
        threading.Thread(target=self._desk.open, daemon=True).start()
        try:
            self._server.run(sockets=[self._socket])
        except KeyboardInterrupt:
            if self._answers.working:
                raise

    def stop(self) -> None:
        """Let `run` return."""
        self._server.should_exit = True
