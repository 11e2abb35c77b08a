"""HTTP and SOCKS proxies, one behaviour a port; squid is the one that works."""

import socket
import ssl
import contextlib
import struct

import listen
from listen import close, drain, read_exactly, read_head, relay, reset


def answers(status, body=b"", *fields):
    def handle(sock):
        while True:
            read_head(sock)
            lines = ["HTTP/1.1 " + status, f"Content-Length: {len(body)}", *fields, "", ""]
            sock.sendall("\r\n".join(lines).encode() + body)
    return handle


def after_head(then):
    def handle(sock):
        read_head(sock)
        then(sock)
    return handle


def connect(sock, head):
    host, port = head.split()[1].decode().rsplit(":", 1)
    upstream = socket.create_connection((host, int(port)), timeout=5)
    sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    relay(sock, upstream)


def opens(sock):
    connect(sock, read_head(sock))


def opens_for_friends(sock):
    head = read_head(sock)
    while b"proxy-authorization:" not in head.lower():
        sock.sendall(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Digest realm="lab", nonce="abc"\r\n'
                     b'Proxy-Authenticate: Basic realm="lab"\r\nContent-Length: 0\r\n\r\n')
        head = read_head(sock)
    connect(sock, head)


def opens_and(then):
    """What comes inside the tunnel is awaited first."""
    def handle(sock):
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        read_exactly(sock, 200)
        then(sock)
    return handle


def opens_and_resets(sock):
    read_head(sock)
    sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    reset(sock)


def socks(reply):
    """SOCKS 5 (RFC 1928) with names, without authentication."""
    def handle(sock):
        read_exactly(sock, read_exactly(sock, 2)[1])
        sock.sendall(b"\5\0")
        kind = read_exactly(sock, 4)[3]
        host = read_exactly(sock, read_exactly(sock, 1)[0]).decode() if kind == 3 else socket.inet_ntoa(read_exactly(sock, 4))
        port = struct.unpack(">H", read_exactly(sock, 2))[0]
        upstream = None if reply else socket.create_connection((host, port), timeout=5)
        sock.sendall(bytes([5, reply, 0, 1]) + bytes(6))
        if upstream:
            relay(sock, upstream)
        else:
            close(sock)
    return handle


def within_tls(certificate, key, function):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def handle(sock):
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(sock, server_side=True) as tls:
            function(tls)
    return handle


SQUID_DNS = "X-Squid-Error: ERR_DNS_FAIL 0"
BEHAVIOURS = {
    8888: answers("403 Forbidden", b"not there\n"),
    8889: answers("407 Proxy Authentication Required", b"", 'Proxy-Authenticate: Basic realm="lab"'),
    8890: answers("502 Bad Gateway", b"no\n"),
    8891: answers("503 Service Unavailable", b"no\n"),
    8892: answers("504 Gateway Timeout", b"no\n"),
    8893: answers("503 Service Unavailable", b"no\n", SQUID_DNS),
    8894: after_head(drain),
    8895: after_head(close),
    8896: after_head(reset),
    8897: opens_and(close),
    8898: opens_for_friends,
    8899: answers("407 Proxy Authentication Required", b"", "Proxy-Authenticate: Negotiate", "Proxy-Authenticate: NTLM"),
    8900: answers("500 Internal Server Error", b"no\n"),
    8901: answers("400 Bad Request", b"no\n"),
    8902: answers("502 Bad Gateway", b"<html>The name could not be resolved: Name or service not known</html>\n"),
    8903: answers("503 Service Unavailable", b"", "Proxy-Status: lab; error=dns_error; rcode=\"NXDOMAIN\""),
    8904: opens_and(reset),
    8905: opens_and(drain),
    8906: answers("511 Network Authentication Required", b"log in\n"),
    8907: opens,
    8908: answers("302 Found", b"", "Location: http://portal.lab.test/login"),
    8909: drain,
    8910: opens_and_resets,
    1080: socks(0),
    1081: socks(5),
    1082: socks(4),
}


def start(address, folder):
    for port, handle in BEHAVIOURS.items():
        listen.serve(address, port, handle)
    for port, name in ((8443, "good"), (8444, "self"), (8445, "expired")):
        listen.serve(address, port, within_tls(f"{folder}/{name}-chain.pem", f"{folder}/{name}.key", opens))
    listen.serve(address, 8446, within_tls(f"{folder}/good-chain.pem", f"{folder}/good.key", BEHAVIOURS[8889]))
