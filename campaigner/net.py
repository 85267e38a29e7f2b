"""Out to the network: the one HTTP client, and the rules for where it may go.

What happened to a request is told apart as far as it can be: it was surely
not sent (`NotReachedError`), it was sent and nothing readable came back
(`NoAnswerError`), or the server answered (`Reply`, whatever its status).
Nothing is tried again here: that is decided by core.delivery alone.
"""

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from campaigner.errors import CampaignerError, UserError

CONNECT_TIMEOUT = timedelta(seconds=10)
READ_TIMEOUT = timedelta(seconds=30)
WHOLE_TIMEOUT = timedelta(minutes=2)
MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443, "smtp": 587, "smtps": 465}


class NotReachedError(CampaignerError):
    """The request was surely not sent: no such host, no connection, no TLS, not allowed."""


class NoAnswerError(CampaignerError):
    """The request was sent, at least in part, and no readable answer came."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer. Header names are in lower case; `url` is where it came from in the end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = ""

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True, kw_only=True)
class Http:
    """The HTTP client. `base` may name one address on this machine that may be asked.

    Every other host must resolve to public addresses only; with
    `loopback_only` there is no other host. The address that was checked is the
    one connected to, so that a second look-up cannot lead elsewhere.
    """

    base: str = ""
    loopback_only: bool = False
    connect_timeout: timedelta = CONNECT_TIMEOUT
    read_timeout: timedelta = READ_TIMEOUT
    whole_timeout: timedelta = WHOLE_TIMEOUT
    max_bytes: int = MAX_BYTES
    user_agent: str = "campaigner"

    def get(self, url: str, **options: Any) -> Reply:
        """Fetch, following up to five redirects, each checked like the first address."""
        for _ in range(MAX_REDIRECTS + 1):
            reply = self.request("GET", url, **options)
            target = reply.headers.get("location")
            if reply.status not in REDIRECTS or not target:
                return reply
            following = str(httpx.URL(url).join(target))
            if origin(following) != origin(url):
                options = {key: value for key, value in options.items() if key != "headers"}
            # The address carries its own query from here on.
            url, options = following, {**options, "params": None}
        raise NoAnswerError(f"{_host(url)} redirects more than {MAX_REDIRECTS} times")

    def post(self, url: str, **options: Any) -> Reply:
        """Send once. A redirect is an answer like any other, and not followed."""
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """Send once, to the first of the host's addresses that accepts a connection.

        `files`: field → (file name, bytes, MIME type). Raises NotReachedError, NoAnswerError.
        """
        target = httpx.URL(url).copy_merge_params(params or {})
        port = target.port or PORTS.get(target.scheme, 0)
        failed = NotReachedError(f"{target.host} has no address")
        for address in allowed_addresses(
            target.host, port, base=self.base, loopback_only=self.loopback_only
        ):
            # The name stays in Host and in the certificate's check.
            request = httpx.Request(
                method,
                target.copy_with(host=address),
                headers={
                    "User-Agent": self.user_agent,
                    **(headers or {}),
                    "Host": target.netloc.decode("ascii"),
                },
                json=json,
                data=form,
                files=files,
                content=content,
                extensions={"sni_hostname": target.raw_host.decode("ascii")},
            )
            try:
                return self._exchange(request, url=str(target))
            except NotReachedError as error:
                failed = error
        raise failed

    def _exchange(self, request: httpx.Request, *, url: str) -> Reply:
        connect, read = self.connect_timeout.total_seconds(), self.read_timeout.total_seconds()
        timeout = httpx.Timeout(read, connect=connect)
        request.extensions["timeout"] = timeout.as_dict()
        host = _host(url)
        try:
            with httpx.HTTPTransport(verify=_tls(), trust_env=False, retries=0) as transport:
                return self._read(transport.handle_request(request), url)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise NotReachedError(f"{host} could not be reached: {error}") from error
        except httpx.TimeoutException as error:
            raise NoAnswerError(f"{host} did not answer in {read:g} s") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise NoAnswerError(f"{host} broke off: {error}") from error

    def _read(self, response: httpx.Response, url: str) -> Reply:
        deadline = time.monotonic() + self.whole_timeout.total_seconds()
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > self.max_bytes:
                    raise NoAnswerError(f"{_host(url)} answers more than {self.max_bytes} bytes")
                if time.monotonic() > deadline:
                    raise NoAnswerError(f"{_host(url)} is too slow with its answer")
        finally:
            response.close()
        return Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=bytes(body),
            url=url,
        )


def allowed_addresses(
    host: str, port: int, *, base: str = "", loopback_only: bool = False
) -> list[str]:
    """Resolve `host` and return its IP addresses, if all of them may be talked to.

    Raises NotReachedError: no such host, or a private or otherwise special address.
    """
    at_base = base != "" and is_loopback(base) and _endpoint(base) == (host.lower(), port)
    if loopback_only and not at_base:
        raise NotReachedError(f"{host} is not this machine, and nothing else is allowed here")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReachedError(f"{host} could not be found: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not _allowed(address, at_base=at_base):
            raise NotReachedError(f"{host} is at {address}, which is no public address")
    return addresses


def refuse_remote(base: str) -> None:
    """Raise UserError for a base address that is not this machine by its very name."""
    if not is_loopback(base):
        raise UserError(
            f"{base} is not this machine, and only this machine is allowed now. "
            "Turn off loopback_only to talk to a network"
        )


def is_loopback(address: str) -> bool:
    """Whether a base address is on this machine by its very name; nothing is looked up."""
    host = (urlsplit(address).hostname or "").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """Return what decides whether two addresses are one server: scheme, host, port."""
    host, port = _endpoint(url)
    return urlsplit(url).scheme.lower(), host, port


def _endpoint(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme.lower(), 0)


def _allowed(address: str, *, at_base: bool) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if at_base:
        return ip.is_loopback
    return ip.is_global and not ip.is_multicast


def _host(url: str) -> str:
    """Name the server in a message: an address may hold a secret, its host does not."""
    return urlsplit(url).hostname or "the address"


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
