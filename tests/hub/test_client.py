"""The client against real sockets: TLS with both sides' certificates, redirections, nonsense."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubgrade_ext.hub.client import Answer, HubClient, HubEnvironment, hub_environment
from tests.preflight.fake_hub import TOKEN, FakeServer, serving
from tests.preflight.hub_databases import make_certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders hub and session, each with a certificate that vouches for itself."""
    folder = tmp_path_factory.mktemp("internal-ssl")
    for name in ("hub", "session"):
        (folder / name).mkdir()
        make_certificate(folder / name, names=("127.0.0.1",), common_name=name, issuer=name)
    return folder


@pytest.fixture
def inner_hub(certificates: Path) -> Iterator[FakeServer]:
    """A hub with internal TLS: it wants to see the session's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "hub" / "cert.pem", certificates / "hub" / "key.pem")
    context.load_verify_locations(certificates / "session" / "cert.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = FakeServer()
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.answers = {"/hub/api/user": (200, {"name": "ada"})}
    with serving(server):
        yield server


def environment(hub: FakeServer, certificates: Path, **others: str) -> HubEnvironment:
    told = {
        "JUPYTERHUB_API_URL": f"https://127.0.0.1:{hub.port}/hub/api",
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_SSL_KEYFILE": str(certificates / "session" / "key.pem"),
        "JUPYTERHUB_SSL_CERTFILE": str(certificates / "session" / "cert.pem"),
        "JUPYTERHUB_SSL_CLIENT_CA": str(certificates / "hub" / "cert.pem"),
    }
    return hub_environment(told | others)


def test_internal_tls(inner_hub: FakeServer, certificates: Path) -> None:
    answer = HubClient(environment(inner_hub, certificates)).get("/user")
    assert (answer.status, answer.field("name")) == (200, "ada")


def test_without_our_certificate_the_hub_does_not_answer(inner_hub: FakeServer, certificates: Path) -> None:
    bare = environment(inner_hub, certificates, JUPYTERHUB_SSL_CERTFILE="", JUPYTERHUB_SSL_KEYFILE="")
    answer = HubClient(bare).get("/user")
    assert answer.status == 0
    assert answer.problem
    assert inner_hub.asked == []


def test_a_hub_that_nobody_vouches_for_gets_no_token(inner_hub: FakeServer, certificates: Path) -> None:
    strange = environment(
        inner_hub, certificates, JUPYTERHUB_SSL_CLIENT_CA=str(certificates / "session" / "cert.pem")
    )
    answer = HubClient(strange).get("/user")
    assert "certificate is not trusted" in answer.problem
    assert inner_hub.asked == []


def test_no_redirection_is_followed_with_the_token() -> None:
    with socket.create_server(("127.0.0.1", 0)) as front, serving() as elsewhere:

        def redirect() -> None:
            connection, _ = front.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(
                    f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}/\r\nContent-Length: 0\r\n\r\n".encode()
                )

        thread = threading.Thread(target=redirect)
        thread.start()
        url = f"http://127.0.0.1:{front.getsockname()[1]}/hub/api"
        answer = HubClient(HubEnvironment(api_url=url, api_token=TOKEN)).get("/user")
        thread.join()
        assert (answer.status, answer.ok) == (302, False)
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("file:///etc/passwd", "no http address"),
        ("http://127.0.0.1:9/", "nothing listens there"),
        ("http://no-such-host.invalid/", "it gave no answer|not known|resolution"),
    ],
)
def test_faults_are_data(url: str, problem: str) -> None:
    answer = HubClient(HubEnvironment(), 5).fetch(url)
    assert answer.status == 0
    assert any(words in answer.problem for words in problem.split("|")), answer.problem


def test_the_token_is_in_no_text() -> None:
    told = HubEnvironment(api_url="http://hub/hub/api", api_token=TOKEN, user="ada")
    assert TOKEN not in repr(told)
    assert Answer(200, ["x"]).field("name") is None
    assert Answer(200, {"groups": ["a", 3]}).words("groups") == ["a"]
