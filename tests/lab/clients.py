"""Clients that do what curl and wget do not: clients.py NAME [ARGUMENT...]; exit status 1 where the request failed."""

import http.client
import os
import socket
import ssl
import struct
import sys
import time


def connect(host, port=80):
    return socket.create_connection((host, int(port)), timeout=5)


def request(host, path, *fields):
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]).encode()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def pause():
    """Says "ready", and waits for a line: what is to happen meanwhile has happened then."""
    print("ready", flush=True)
    sys.stdin.readline()


def get(host, path, timeout=3.0):
    connection = http.client.HTTPConnection(host, timeout=float(timeout))
    connection.request("GET", path)
    connection.getresponse().read()


def https(host, path="/hello", port=443, ca=os.environ.get("CA")):
    context = ssl.create_default_context(cafile=ca)
    connection = http.client.HTTPSConnection(host, int(port), timeout=3, context=context)
    connection.request("GET", path)
    connection.getresponse().read()


def twice(host, first, second, timeout=2.5):
    """Two requests on one connection, and a pause between them."""
    connection = http.client.HTTPConnection(host, timeout=float(timeout))
    connection.request("GET", first)
    connection.getresponse().read()
    pause()
    connection.request("GET", second)
    connection.getresponse().read()


def https_twice(host, first, second, timeout=2.5):
    context = ssl.create_default_context(cafile=os.environ.get("CA"))
    connection = http.client.HTTPSConnection(host, timeout=float(timeout), context=context)
    connection.request("GET", first)
    connection.getresponse().read()
    pause()
    connection.request("GET", second)
    connection.getresponse().read()


def during(host, path, timeout=2.5):
    """The pause is in the middle of the body."""
    with connect(host) as sock:
        sock.settimeout(float(timeout))
        sock.sendall(request(host, path, "Connection: close"))
        sock.recv(1000)
        pause()
        while sock.recv(65536):
            pass


def pipelined(host, *paths):
    with connect(host) as sock:
        sock.sendall(b"".join(request(host, path) for path in paths[:-1]) + request(host, paths[-1], "Connection: close"))
        while sock.recv(65536):
            pass


def abort(host, path):
    sock = connect(host)
    sock.sendall(request(host, path))
    sock.recv(1000)
    reset(sock)


def leave(host, path):
    """Closes in the middle of the answer, politely."""
    with connect(host) as sock:
        sock.sendall(request(host, path))
        sock.recv(1000)
        sock.shutdown(socket.SHUT_WR)
        time.sleep(0.2)


def abort_at_once(host, path):
    sock = connect(host)
    sock.sendall(request(host, path))
    reset(sock)


def reset_idle(host, path):
    """Ends a kept-alive connection with a RST, when all is done."""
    sock = connect(host)
    sock.sendall(request(host, path))
    response = http.client.HTTPResponse(sock)
    response.begin()
    response.read()
    reset(sock)


def only_connect(host, port=80):
    with connect(host, port):
        time.sleep(0.2)


def slow_reader(host, path):
    """The window closes for a while."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect((host, 80))
    sock.sendall(request(host, path, "Connection: close"))
    time.sleep(1)
    while sock.recv(1000):
        pass


def slow_request(host, path):
    with connect(host) as sock:
        for byte in request(host, path, "Connection: close"):
            sock.sendall(bytes([byte]))
            time.sleep(0.005)
        while sock.recv(65536):
            pass


def websocket(host):
    def frame(opcode, payload):
        mask = b"\1\2\3\4"
        return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))

    with connect(host) as sock:
        sock.sendall(request(host, "/websocket", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="))
        sock.recv(4096)
        for opcode, payload in ((1, b"hello"), (1, b"again"), (8, b"\3\350")):
            sock.sendall(frame(opcode, payload))
            sock.recv(4096)


def no_reuse(host, *paths):
    """One session object, a new connection for each: what a load test does."""
    for path in paths:
        get(host, path)


def starttls(address, port, host):
    with connect(address, port) as sock:
        sock.recv(1000)
        sock.sendall(b"EHLO client\r\n")
        sock.recv(1000)
        sock.sendall(b"STARTTLS\r\n")
        sock.recv(1000)
        context = ssl.create_default_context(cafile=os.environ.get("CA"))
        with context.wrap_socket(sock, server_hostname=host) as tls:
            tls.sendall(request(host, "/hello", "Connection: close"))
            while tls.recv(65536):
                pass


def main():
    functions = {name.replace("_", "-"): value for name, value in globals().items() if callable(value)}
    try:
        functions[sys.argv[1]](*sys.argv[2:])
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
