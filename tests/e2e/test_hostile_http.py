#!/usr/bin/python3
"""Bytes that are no request, at an adapter's HTTP edge and at the router's page of numbers: one answer at most, the end of the
connection, and nothing told of the request, of the house or of the program. Who asks properly is answered meanwhile.
(tests/unit/http_hostile.c has the many forms of each, byte for byte.)"""
import pathlib
import socket
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

MARK = "told-to-nobody"
HEAD = f"Host: here\r\nX-Mark: {MARK}\r\n"
SMUGGLED = f"GET /health HTTP/1.1\r\n{HEAD}\r\n"
BAD = {
    "no request line": f"{MARK}\r\n\r\n",
    "two words": f"GET /{MARK}\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00" + MARK + "\r\n\r\n",
    "no host": f"GET /metrics?{MARK} HTTP/1.1\r\n\r\n",
    "HTTP/2": f"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{MARK}",
    "a line of 100 kB": f"GET /{MARK}{'a' * 100_000} HTTP/1.1\r\n{HEAD}\r\n",
    "headers of 100 kB": f"GET /metrics HTTP/1.1\r\n{HEAD}" + f"X-More: {MARK}{'a' * 900}\r\n" * 100 + "\r\n",
    "Content-Length twice": f"POST /metrics HTTP/1.1\r\n{HEAD}Content-Length: 5\r\nContent-Length: 0\r\n\r\n{SMUGGLED}",
    "a length and chunks": f"POST /metrics HTTP/1.1\r\n{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "a length with a sign": f"POST /metrics HTTP/1.1\r\n{HEAD}Content-Length: +5\r\n\r\n12345{SMUGGLED}",
    "a folded header": f"POST /metrics HTTP/1.1\r\n{HEAD}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "chunks of 2^64": f"POST /metrics HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n{SMUGGLED}",
}


def said(address, text):
    """All that comes until the other side hangs up; nobody is kept waiting for long."""
    with socket.create_connection((address.hostname, address.port), timeout=5) as stream:
        try:
            stream.sendall(text.encode("latin-1"))
            stream.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has heard enough
        got = b""
        try:
            while part := stream.recv(65536):
                got += part
        except ConnectionResetError:
            pass
        return got.decode("latin-1")


def nothing_is_told(address):
    for name, text in BAD.items():
        try:
            answer = said(address, text)
        except TimeoutError:
            raise AssertionError(f"the connection stays open after {name}") from None
        statuses = {line for line in answer.split("\r\n") if line.startswith("HTTP/1.")}  # the library says its head twice
        assert len(statuses) <= 1 and all(one.split()[1][0] == "4" or " 505 " in one for one in statuses), (name, answer[:500])
        assert MARK not in answer, (name, answer[:500])
        for word in ("microhttpd", "samenloop-", "/tmp", "journal", str(box.folder)):
            assert word not in answer.lower(), (name, word, answer[:500])


def at_the_adapter_nothing_is_told():
    nothing_is_told(urllib.parse.urlparse(box.state["participants"]["img"]["url"]))
    assert box.call("img", "/inbox")[0] == 200


def at_the_routers_page_nothing_is_told():
    lines = (box.folder / "router/stdout").read_text().splitlines()
    nothing_is_told(urllib.parse.urlparse(next(line.split(" ", 1)[1] for line in lines if line.startswith("metrics "))))
    assert box.metrics("router")["router_greeted"] == 2


with house.Sandbox("--participants", "img,ncg") as box:
    house.until(lambda: box.metrics("router")["router_greeted"] == 2)
    house.run([at_the_adapter_nothing_is_told, at_the_routers_page_nothing_is_told])
