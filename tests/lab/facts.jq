# From a trace, one line for each port of a server, its parts separated by "|": port, versions, cipher suites, what is special about each
# handshake, the requests, and what is wrong.

def listed: map(select(. != null and . != "")) | join(", ");
def when(condition; text): if condition then text else null end;

# "CN=device-1,OU=Devices,O=Example" is device-1
def common_name: capture("CN=(?<name>[^,]*)").name;

# Findings that say again what `handshake` and `request` say.
def known: . == "tls-hello-retry-request" or . == "tls-client-cert-requested-none-sent" or . == "client-aborted";

def handshake:
  [ .wire.group, .negotiatedProto, when(.didResume; "resumed"), when(.wire.helloRetry; "hello retry"),
    when(.wire.earlyData; "early data"), when(.wire.ocspStapled; "stapled"),
    when(.wire.certificateRequested and (.wire.clientCerts | not); "client certificate asked for"),
    (.wire.clientCerts // [] | map(.subject | common_name | "client " + .) | first),
    when((.peerCerts == []) and (.didResume | not) and (.handshakeErr | not); "no certificate") ] | listed;

def request:
  [ when(.protoMajor == 2; "h2"), when(.networkProxy; "proxied"), .reqMethod, (.respStatusCode | tostring),
    when(.wire.respComplete == false; "incomplete") ] | map(select(. != null)) | join(" ");

def answer: .answers[] | "\(.type) \(.resolvedVal)";

# equal neighbours: "GET 200 x3"
def counted:
  reduce .[] as $one ([]; if .[-1].what == $one then .[-1].times += 1 else . + [{what: $one, times: 1}] end)
  | map(.what + if .times > 1 then " x\(.times)" else "" end);

# Of alerts those that came before their receiver closed: OpenSSL complains of a client that leaves without a close_notify.
def heard($conn): select(.atUs <= (if .from == "server" then $conn.wire.finSentUs else $conn.wire.finRecvUs end // .atUs));

# A handshake that failed says why, and the rest follows from it.
def tunnel_faults($conn):
  if .handshakeErr then .handshakeErr else
  when(.wire.decrypted | not; "not decrypted"),
  when(.wire.unverifiedRecords; "\(.wire.unverifiedRecords) records that do not verify"),
  when(.wire.malformed; "malformed TLS"),
  when(.wire.handshakeDone == false; "handshake not done"),
  when(.serverName != "www.example.test"; "server name \(.serverName)"),
  when(.peerCerts != [] and (.peerCerts[0].wire.names | index("www.example.test") | not); "wrong certificate"),
  when(.peerCerts != [] and .wire.chainVerification.result != "ok"; "chain \(.wire.chainVerification.result)"),
  (.wire.alerts // [] | .[] | select(.number != 0) | heard($conn) | "alert of the \(.from): \(.description // "encrypted")")
  end;

def request_faults:
  .reqError, when(.wire.malformed; "malformed HTTP"), when(.wire.gapBytes; "gaps in HTTP");

. as $trace
| (.tcpConns | map({key: .traceID, value: (.addrTuple.dstPort | tostring)}) | from_entries) as $port_of
| ((.tlsTunnels + .httpRequests | map({key: .traceID, value: $port_of[.tcpConn]}) | from_entries) + $port_of
   + (.tcpConns | map(select(.fromDial != "") | {key: .fromDial, value: (.addrTuple.dstPort | tostring)}) | from_entries)) as $record_port
| INDEX(.tcpConns[]; .traceID) as $conns
| .tcpConns | map(.addrTuple.dstPort) | unique[] as $number
| ($number | tostring) as $port
| ($trace.tlsTunnels | map(select($port_of[.tcpConn] == $port))) as $tunnels
| ($trace.httpRequests | map(select($port_of[.tcpConn] == $port))) as $requests
| ($trace.dnsQueries | map(select(.wire.tlsTunnel and $port_of[.connection] == $port))) as $lookups
| ($trace.findings | map(select(.severity != "info" and (.traceIDs | any($record_port[.] == $port))) | .code | select(known | not))) as $findings
| [ $port,
    ($tunnels | map(.wire.version) | unique | join(", ")),
    ($tunnels | map(.wire.cipherSuiteName) | unique | join(", ")),
    ($tunnels | map(handshake) | join(" / ") | ltrimstr(" ")),
    (($requests | map(request) | counted) + ($lookups | map(.dnsReplyMsgs[] | answer)) | join(", ")),
    ([($tunnels[] | tunnel_faults($conns[.tcpConn])), ($requests[] | request_faults), $findings[]] | listed) ]
| join("|")
