"""HTTP/2 servers (RFC 9113), one behaviour a port: without TLS from 9100 on, within TLS 100 higher."""

import contextlib
import ssl
import struct
import time

import listen
from listen import close, drain, read_exactly, reset

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED = 0, 1, 2, 7, 8, 11, 13
STATUS_200, STATUS_500 = b"\x88", b"\x8e"  # RFC 7541 appendix A
STATUS_503 = b"\x08\x03503"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Peer:
    """Answers PING and SETTINGS, and hands out the streams that are begun."""

    def __init__(self, sock):
        self.sock = sock
        read_exactly(sock, 24)
        self.send(SETTINGS, 0, 0)

    def send(self, kind, flags, stream, payload=b""):
        self.sock.sendall(frame(kind, flags, stream, payload))

    def next_stream(self):
        while True:
            head = read_exactly(self.sock, 9)
            payload = read_exactly(self.sock, int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & ACK:
                self.send(SETTINGS, ACK, 0)
            elif kind == PING and not flags & ACK:
                self.send(PING, ACK, 0, payload)
            elif kind == HEADERS:
                return stream

    def respond(self, stream, status=STATUS_200, body=b"hello\n"):
        self.send(HEADERS, END_HEADERS, stream, status)
        self.send(DATA, END_STREAM, stream, body)

    def begin(self, stream):
        self.send(HEADERS, END_HEADERS, stream, STATUS_200)
        self.send(DATA, 0, stream, b"the beginning\n")

    def reset_stream(self, stream, code):
        self.send(RST_STREAM, 0, stream, struct.pack(">I", code))

    def go_away(self, last, code, text=b""):
        self.send(GOAWAY, 0, 0, struct.pack(">II", last, code) + text)


def each_stream(function):
    def handle(sock):
        peer = Peer(sock)
        while True:
            function(peer, peer.next_stream())
    return handle


def resets(code):
    return each_stream(lambda peer, stream: peer.reset_stream(stream, code))


@each_stream
def resets_middle(peer, stream):
    peer.begin(stream)
    peer.reset_stream(stream, INTERNAL_ERROR)


def goes_away(code, last=0, text=b""):
    def handle(sock):
        peer = Peer(sock)
        peer.next_stream()
        peer.go_away(last, code, text)
        close(sock)
    return handle


def answers_and_goes_away(sock):
    peer = Peer(sock)
    stream = peer.next_stream()
    peer.respond(stream)
    peer.go_away(stream, NO_ERROR)
    close(sock)


def goes_away_and_answers(sock):
    """A graceful end: what was begun is still answered."""
    peer = Peer(sock)
    stream = peer.next_stream()
    peer.go_away(stream, NO_ERROR)
    time.sleep(0.1)
    peer.respond(stream)
    close(sock)


def closes(sock):
    Peer(sock).next_stream()
    close(sock)


def closes_middle(sock):
    peer = Peer(sock)
    peer.begin(peer.next_stream())
    close(sock)


def goes_away_middle(sock):
    peer = Peer(sock)
    stream = peer.next_stream()
    peer.begin(stream)
    peer.go_away(stream, INTERNAL_ERROR)
    close(sock)


def resets_connection(sock):
    Peer(sock).next_stream()
    reset(sock)


@each_stream
def hangs(peer, stream):
    drain(peer.sock)


@each_stream
def hangs_middle(peer, stream):
    peer.begin(stream)
    drain(peer.sock)


@each_stream
def is_down(peer, stream):
    peer.respond(stream, STATUS_503, b"down\n")


@each_stream
def is_well(peer, stream):
    peer.respond(stream)


@each_stream
def answers_early(peer, stream):
    """RFC 9113 8.1: a whole response before the request is, and RST_STREAM with NO_ERROR to stop its body."""
    peer.respond(stream)
    peer.reset_stream(stream, NO_ERROR)


def once(function):
    """The first connection of each client, and all others as they should be."""
    known = set()

    def handle(sock):
        peer = sock.getpeername()[0]
        first = peer not in known
        known.add(peer)
        (function if first else is_well)(sock)
    return handle


BEHAVIOURS = [
    is_well, goes_away(ENHANCE_YOUR_CALM, text=b"too_many_pings"), goes_away(PROTOCOL_ERROR), goes_away(NO_ERROR),
    resets(REFUSED_STREAM), resets(INTERNAL_ERROR), resets(HTTP_1_1_REQUIRED), resets_middle, answers_and_goes_away,
    goes_away_and_answers, closes, closes_middle, goes_away_middle, resets_connection, hangs, hangs_middle, is_down, answers_early,
    goes_away(INTERNAL_ERROR, last=1), resets(CANCEL), goes_away(NO_ERROR, last=1),
    once(goes_away(NO_ERROR)), once(resets(REFUSED_STREAM)), once(goes_away(ENHANCE_YOUR_CALM)),
]


def within_tls(context, function):
    def handle(sock):
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(sock, server_side=True) as tls:
            function(tls)
    return handle


def start(address, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    for number, function in enumerate(BEHAVIOURS):
        listen.serve(address, 9100 + number, function)
        listen.serve(address, 9200 + number, within_tls(context, function))
