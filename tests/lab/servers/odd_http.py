"""HTTP/1 servers that do what nginx does only when it is broken: the path says what."""

import base64
import gzip
import hashlib
import time

import listen
from listen import close, drain, read_exactly, read_head, reset

BODY = b"".join(b"Line %05d of a body that is here to be carried.\n" % n for n in range(420))


class Request:
    def __init__(self, sock):
        lines = read_head(sock).decode("latin-1").split("\r\n")
        self.method, target, self.version = lines[0].split(" ")
        self.path, _, self.query = target.partition("?")
        self.fields = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.fields[name.lower()] = value.strip()

    def read_body(self, sock):
        return read_exactly(sock, int(self.fields.get("content-length", 0)))


def answer(sock, status, body=b"hello\n", *fields):
    lines = ["HTTP/1.1 " + status, f"Content-Length: {len(body)}", *fields, "", ""]
    sock.sendall("\r\n".join(lines).encode() + body)


def head_only(sock, *fields):
    sock.sendall("\r\n".join(["HTTP/1.1 200 OK", *fields, "", ""]).encode())


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


# ---- answers that are whole ----
def ok(sock, request):
    answer(sock, "200 OK")


def whole(sock, request):
    answer(sock, "200 OK", BODY)


def status(sock, request):
    """/status/NNN"""
    body = b"" if request.path[8:] in ("204", "304") else b"as asked\n"
    fields = ["Content-Length: 9"] if body else []
    sock.sendall("\r\n".join([f"HTTP/1.1 {request.path[8:]} As asked", *fields, "", ""]).encode() + body)


def slow(sock, request):
    """/slow?MILLISECONDS"""
    time.sleep(int(request.query) / 1000)
    answer(sock, "200 OK")


def drip(sock, request):
    head_only(sock, f"Content-Length: {10 * 20}")
    for _ in range(10):
        sock.sendall(b"a drop of the body.\n")
        time.sleep(0.1)


def chunked(sock, request):
    head_only(sock, "Transfer-Encoding: chunked", "Trailer: X-Sum")
    sock.sendall(chunk(BODY[:1000]) + chunk(BODY[1000:3000]) + b"0\r\nX-Sum: 3000\r\n\r\n")


def zipped(sock, request):
    answer(sock, "200 OK", gzip.compress(BODY), "Content-Encoding: gzip")


def until_close(sock, request):
    head_only(sock, "Connection: close")
    sock.sendall(BODY)
    close(sock)


def part(sock, request):
    answer(sock, "206 Partial Content", BODY[:100], f"Content-Range: bytes 0-99/{len(BODY)}")


def early_hints(sock, request):
    sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
    time.sleep(0.1)
    answer(sock, "200 OK")


def upload(sock, request):
    if request.fields.get("expect", "").lower() == "100-continue":
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.fields.get("transfer-encoding") == "chunked":
        while not read_chunk(sock) == b"":
            pass
    else:
        request.read_body(sock)
    answer(sock, "201 Created")


def read_chunk(sock):
    size = b""
    while not size.endswith(b"\r\n"):
        size += read_exactly(sock, 1)
    return read_exactly(sock, int(size, 16) + 2)[:-2]


def basic(sock, request):
    if "authorization" in request.fields:
        answer(sock, "200 OK")
    else:
        answer(sock, "401 Unauthorized", b"who?\n", 'WWW-Authenticate: Digest realm="lab", nonce="abc", qop="auth"',
               'WWW-Authenticate: Basic realm="lab"')


def fin_after(sock, request):
    answer(sock, "200 OK", BODY, "Connection: close")
    close(sock)


def reset_after(sock, request):
    answer(sock, "200 OK", BODY)
    time.sleep(0.3)
    reset(sock)


def websocket(sock, request):
    proof = hashlib.sha1(request.fields["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + base64.b64encode(proof) + b"\r\n\r\n")
    while True:
        first, second = read_exactly(sock, 2)
        mask = read_exactly(sock, 4)
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(read_exactly(sock, second & 0x7F)))
        sock.sendall(bytes([first, len(payload)]) + payload)
        if first & 15 == 8:
            return close(sock)


# ---- redirects ----
def redirect(sock, location, status="302 Found"):
    answer(sock, status, b"", "Location: " + location)


def loop(sock, request):
    redirect(sock, request.path)


def ping(sock, request):
    redirect(sock, "/pong")


def pong(sock, request):
    redirect(sock, "http://" + request.fields["host"] + "/ping", "301 Moved Permanently")


def counting(sock, request):
    redirect(sock, f"/counting?{int(request.query) + 1}")


def chain(sock, request):
    """/chain?N: N redirects to an answer."""
    left = int(request.query)
    if left:
        redirect(sock, f"/chain?{left - 1}", "307 Temporary Redirect")
    else:
        answer(sock, "200 OK")


def to(sock, request):
    """/to?URL"""
    redirect(sock, request.query)


# ---- no answer, or half of one ----
def empty(sock, request):
    close(sock)


def reset_at_once(sock, request):
    reset(sock)


def hang(sock, request):
    drain(sock)


def hang_head(sock, request):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Part")
    drain(sock)


def close_head(sock, request):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Part")
    close(sock)


def hang_middle(sock, request):
    head_only(sock, "Content-Length: 20000")
    sock.sendall(BODY[:7000])
    drain(sock)


def hang_chunks(sock, request):
    head_only(sock, "Transfer-Encoding: chunked")
    sock.sendall(chunk(BODY[:7000]))
    drain(sock)


def hang_before_body(sock, request):
    head_only(sock, "Content-Length: 20000")
    drain(sock)


def close_before_body(sock, request):
    head_only(sock, "Content-Length: 20000")
    close(sock)


def close_middle(sock, request):
    head_only(sock, "Content-Length: 20000")
    sock.sendall(BODY[:7000])
    close(sock)


def close_chunks(sock, request):
    head_only(sock, "Transfer-Encoding: chunked")
    sock.sendall(chunk(BODY[:3000]) + b"1000\r\n" + BODY[:100])
    close(sock)


def close_before_last_chunk(sock, request):
    head_only(sock, "Transfer-Encoding: chunked")
    sock.sendall(chunk(BODY[:3000]))
    close(sock)


def reset_middle(sock, request):
    head_only(sock, "Content-Length: 20000")
    sock.sendall(BODY[:7000])
    time.sleep(0.05)
    reset(sock)


def reset_chunks(sock, request):
    head_only(sock, "Transfer-Encoding: chunked")
    sock.sendall(chunk(BODY[:3000]))
    time.sleep(0.05)
    reset(sock)


def endless(sock, request):
    head_only(sock, "Content-Length: 100000000")
    while True:
        sock.sendall(BODY)
        time.sleep(0.02)


def close_after_100(sock, request):
    sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.read_body(sock)
    close(sock)


def hang_after_100(sock, request):
    sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    drain(sock)


def too_large(sock, request):
    """Says so while the client is still sending, and closes: what comes then is answered by a RST."""
    answer(sock, "413 Content Too Large", b"", "Connection: close")


def reset_upload(sock, request):
    read_exactly(sock, 20000)
    reset(sock)


def stop_reading(sock, request):
    time.sleep(30)


# ---- answers that are no HTTP ----
def garbage(sock, request):
    sock.sendall(bytes(range(128, 256)) * 4)
    close(sock)


def no_colon(sock, request):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length 6\r\nthis is no field\r\n\r\nhello\n")
    close(sock)


def bad_status(sock, request):
    sock.sendall(b"HTTP/1.1 abc Fine\r\nContent-Length: 6\r\n\r\nhello\n")
    close(sock)


def bad_chunk(sock, request):
    head_only(sock, "Transfer-Encoding: chunked")
    sock.sendall(chunk(BODY[:100]) + b"zzz\r\nhello\r\n0\r\n\r\n")
    close(sock)


def bad_length(sock, request):
    head_only(sock, "Content-Length: many")
    sock.sendall(b"hello\n")
    close(sock)


def two_lengths(sock, request):
    head_only(sock, "Content-Length: 5", "Content-Length: 20")
    sock.sendall(b"hello")
    close(sock)


def http09(sock, request):
    sock.sendall(b"<html>An answer of 1991.</html>\r\n")
    close(sock)


def banner(sock, request):
    sock.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    close(sock)


def endless_head(sock, request):
    sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 400000 + b"\r\n\r\n")
    close(sock)


ANSWERS = {
    "/ok": ok, "/whole": whole, "/slow": slow, "/drip": drip, "/chunked": chunked, "/gzip": zipped, "/until-close": until_close,
    "/part": part, "/early-hints": early_hints, "/upload": upload, "/basic": basic, "/fin-after": fin_after,
    "/reset-after": reset_after, "/websocket": websocket, "/loop": loop, "/ping": ping, "/pong": pong, "/counting": counting,
    "/chain": chain, "/to": to, "/empty": empty, "/reset": reset_at_once, "/hang": hang, "/hang-head": hang_head,
    "/close-head": close_head, "/hang-middle": hang_middle, "/hang-chunks": hang_chunks, "/hang-before-body": hang_before_body,
    "/close-before-body": close_before_body, "/close-middle": close_middle, "/close-chunks": close_chunks,
    "/close-before-last-chunk": close_before_last_chunk, "/reset-middle": reset_middle, "/reset-chunks": reset_chunks,
    "/endless": endless, "/close-after-100": close_after_100, "/hang-after-100": hang_after_100, "/too-large": too_large,
    "/reset-upload": reset_upload, "/stop-reading": stop_reading, "/garbage": garbage, "/no-colon": no_colon,
    "/bad-status": bad_status, "/bad-chunk": bad_chunk, "/bad-length": bad_length, "/two-lengths": two_lengths,
    "/http09": http09, "/banner": banner, "/endless-head": endless_head,
}


def handle(sock):
    while True:
        request = Request(sock)
        ANSWERS.get(request.path, status if request.path.startswith("/status/") else ok)(sock, request)


seen = set()


def once(name):
    """/once-NAME: each client meets this behaviour once; then all is well."""
    def function(sock, request):
        key = sock.getpeername()[0], name
        first = key not in seen
        seen.add(key)
        (ANSWERS["/" + name] if first else ok)(sock, request)
    return function


for name in ("empty", "reset", "close-middle", "reset-middle"):
    ANSWERS["/once-" + name] = once(name)


# ---- a captive portal: it answers for whoever was meant ----
def portal(status, location=None):
    def handle_portal(sock):
        while True:
            request = Request(sock)
            if location and not request.path.startswith("/login"):
                answer(sock, status, b"", "Location: " + location, "Cache-Control: no-store")
            else:
                answer(sock, status if not location else "200 OK", b"<html><form>Room number?</form></html>\n")
    return handle_portal


def start(address, portal_address):
    listen.serve(address, 80, handle)
    login = "http://portal.lab.test/login?from=x"
    for port, function in ((80, portal("200 OK")), (8001, portal("302 Found", login)), (8002, portal("307 Temporary Redirect", login)),
                           (8003, portal("200 OK")), (8004, portal("511 Network Authentication Required"))):
        listen.serve(portal_address, port, function)
