"""The `requests` session that the networks' own libraries are given.

Tweepy and Mastodon.py know how to ask; they do not say whether a failed
request had left. This session does: it keeps the raw answer, or why there is
none, of the last exchange, which the channel then judges by itself. It never
repeats, never follows a redirect, never reuses a connection (an old one may be
closed just as it is written to, and leave doubt), and goes only where
campaigner.net allows.

What the answers of all networks have in common is judged here as well.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from campaigner import net
from campaigner.core.channel import Disconnected, Reject, Unknown
from campaigner.net import NoAnswerError, NotReachedError, Reply

CHUNK = 65_536


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait: for a connection, for each part of an answer, for the whole of it."""

    connect: timedelta = net.CONNECT_TIMEOUT
    read: timedelta = net.READ_TIMEOUT
    whole: timedelta = net.WHOLE_TIMEOUT


class OnceSession(requests.Session):
    """Ask `base` once per call. `instead_of` is an origin that a library has built in."""

    def __init__(
        self,
        base: str,
        *,
        instead_of: str = "",
        loopback_only: bool = False,
        patience: Patience | None = None,
    ) -> None:
        super().__init__()
        self.trust_env = False  # no proxy, no .netrc: only settings read the environment
        self.last: Reply | NotReachedError | NoAnswerError | None = None
        self._base = base.rstrip("/")
        self._instead_of = instead_of
        self._patience = patience or Patience()
        adapter = _OnceAdapter(base=self._base, loopback_only=loopback_only)
        self._adapter = adapter
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        # Before it is signed: OAuth 1.0a signs the address that is asked.
        url = str(request.url)
        if self._instead_of and url.startswith(self._instead_of):
            request.url = self._base + url.removeprefix(self._instead_of)
        return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:
        self.last = None
        try:
            response = self._exchange(request)
        except (NotReachedError, NoAnswerError) as error:
            self.last = error
            raise
        self.last = Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
            url=str(request.url),
        )
        return response

    def _exchange(self, request: requests.PreparedRequest) -> requests.Response:
        host = net.origin(str(request.url))[1]
        connect = self._patience.connect.total_seconds()
        read = self._patience.read.total_seconds()
        self._adapter.connected = False
        try:
            response = super().send(
                request, timeout=(connect, read), allow_redirects=False, stream=True
            )
            try:
                response._content = self._read(response, host)
            finally:
                response.close()
                self._adapter.close()
        except (requests.RequestException, HTTPError, OSError) as error:
            if self._adapter.connected:
                raise NoAnswerError(
                    f"{host} took the request and gave no answer: {error}"
                ) from error
            raise NotReachedError(f"{host} could not be reached: {error}") from error
        return response

    def _read(self, response: requests.Response, host: str) -> bytes:
        deadline = time.monotonic() + self._patience.whole.total_seconds()
        body = bytearray()
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > net.MAX_BYTES:
                raise NoAnswerError(f"{host} answers more than {net.MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise NoAnswerError(f"{host} is too slow with its answer")
        return bytes(body)


def refusal_of(
    reply: Reply, *, network: str, reason: str, doubt: str
) -> Disconnected | Reject | Unknown:
    """Say what an answer means to which the network gives no meaning of its own.

    `reason` is what the network said with it, `doubt` what is left to say
    where it may have been done all the same.
    """
    match reply.status:
        case status if 300 <= status < 400 or status in (404, 405, 410):
            return Disconnected(f"there is no {network} at this address: it answered {status}")
        case status if 400 <= status < 500 and status != 408:
            return Reject(reason)
        case _:
            return Unknown(doubt)


def exchange(session: OnceSession, ask: Callable[[], object]) -> Reply:
    """Let a library `ask`, and return the raw answer, whatever the library made of it.

    Raises NotReachedError, NoAnswerError. An error of the library's is passed
    on only if nothing had been asked at all: then it is ours.
    """
    session.last = None
    try:
        ask()
    except Exception:
        # Libraries stumble over odd answers in their own ways; the answer itself counts.
        if session.last is None:
            raise
    match session.last:
        case Reply() as reply:
            return reply
        case None:
            raise RuntimeError("the library answered without asking")
        case error:
            raise error


class _OnceAdapter(HTTPAdapter):
    """Connects to allowed addresses only, and notes when a connection stands.

    Until then (look-up, connect, TLS) no byte of a request can have left; from
    then on any failure leaves doubt.
    """

    def __init__(self, *, base: str, loopback_only: bool) -> None:
        self.connected = False
        adapter = self

        def dial(host: str, port: int, timeout: float | None) -> socket.socket:
            failed: OSError | None = None
            for address in net.allowed_addresses(
                host, port, base=base, loopback_only=loopback_only
            ):
                try:
                    return socket.create_connection((address, port), timeout)
                except OSError as error:
                    failed = error
            raise failed or OSError(f"{host} has no address")

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return dial(self.host, self.port or 80, _seconds(self.timeout))

            def connect(self) -> None:
                super().connect()
                adapter.connected = True

        class Encrypted(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return dial(self.host, self.port or 443, _seconds(self.timeout))

            def connect(self) -> None:
                super().connect()
                adapter.connected = True

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class EncryptedPool(HTTPSConnectionPool):
            ConnectionCls = Encrypted

        self._pools = {"http": PlainPool, "https": EncryptedPool}
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools


def _seconds(timeout: object) -> float | None:
    return float(timeout) if isinstance(timeout, int | float) else None
