"""What each fault looks like from outside: on X, on Mastodon and on a mail server."""

import json
import smtplib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from campaigner.sandbox.faults import parse_fault
from campaigner.sandbox.log import read_log
from campaigner.sandbox.server import Sandbox
from campaigner.sandbox.stage import X_EPOCH
from tests.fakes import FakeClock
from tests.sandbox.conftest import ANY_PORT

NETWORKS = ("x", "mastodon")
Post = Callable[[str], httpx.Response]


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def http(sandbox: Sandbox, network: str, account: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer sandbox-{account}"}
    base = sandbox.ports.base(network)
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def post(http: httpx.Client, network: str) -> Post:
    path, name = {"x": ("/2/tweets", "text"), "mastodon": ("/api/v1/statuses", "status")}[network]
    return lambda text: http.post(path, json={name: text})


def whoami(http: httpx.Client, network: str) -> httpx.Response:
    paths = {"x": "/2/users/me", "mastodon": "/api/v1/accounts/verify_credentials"}
    return http.get(paths[network])


def entries(sandbox: Sandbox, account: str) -> list[dict[str, Any]]:
    return [entry for entry in read_log(sandbox.folder) if entry["account"] == account]


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ("server-error", 503, {"x": "Service Unavailable", "mastodon": "temporary problem"}),
        ("conflict", 409, {"x": "Conflict", "mastodon": "being worked on"}),
        ("expired-token", 401, {"x": "Unauthorized", "mastodon": "The access token expired"}),
        ("revoked-token", 401, {"x": "Unauthorized", "mastodon": "The access token was revoked"}),
    ],
)
def test_what_is_not_taken_is_answered_in_the_networks_own_words(
    sandbox: Sandbox,
    post: Post,
    network: str,
    account: str,
    fault: str,
    status: int,
    said: dict[str, str],
) -> None:
    sandbox.add_fault(parse_fault(f"{network}/{account}:{fault}:1"))
    refused = post("Now?")
    assert refused.status_code == status
    assert said[network] in refused.text
    if network == "x":
        assert refused.json()["type"] == "about:blank"
    assert post("Now?").is_success
    assert [(one["event"], one["fault"]) for one in entries(sandbox, account)] == [
        ("refused", fault),
        ("accepted", ""),
    ]


def test_a_token_that_ran_out_opens_nothing_until_it_is_renewed(
    sandbox: Sandbox, http: httpx.Client, post: Post, network: str, account: str
) -> None:
    armed = sandbox.add_fault(parse_fault(f"{network}/{account}:expired-token:*:1"))
    assert post("The last one").is_success
    assert whoami(http, network).status_code == 401, "the next one finds it run out"
    assert post("Too late").status_code == 401
    assert whoami(http, network).status_code == 401
    sandbox.faults.remove(armed.id)
    assert whoami(http, network).is_success


def test_mastodon_says_in_a_header_why_a_token_is_no_good(sandbox: Sandbox, account: str) -> None:
    sandbox.add_fault(parse_fault(f"mastodon/{account}:revoked-token:1"))
    reply = httpx.post(
        f"{sandbox.ports.base('mastodon')}/api/v1/statuses",
        json={"status": "Hola"},
        headers={"Authorization": f"Bearer sandbox-{account}"},
    )
    assert 'error_description="The access token was revoked"' in reply.headers["www-authenticate"]


def test_malformed_answers_come_in_turns_and_the_post_is_there(
    sandbox: Sandbox, post: Post, network: str, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"{network}/{account}:malformed:3"))
    page, half, strange, sound = (post(f"Number {n}") for n in range(4))
    assert page.headers["content-type"].startswith("text/html")
    with pytest.raises(json.JSONDecodeError):
        half.json()
    right, wrong = sound.json(), strange.json()
    if network == "x":
        right, wrong = right["data"], wrong["data"]
    assert isinstance(right["id"], str)
    assert isinstance(wrong["id"], list)
    assert {page.status_code, half.status_code, strange.status_code} == {sound.status_code}
    assert len(entries(sandbox, account)) == 4


def test_who_does_not_wait_for_a_slow_answer_has_posted_all_the_same(
    sandbox: Sandbox, http: httpx.Client, post: Post, network: str, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"{network}/{account}:slow:1:0:3600"))
    http.timeout = httpx.Timeout(0.2)
    with pytest.raises(httpx.ReadTimeout):
        post("Patience")
    (entry,) = entries(sandbox, account)
    assert (entry["event"], entry["fault"]) == ("accepted", "slow")


def test_a_slow_answer_comes_when_its_time_is_over(
    sandbox: Sandbox, post: Post, network: str, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"{network}/{account}:slow:1:0:1"))
    assert post("Patience").is_success


def test_on_a_clock_of_its_own_the_time_of_a_slow_answer_passes_at_once(
    tmp_path: Path, time: FakeClock
) -> None:
    clock = FakeClock(time.now)
    late = timedelta(hours=2)

    def pass_time(time: timedelta) -> None:
        clock.now += time

    with Sandbox(ANY_PORT, tmp_path, clock=clock, pass_time=pass_time) as sandbox:
        sandbox.add_fault(parse_fault(f"x:slow:1:0:{late.total_seconds():.0f}"))
        reply = httpx.post(
            f"{sandbox.ports.base('x')}/2/tweets",
            json={"text": "Hola"},
            headers={"Authorization": "Bearer sandbox-one"},
        )
    assert parsedate_to_datetime(reply.headers["date"]) == time.now + late
    assert clock.now == time.now + late


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_is_off_shows_in_all_that_says_a_time(
    sandbox: Sandbox,
    http: httpx.Client,
    post: Post,
    network: str,
    account: str,
    time: FakeClock,
    seconds: int,
) -> None:
    sandbox.add_fault(parse_fault(f"{network}/{account}:clock-skew:*:0:{seconds}"))
    there = time.now + timedelta(seconds=seconds)
    reply = post(f"What time is it? {seconds}")
    assert parsedate_to_datetime(reply.headers["date"]) == there.replace(microsecond=0)
    path = {"x": "/2/tweets/{}?tweet.fields=created_at", "mastodon": "/api/v1/statuses/{}"}[network]
    data = reply.json().get("data", reply.json())
    shown = http.get(path.format(data["id"])).json()
    shown = shown.get("data", shown)
    assert datetime.fromisoformat(shown["created_at"]) == there
    if network == "x":
        milliseconds = (int(data["id"]) >> 22) + X_EPOCH
        reset = datetime.fromtimestamp(int(reply.headers["x-rate-limit-reset"]), UTC)
        if seconds > 0:  # ids never go back, whatever a clock does
            assert datetime.fromtimestamp(milliseconds / 1000, UTC) == there
    else:
        reset = datetime.fromisoformat(reply.headers["x-ratelimit-reset"])
    assert timedelta(0) < reset - there <= timedelta(hours=3)
    (entry,) = entries(sandbox, account)
    assert datetime.fromisoformat(entry["at"]) == time.now, "the log knows better"
    assert entry["skew"] == seconds


def test_without_a_fault_the_date_is_the_sandboxs_own(
    http: httpx.Client, network: str, time: FakeClock
) -> None:
    date = parsedate_to_datetime(whoami(http, network).headers["date"])
    assert date == time.now.replace(microsecond=0)


def letter(account: str) -> EmailMessage:
    message = EmailMessage()
    message.set_content("Hola\n")
    message["From"] = f"{account} <{account}@example.org>"
    message["To"] = "lectora@example.net"
    message["Subject"] = "Hola"
    return message


@pytest.fixture
def smtp(sandbox: Sandbox) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP("127.0.0.1", sandbox.ports.smtp, timeout=5)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("fault", "code"), [("server-error", 451), ("conflict", 450), ("rate-limited", 451)]
)
def test_a_mail_that_is_not_taken_now_may_come_again(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str, fault: str, code: int
) -> None:
    sandbox.add_fault(parse_fault(f"smtp/{account}:{fault}:1"))
    with pytest.raises(smtplib.SMTPDataError) as caught:
        smtp.send_message(letter(account))
    assert caught.value.smtp_code == code
    smtp.send_message(letter(account))
    assert [entry["event"] for entry in entries(sandbox, account)] == ["refused", "accepted"]


@pytest.mark.parametrize(("fault", "code"), [("expired-token", 535), ("revoked-token", 530)])
def test_a_sender_without_access_is_refused_before_the_mail(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str, fault: str, code: int
) -> None:
    sandbox.add_fault(parse_fault(f"smtp/{account}@example.org:{fault}:1"))
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        smtp.send_message(letter(account))
    assert caught.value.smtp_code == code
    smtp.send_message(letter(account))
    assert len(entries(sandbox, account)) == 1


def test_a_password_that_is_no_good_any_more_is_refused(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"smtp/{account}:expired-token:2"))
    with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        smtp.login(account, "secret")
    assert caught.value.smtp_code == 535


def test_a_malformed_reply_comes_after_the_mail_was_taken(
    sandbox: Sandbox, smtp: smtplib.SMTP, account: str
) -> None:
    sandbox.add_fault(parse_fault(f"smtp/{account}:malformed:1"))
    with pytest.raises(smtplib.SMTPException):
        smtp.send_message(letter(account))
    (entry,) = entries(sandbox, account)
    assert (entry["event"], entry["fault"]) == ("accepted", "malformed")
