"""All servers of this folder in one process: all.py FOLDER, in which the certificates are.  Says "ready" on stdout."""

import sys
import time

import odd_dns
import odd_h2
import odd_http
import odd_proxy
import odd_tls

PREFIX = "10.89.2"


def main(folder):
    odd_dns.start(PREFIX)
    odd_http.start(f"{PREFIX}.20", f"{PREFIX}.50")
    odd_h2.start(f"{PREFIX}.20", f"{folder}/good-chain.pem", f"{folder}/good.key")
    odd_tls.start(f"{PREFIX}.20", f"{PREFIX}.12", f"{PREFIX}.13")
    odd_proxy.start(f"{PREFIX}.30", folder)
    print("ready", flush=True)
    time.sleep(3600)


if __name__ == "__main__":
    main(sys.argv[1])
