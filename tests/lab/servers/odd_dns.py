"""Name servers, one behaviour an address; "none" of it is what a working one does."""

import random
import socket
import struct
import time

import listen
from listen import read_exactly

A, CNAME, SOA, AAAA = 1, 5, 6, 28
TC, RESPONSE = 0x0200, 0x8180
NO_ERROR, FORMAT_ERROR, SERVER_FAIL, NAME_ERROR, NOT_IMPLEMENTED, REFUSED = range(6)

WWW, WWW6 = "10.89.2.10", "fd00:89:2::10"
CLOSED, CLOSED6, DEAD, DEAD6 = "10.89.2.40", "fd00:89:2::40", "10.89.2.41", "fd00:89:2::41"
PORTAL = "10.89.2.50"
ZONE = {  # the order counts: clients try the first address first
    "www.lab.test": [WWW],
    "closed2.lab.test": [CLOSED, "10.89.2.42"],
    "first-closed.lab.test": [CLOSED, WWW],
    "first-dead.lab.test": [DEAD, WWW],
    "dead2.lab.test": [DEAD, "10.89.2.43"],
    "portal.lab.test": [PORTAL],
}


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.strip(".").split(".")) + b"\0"


def record(name, kind, data, ttl=60):
    return encode_name(name) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


class Query:
    def __init__(self, wire):
        self.wire = wire
        self.number = struct.unpack(">H", wire[:2])[0]
        at, labels = 12, []
        while wire[at]:
            labels.append(wire[at + 1:at + 1 + wire[at]].decode())
            at += 1 + wire[at]
        self.name = ".".join(labels).lower()
        self.kind = struct.unpack(">H", wire[at + 1:at + 3])[0]
        self.question = wire[12:at + 5]

    def reply(self, rcode=NO_ERROR, answers=(), flags=RESPONSE, number=None, question=None):
        head = struct.pack(">6H", self.number if number is None else number, flags | rcode, 1, len(answers), 0, 0)
        return head + (question or self.question) + b"".join(answers)

    def addresses(self, zone=None):
        found = (zone or ZONE).get(self.name, [])
        return [record(self.name, self.kind, socket.inet_pton(socket.AF_INET6 if ":" in each else socket.AF_INET, each))
                for each in found if (":" in each) == (self.kind == AAAA)]


# ---- what a server does with a query: the messages to send back ----
def well(query):
    return [query.reply(NO_ERROR if query.name in ZONE else NAME_ERROR, query.addresses())]


def fails(rcode):
    return lambda query: [query.reply(rcode)]


def silent(query):
    return []


def empty(query):
    return [query.reply()]


def for_all(address):
    """Whatever the name, it is here: what a captive portal does."""
    return lambda query: [query.reply(NO_ERROR, query.addresses({query.name: [address]}))]


def wrong_number(query):
    return [query.reply(NO_ERROR, query.addresses(), number=query.number ^ 0x5555)]


def wrong_name(query):
    question = encode_name("other.lab.test") + query.question[-4:]
    return [query.reply(NO_ERROR, query.addresses(), question=question)]


def malformed(query):
    """An answer is announced, and its name is a pointer to itself."""
    here = 12 + len(query.question)
    return [query.reply(NO_ERROR, [struct.pack(">H", 0xC000 | here) + b"\0\1\0\1"])]


def short(query):
    return [query.reply(NO_ERROR, query.addresses())[:20]]


def cut_answer(query):
    answers = query.addresses()
    return [query.reply(NO_ERROR, answers)[:-3 if answers else None]]


def truncated(query):
    return [query.reply(flags=RESPONSE | TC)]


def twice(query):
    return well(query) * 2


def slow(query):
    time.sleep(1.3)
    return well(query)


def very_slow(query):
    time.sleep(2.5)
    return well(query)


def once_silent(query):
    return [] if random.random() < 0.5 else well(query)


def half_well(query):
    """A name server that drops questions for IPv6 addresses."""
    return well(query) if query.kind == A else []


def half_refused(query):
    return well(query) if query.kind == A else fails(SERVER_FAIL)(query)


def to_nowhere(query):
    alias = record(query.name, CNAME, encode_name("gone.lab.test"))
    return [query.reply(NAME_ERROR, [alias])]


def to_nothing(query):
    alias = record(query.name, CNAME, encode_name("bare.lab.test"))
    return [query.reply(NO_ERROR, [alias])]


def in_circles(query):
    return [query.reply(NO_ERROR, [record("a.lab.test", CNAME, encode_name("b.lab.test")),
                                   record("b.lab.test", CNAME, encode_name("a.lab.test"))])]


def large(query):
    """Some 2 kB over UDP, which EDNS allows: fragments."""
    return [query.reply(NO_ERROR, query.addresses() + [record(query.name, 16, bytes([250]) + b"x" * 250) for _ in range(7)])]


def poisoned(query):
    """A wrong reply first, and then the right one."""
    return wrong_number(query) + well(query)


# ---- servers ----
def serve_udp(address, function, other_port=False):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))
    out = sock
    if other_port:
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        out.bind((address, 5353))

    def answer(wire, peer):
        for message in function(Query(wire)):
            out.sendto(message, peer)

    def loop():
        while True:
            listen.in_background(answer, *sock.recvfrom(65535))
    listen.in_background(loop)


def serve_tcp(address, function):
    def handle(sock):
        while True:
            wire = read_exactly(sock, struct.unpack(">H", read_exactly(sock, 2))[0])
            for message in function(Query(wire)):
                sock.sendall(struct.pack(">H", len(message)) + message)
    listen.serve(address, 53, handle)


UDP = {
    60: fails(SERVER_FAIL), 61: fails(REFUSED), 62: silent, 63: empty, 64: wrong_number, 65: well, 66: malformed, 67: slow,
    68: twice, 69: wrong_name, 71: truncated, 72: truncated, 73: truncated, 74: short, 75: cut_answer, 76: half_well,
    77: half_refused, 78: to_nowhere, 79: to_nothing, 80: in_circles, 81: large, 82: poisoned, 83: fails(FORMAT_ERROR),
    84: fails(NOT_IMPLEMENTED), 85: well, 86: for_all(PORTAL), 87: silent, 88: silent, 89: very_slow, 90: fails(NAME_ERROR),
    91: fails(SERVER_FAIL),
}


def start(prefix):
    for number, function in UDP.items():
        serve_udp(f"{prefix}.{number}", function, other_port=number == 65)
    serve_tcp(f"{prefix}.71", well)
    serve_tcp(f"{prefix}.73", silent)
    serve_tcp(f"{prefix}.85", well)
