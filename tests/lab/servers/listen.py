"""What the servers of this folder share: listening, and ways to end a connection."""

import contextlib
import os
import socket
import struct
import threading


def in_background(function, *args):
    threading.Thread(target=function, args=args, daemon=True).start()


def serve(address, port, handle):
    """Calls handle(socket) in a thread for each connection; who leaves early is no error."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    in_background(accept_all, listener, handle)


def accept_all(listener, handle):
    while True:
        in_background(converse, listener.accept()[0], handle)


def converse(sock, handle):
    with contextlib.suppress(OSError, EOFError, ValueError), sock:
        sock.settimeout(60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handle(sock)


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError("the connection ended early")
        data += part
    return data


def read_head(sock):
    """A request's first line and fields; raises EOFError when there is none any more."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read_exactly(sock, 1)
    return head


def drain(sock):
    """Reads until the peer is done."""
    while sock.recv(65536):
        pass


def close(sock):
    """A FIN that no unread byte turns into a RST."""
    sock.shutdown(socket.SHUT_WR)
    drain(sock)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(sock.detach())
    raise EOFError("we have reset it")


def relay(left, right):
    """Carries bytes both ways until both sides have said that they are done."""
    in_background(carry, left, right)
    carry(right, left)


def carry(source, target):
    with contextlib.suppress(OSError):
        for data in iter(lambda: source.recv(65536), b""):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
