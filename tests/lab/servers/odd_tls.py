"""Servers on which a TLS handshake ends badly, one behaviour a port."""

import socket
import time

import listen
from listen import close, drain, read_exactly, read_head, relay, reset

HANDSHAKE, ALERT = 22, 21
FATAL = 2


def read_record(sock):
    head = read_exactly(sock, 5)
    return head + read_exactly(sock, int.from_bytes(head[3:], "big"))


def alert(description, level=FATAL):
    return bytes([ALERT, 3, 3, 0, 2, level, description])


def after_hello(then, say=b""):
    def handle(sock):
        read_record(sock)
        sock.sendall(say)
        then(sock)
    return handle


def resets_soon(sock):
    time.sleep(0.1)
    reset(sock)


def talks_first(banner):
    def handle(sock):
        sock.sendall(banner)
        drain(sock)
    return handle


def half_way(address, records, then):
    """Passes the ClientHello on to a real server, and so many records of its answer back."""
    def handle(sock):
        hello = read_record(sock)
        with socket.create_connection((address, 443), timeout=5) as server:
            server.sendall(hello)
            for _ in range(records):
                sock.sendall(read_record(server))
            then(sock)
    return handle


def plain_http(sock):
    read_exactly(sock, 5)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    close(sock)


def starttls(address):
    """SMTP (RFC 3207), which goes over to TLS."""
    def handle(sock):
        sock.sendall(b"220 mail.lab.test ESMTP\r\n")
        while True:
            line = b""
            while not line.endswith(b"\r\n"):
                line += read_exactly(sock, 1)
            if line.upper().startswith(b"STARTTLS"):
                sock.sendall(b"220 go ahead\r\n")
                return relay(sock, socket.create_connection((address, 443)))
            sock.sendall(b"250-mail.lab.test\r\n250 STARTTLS\r\n" if line.upper().startswith(b"EHLO") else b"250 ok\r\n")
    return handle


def start(address, real12, real13):
    """`real12` and `real13` are addresses of servers that speak TLS of these versions only."""
    behaviours = {
        9001: drain,
        9002: after_hello(close),
        9003: after_hello(reset),
        9004: plain_http,
        9005: after_hello(close, bytes(range(200, 256)) * 3),
        9006: talks_first(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
        9007: talks_first(b"220 mail.lab.test ESMTP\r\n"),
        9008: close,
        9009: reset,
        9010: starttls(real12),
        9021: half_way(real12, 1, drain), 9022: half_way(real12, 1, close), 9023: half_way(real12, 1, resets_soon),
        9031: half_way(real13, 2, drain), 9032: half_way(real13, 2, close), 9033: half_way(real13, 2, resets_soon),
        9040: after_hello(close, alert(40, level=1)),
    }
    for description in (10, 20, 40, 47, 49, 50, 70, 71, 80, 86, 109, 112, 116, 120):
        behaviours[9300 + description] = after_hello(close, alert(description))
    for port, handle in behaviours.items():
        listen.serve(address, port, handle)
