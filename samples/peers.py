"""Servers and clients that do what nginx, dnsmasq and curl do not: for the lab in lab.sh, only on its own network."""

import base64
import fcntl
import hashlib
import http.client
import http.server
import os
import select
import socket
import struct
import sys
import threading

# ---- DNS: questions in every shape ----
TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16,
    "AAAA": 28, "SRV": 33, "OPT": 41, "HTTPS": 65, "CAA": 257,
}
RESOLVER = "10.77.0.1"
AUTHORITY = "10.77.0.3"
FLAG_RD = 0x0100
FLAG_TC = 0x0200

QUESTIONS = [
    (RESOLVER, "www.example.test", "A"),
    (RESOLVER, "dual.example.test", "AAAA"),
    (RESOLVER, "cdn.example.test", "A"),
    (RESOLVER, "cdn.example.test", "CNAME"),
    (RESOLVER, "example.test", "MX"),
    (RESOLVER, "example.test", "TXT"),
    (RESOLVER, "_imap._tcp.example.test", "SRV"),
    (RESOLVER, "1.0.77.10.in-addr.arpa", "PTR"),
    (RESOLVER, "example.test", "CAA"),
    (RESOLVER, "www.example.test", "HTTPS"),
    (RESOLVER, "nosuch.example.test", "A"),
    (AUTHORITY, "example.test", "SOA"),
    (AUTHORITY, "example.test", "NS"),
]


def dns_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def dns_query(number, name, rrtype, edns_size=0):
    header = struct.pack(">6H", number, FLAG_RD, 1, 0, 0, 1 if edns_size else 0)
    opt = b"\0" + struct.pack(">HHIH", TYPES["OPT"], edns_size, 0, 0) if edns_size else b""
    return header + dns_name(name) + struct.pack(">HH", TYPES[rrtype], 1) + opt


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError("the connection ended early")
        data += part
    return data


def ask_udp(server, query):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((server, 53))
        sock.send(query)
        return sock.recv(65535)


def ask_tcp(server, query):
    with socket.create_connection((server, 53), timeout=5) as sock:
        sock.sendall(struct.pack(">H", len(query)) + query)
        return read_exactly(sock, struct.unpack(">H", read_exactly(sock, 2))[0])


def is_truncated(reply):
    return struct.unpack(">H", reply[2:4])[0] & FLAG_TC != 0


def dns_types():
    """Every type over UDP, some over TCP, and a truncated reply that is asked for again over TCP."""
    for number, (server, name, rrtype) in enumerate(QUESTIONS, 0x1001):
        ask_udp(server, dns_query(number, name, rrtype))
    for number, (server, name, rrtype) in enumerate(QUESTIONS[::4], 0x2001):
        ask_tcp(server, dns_query(number, name, rrtype))
    big = dns_query(0x3001, "big.example.test", "TXT")
    if not is_truncated(ask_udp(RESOLVER, big)):
        sys.exit("the large answer was not truncated")
    ask_tcp(RESOLVER, big)


def dns_fragments():
    """An answer of 3 kB in one UDP datagram, over IPv4 and IPv6."""
    for number, server in enumerate((RESOLVER, "fd00:77::1"), 0x4001):
        if is_truncated(ask_udp(server, dns_query(number, "big.example.test", "TXT", edns_size=4096))):
            sys.exit("the large answer was truncated")


# ---- WebSocket (RFC 6455) ----
WS_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WS_TEXT, WS_CLOSE, WS_PING, WS_PONG = 1, 8, 9, 10


def ws_frame(opcode, payload, mask=b""):
    if mask:
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return bytes([0x80 | opcode, len(payload) | (0x80 if mask else 0)]) + mask + payload


def ws_read(sock):
    first, second = read_exactly(sock, 2)
    mask = read_exactly(sock, 4) if second & 0x80 else b"\0\0\0\0"
    payload = read_exactly(sock, second & 0x7F)
    return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def ws_echo(sock):
    answers = {WS_TEXT: WS_TEXT, WS_PING: WS_PONG, WS_CLOSE: WS_CLOSE}
    opcode = None
    while opcode != WS_CLOSE:
        opcode, payload = ws_read(sock)
        sock.sendall(ws_frame(answers[opcode], payload))


def read_head(sock):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read_exactly(sock, 1)
    return head


def websocket():
    """The upgrade, two texts, a ping and a close, each echoed."""
    key = base64.b64encode(bytes(range(16))).decode()
    with socket.create_connection(("odd.example.test", 8080), timeout=5) as sock:
        sock.sendall(
            f"GET /chat HTTP/1.1\r\nHost: odd.example.test:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        if b" 101 " not in read_head(sock):
            sys.exit("no upgrade")
        for opcode, payload in ((WS_TEXT, b"hello"), (WS_TEXT, b"hello again"), (WS_PING, b"?"), (WS_CLOSE, b"\x03\xe8")):
            sock.sendall(ws_frame(opcode, payload, mask=b"\x11\x22\x33\x44"))
            ws_read(sock)


# ---- an HTTP server for the unusual, and a proxy ----
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        {"/chunked": self.chunked, "/reset": self.reset, "/chat": self.chat}[self.path]()

    def head(self, status, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def chunked(self):
        self.head(200, Content_Type="text/plain", Transfer_Encoding="chunked", Trailer="X-Lines")
        for number in range(1, 6):
            line = f"This is chunk {number}.\n".encode() * number
            extension = b";part=%d" % number if number == 3 else b""
            self.wfile.write(b"%x%s\r\n%s\r\n" % (len(line), extension, line))
        self.wfile.write(b"0\r\nX-Lines: 15\r\n\r\n")

    def reset(self):
        self.head(200, Content_Type="text/plain", Content_Length="10000")
        self.wfile.write(b"only the beginning\n" * 50)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def chat(self):
        proof = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + WS_GUID).digest())
        self.head(101, Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Accept=proof.decode())
        ws_echo(self.connection)
        self.close_connection = True

    def do_CONNECT(self):
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=5) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(self.connection, upstream)
        self.close_connection = True


def relay(left, right):
    """Carries bytes both ways until both sides have said that they are done."""
    other = {left: right, right: left}
    reading = [left, right]
    while reading:
        for sock in select.select(reading, [], [])[0]:
            data = sock.recv(65536)
            if data:
                other[sock].sendall(data)
            else:
                reading.remove(sock)
                other[sock].shutdown(socket.SHUT_WR)


def serve(address, *ports):
    threads = []
    for port in ports:
        server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
        threads.append(threading.Thread(target=server.serve_forever))
        threads[-1].start()
    for thread in threads:
        thread.join()


# ---- HTTP clients ----
def pipelined():
    """Three requests in one segment, before any answer."""
    request = "GET {} HTTP/1.1\r\nHost: www.example.test\r\n{}\r\n"
    requests = [request.format("/hello", ""), request.format("/second", ""), request.format("/none", "Connection: close\r\n")]
    with socket.create_connection(("www.example.test", 80), timeout=5) as sock:
        sock.sendall("".join(requests).encode())
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    if answer.count(b"HTTP/1.1 ") != 3:
        sys.exit("not three answers")


def two_requests():
    """A request, a word on stdout, and a second request on the same connection when a line comes on stdin."""
    connection = http.client.HTTPConnection("www.example.test", timeout=5)
    connection.request("GET", "/hello")
    connection.getresponse().read()
    print("first answer is here", flush=True)
    sys.stdin.readline()
    connection.request("GET", "/second")
    connection.getresponse().read()
    connection.close()


# ---- 802.1Q without the kernel's help: a TAP device whose frames travel with a tag on another device ----
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 2, 0x1000
ETH_P_ALL, ETH_P_8021Q = 3, 0x8100
SOL_PACKET, PACKET_IGNORE_OUTGOING, PACKET_AUXDATA = 263, 23, 8


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def open_trunk(device):
    trunk = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    trunk.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    trunk.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    trunk.bind((device, 0))
    return trunk


def tag_of(ancillary):
    """The kernel takes the tag out of a received frame and hands it over beside it (struct tpacket_auxdata)."""
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            return struct.unpack("=IIIHHHH", data[:20])[5]
    return 0


def vlan(device, name, tag):
    tap, trunk = open_tap(name), open_trunk(device)
    header = struct.pack(">HH", ETH_P_8021Q, int(tag))
    print("ready", flush=True)
    while True:
        readable = select.select([tap, trunk], [], [])[0]
        if tap in readable:
            frame = os.read(tap, 65536)
            trunk.send(frame[:12] + header + frame[12:])
        if trunk in readable:
            frame, ancillary, _, _ = trunk.recvmsg(65536, 64)
            if tag_of(ancillary) & 0x0FFF == int(tag):
                os.write(tap, frame)


COMMANDS = {
    "serve": serve,
    "vlan": vlan,
    "dns-types": dns_types,
    "dns-fragments": dns_fragments,
    "websocket": websocket,
    "pipelined": pipelined,
    "two-requests": two_requests,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
