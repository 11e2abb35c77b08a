# nettrace: `make demo` shows it, `make check` tests it; both install what is missing on Debian 12 first.
#
#   make              builds build/nettrace-analyze, build/nettrace-capture and build/libnettrace.so.0
#   make check        all tests            make SAN=address,undefined check   the same under sanitizers
#   make fields       cli/json/fields.def from tests/schema/trace.schema.json, when that changed
#   make lint         layout, include direction, banned functions, headers that stand alone
#   make fuzz-NAME    explores with libFuzzer (tests/fuzz/fuzz_NAME.c), FUZZ_SECONDS=60
#   make soak         the files of ../shared/corpus cut and changed in 400 ways each, under sanitizers; hours, see SOAK_… below
#   make coverage     lines that the tests run, per folder and dissector; fails when a dissector is below 85 %
#   make bench        the analyzer beside tcpdump, and decrypting, on captures that it makes; nettrace-capture beside dumpcap, under load
#   make install      PREFIX=/usr/local, DESTDIR; make uninstall removes it
#   make deb          the Debian packages, in build/deb, checked by lintian and run from there
#   make samples      records samples/ again (root; real servers and clients in network namespaces)

CC       ?= cc
CFLAGS   ?= $(if $(SAN),-O2,-O3) -g
B        ?= build$(if $(SAN),-san)
Q        := $(if $(filter 1,$(V)),,@)

PKGS      := libpcap zlib libzstd libcrypto ldns sqlite3 libnetfilter_log libnetfilter_conntrack libcap-ng libnghttp2 libseccomp \
             libbrotlidec libarchive jansson
PKG_FLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null) -I/usr/include/ndpi
LIBS      := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lndpi -lm
WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef \
             -Wformat=2 -Wno-format-nonliteral
# One set of objects for the programs and the library: without interposition, position-independent code costs the programs nothing.
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -I. -MMD -MP -fno-common -fPIC -fno-semantic-interposition $(WARN) $(if $(WERROR),-Werror) \
             $(PKG_FLAGS) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_LDFLAGS := -pthread -Wl,--as-needed $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))

LIB_SRC   := $(sort $(wildcard store/*.c capture/*.c dissect/*.c dissect/*/*.c correlate/*.c))
CLI_SRC   := $(sort $(wildcard cli/*.c cli/*/*.c))
PROGRAMS  := $(B)/nettrace-analyze $(B)/nettrace-capture
LIBRARY   := $(B)/libnettrace.so.0
MAIN_SRC  := cli/analyze.c cli/capture.c cli/library/example.c
UNIT_SRC  := $(sort $(wildcard tests/unit/check_*.c))
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
LIB_OBJ   := $(patsubst %.c,$(B)/%.o,$(LIB_SRC) $(filter-out $(MAIN_SRC),$(CLI_SRC)))
UNITS     := $(UNIT_SRC:%.c=$(B)/%)
REPLAYS   := $(FUZZ_SRC:%.c=$(B)/%)

DEPS_BUILD := gcc make pkg-config libc6-dev libpcap-dev zlib1g-dev libzstd-dev libssl-dev libldns-dev libndpi-dev libsqlite3-dev \
              libnetfilter-log-dev libnetfilter-conntrack-dev libcap-ng-dev libnghttp2-dev libseccomp-dev libbrotli-dev \
              libarchive-dev libjansson-dev
DEPS_CHECK := $(DEPS_BUILD) g++ mandoc check python3 python3-jsonschema python3-html5lib nftables zsh sqlite3 jq
DEPS_LINT  := $(DEPS_CHECK) clang clang-format libclang-rt-14-dev cppcheck shellcheck
DEPS_LAB   := iproute2 nftables procps ethtool conntrack tcpdump wireshark-common tshark sqlite3 libcap2-bin nginx-light dnsmasq squid curl \
              wget openssl jq python3 zstd gnutls-bin nghttp2-client ngtcp2-client ngtcp2-server
DEPS_PEERS := libssl-dev nghttp2-server nghttp2-proxy tinyproxy-bin unbound knot-dnsutils
DEPS_SOAK  := $(DEPS_CHECK) libjansson-dev
DEPS_DEB   := $(DEPS_BUILD) git debhelper dpkg-dev lintian
DEPS_BENCH := $(DEPS_LAB) apache2-utils dnsperf time libndpi-bin

.PHONY: all deps deps-check deps-lint deps-lab deps-bench deps-soak deps-deb deb print-deps demo check lint bench soak coverage samples clean
all: $(PROGRAMS) $(LIBRARY)

$(PROGRAMS): $(B)/nettrace-%: $(B)/cli/%.o $(B)/libnettrace-internal.a
	$(Q)echo "  LD    $@"; $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libnettrace-internal.a: $(LIB_OBJ)
	$(Q)rm -f $@; echo "  AR    $@"; $(AR) rcs $@ $^

$(B)/%.o: %.c
	$(Q)mkdir -p $(@D); echo "  CC    $<"; $(CC) $(ALL_CFLAGS) -c -o $@ $<

# ---- libnettrace: what reads of the folders below cli/, and of cli/ what opens inputs ----
RECORD_SRC := $(wildcard capture/live*.c capture/nflog*.c capture/netlink.c capture/conntrack.c capture/conntrack_message.c capture/sysctls.c \
              capture/pcapng_write.c)
SHARED_SRC := $(filter-out $(RECORD_SRC),$(LIB_SRC)) $(filter-out %/example.c,$(wildcard cli/library/*.c)) \
              $(addprefix cli/,analysis.c archive_inputs.c client_prefix.c conntrack_log.c context.c inputs.c key_files.c notes.c \
              output_inputs.c recording_input.c seed_inputs.c text.c timestamp.c)
SHARED_OBJ := $(SHARED_SRC:%.c=$(B)/%.o)
VERSION    := $(shell sed -n 's/^#define NETTRACE_VERSION "\(.*\)"/\1/p' cli/library/nettrace.h)

$(LIBRARY): $(SHARED_OBJ) cli/library/nettrace.map
	$(Q)echo "  LD    $@"; $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=cli/library/nettrace.map \
		$(if $(SAN),,-Wl,-z,defs) -o $@ $(SHARED_OBJ) $(LIBS)

# What .incbin reads is in no .d file.
$(B)/cli/html/html_assets.o: cli/html/page.css cli/html/page.js

# ---- tests ----
TEST_LIBS := $(shell pkg-config --libs check libssl libbrotlienc 2>/dev/null)
SUPPORT   := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/support/*.c)))

$(UNITS): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/tests/unit/main.o $(SUPPORT) $(B)/libnettrace-internal.a
	$(Q)echo "  LD    $@"; $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(LIBS)

$(REPLAYS): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(SUPPORT) $(B)/libnettrace-internal.a
	$(Q)echo "  LD    $@"; $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(LIBS)

check: deps-check
	$(Q)$(MAKE) --no-print-directory check-built

.PHONY: check-built
check-built: $(PROGRAMS) $(LIBRARY) $(UNITS) $(REPLAYS)
	$(Q)tests/run $(B)

# ---- fuzzing: the library again, instrumented by clang, in a directory of its own ----
FUZZ_SECONDS ?= 60
fuzz-%: deps-lint
	$(Q)$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined B=build-fuzz build-fuzz/libnettrace-internal.a \
		build-fuzz/tests/fuzz/fuzz_$*.o $(patsubst $(B)/%,build-fuzz/%,$(SUPPORT))
	$(Q)mkdir -p build-fuzz/found/$* tests/fuzz/corpus/$*
	$(Q)clang -fsanitize=fuzzer,address,undefined -o build-fuzz/fuzz_$* build-fuzz/tests/fuzz/fuzz_$*.o \
		$(patsubst $(B)/%,build-fuzz/%,$(SUPPORT)) build-fuzz/libnettrace-internal.a $(TEST_LIBS) $(LIBS)
	build-fuzz/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=65536 -artifact_prefix=build-fuzz/found/$*- \
		build-fuzz/found/$* tests/fuzz/corpus/$*

# ---- soak: captures of others, cut and changed; nettrace-analyze as it is, but for the name of its main() ----
# For a part only: SOAK_FILES='a.pcap b.pcap', fewer SOAK_CUTS and SOAK_MUTATIONS.  Another SOAK_SEED makes other mutations;
# SOAK_CASE=N runs only that of each file.  What failed is kept in build-soak/run/found.
SOAK_CUTS      ?= 200
SOAK_MUTATIONS ?= 200
SOAK_SEED      ?= 1
SOAK_JOBS      ?= $(shell nproc)
SOAK_FILES     ?= $(shell find -L ../shared/corpus/captures -type f -printf '%s %p\n' 2>/dev/null | sort -n | cut -d' ' -f2-)
soak: deps-soak
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined B=build-soak build-soak/soak
	$(Q)rm -rf build-soak/run/sample
	$(Q)build-soak/soak -s $(SOAK_SEED) -c $(SOAK_CUTS) -m $(SOAK_MUTATIONS) -j $(SOAK_JOBS) $(if $(SOAK_CASE),-n $(SOAK_CASE)) -k 97 \
		-o build-soak/run $(SOAK_FILES); status=$$?; \
		find build-soak/run/sample -name '*.json' | xargs -r tests/contract && exit $$status

$(B)/soak: $(B)/tests/soak/soak.o $(B)/tests/soak/analyze_main.o $(B)/tests/support/mutate.o $(B)/libnettrace-internal.a
	$(Q)echo "  LD    $@"; $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/soak/analyze_main.o: cli/analyze.c
	$(Q)mkdir -p $(@D); echo "  CC    $<"; $(CC) $(ALL_CFLAGS) -Dmain=analyze_main -Wno-missing-prototypes -c -o $@ $<

# ---- coverage, counted by gcov in a build of its own ----
coverage: deps-check
	$(Q)$(MAKE) --no-print-directory B=build-coverage CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage coverage-built

.PHONY: coverage-built
coverage-built: $(PROGRAMS) $(UNITS) $(REPLAYS)
	$(Q)tests/coverage-run $(B); status=$$?; tests/coverage $(B) && exit $$status

# ---- what is made from other files, and kept ----
.PHONY: fields
fields:
	$(Q)tests/schema/fields >cli/json/fields.def.new && mv cli/json/fields.def.new cli/json/fields.def

# ---- what people run ----
INSTALL = $(Q)missing=; for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q ' installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

deps:
	$(call INSTALL,$(DEPS_BUILD))
deps-check:
	$(call INSTALL,$(DEPS_CHECK))
deps-lint:
	$(call INSTALL,$(DEPS_LINT))
deps-lab:
	$(call INSTALL,$(DEPS_LAB) $(DEPS_PEERS))
deps-bench:
	$(call INSTALL,$(DEPS_BENCH))
deps-soak:
	$(call INSTALL,$(DEPS_SOAK))
deps-deb:
	$(call INSTALL,$(DEPS_DEB))

DEMO := samples/https-download.pcapng
demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)echo; echo "\$$ $(B)/nettrace-analyze $(DEMO)"; $(B)/nettrace-analyze $(DEMO)
	$(Q)echo; echo "\$$ $(B)/nettrace-analyze --json $(DEMO) | head -n 60"; $(B)/nettrace-analyze --json $(DEMO) | head -n 60

# ---- where it goes: make install PREFIX=/usr DESTDIR=… ----
PREFIX     ?= /usr/local
bindir     ?= $(PREFIX)/bin
datadir    ?= $(PREFIX)/share
mandir     ?= $(datadir)/man
unitdir    ?= $(PREFIX)/lib/systemd/system
bashdir    ?= $(datadir)/bash-completion/completions
zshdir     ?= $(datadir)/zsh/site-functions
libdir     ?= $(PREFIX)/lib
includedir ?= $(PREFIX)/include
INSTALLED  := $(bindir)/nettrace-analyze $(bindir)/nettrace-capture $(mandir)/man1/nettrace-analyze.1 $(mandir)/man8/nettrace-capture.8 \
              $(mandir)/man5/nettrace-store.5 $(mandir)/man5/nettrace-trace.5 $(mandir)/man7/nettrace-findings.7 \
              $(unitdir)/nettrace-capture@.service $(bashdir)/nettrace-analyze $(bashdir)/nettrace-capture $(zshdir)/_nettrace \
              $(libdir)/libnettrace.so.$(VERSION) $(libdir)/libnettrace.so.0 $(libdir)/libnettrace.so $(includedir)/nettrace.h \
              $(libdir)/pkgconfig/nettrace.pc

# For programs that are started at once the linker's cache must know the library; where DESTDIR is moved to, whoever moves it sees to that.
LDCONFIG = $(if $(DESTDIR),,$(Q)[ "$$(id -u)" != 0 ] || ldconfig)

.PHONY: install uninstall
install: $(PROGRAMS) $(LIBRARY)
	$(Q)install -d $(addprefix $(DESTDIR),$(sort $(dir $(INSTALLED))))
	$(Q)install -m 755 $(PROGRAMS) $(DESTDIR)$(bindir)
	$(Q)for page in packaging/man/*; do install -m 644 $$page $(DESTDIR)$(mandir)/man$${page##*.}; done
	$(Q)for name in nettrace-analyze nettrace-capture; do \
		install -m 644 packaging/completions/nettrace.bash $(DESTDIR)$(bashdir)/$$name; done
	$(Q)install -m 644 packaging/completions/_nettrace $(DESTDIR)$(zshdir)
	$(Q)sed 's|@bindir@|$(bindir)|' packaging/nettrace-capture@.service >$(DESTDIR)$(unitdir)/nettrace-capture@.service
	$(Q)install -m 644 $(LIBRARY) $(DESTDIR)$(libdir)/libnettrace.so.$(VERSION)
	$(Q)ln -sf libnettrace.so.$(VERSION) $(DESTDIR)$(libdir)/libnettrace.so.0
	$(Q)ln -sf libnettrace.so.0 $(DESTDIR)$(libdir)/libnettrace.so
	$(Q)install -m 644 cli/library/nettrace.h $(DESTDIR)$(includedir)
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@libdir@|$(libdir)|; s|@includedir@|$(includedir)|; s|@VERSION@|$(VERSION)|' \
		cli/library/nettrace.pc.in >$(DESTDIR)$(libdir)/pkgconfig/nettrace.pc
	$(LDCONFIG)

uninstall:
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(LDCONFIG)

deb: deps-deb
	$(Q)tests/deb $(B)

# What debian/control must name: the compiler, make and the C library are there wherever packages are built.
print-deps:
	@echo $(filter-out gcc make libc6-dev,$(DEPS_BUILD))

lint: deps-lint
	$(Q)tests/lint $(CC)

TOOLS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/tools/*.c)))
$(TOOLS): $(B)/%: $(B)/%.o
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $<

bench: deps-bench
	$(Q)$(MAKE) --no-print-directory all $(TOOLS)
	$(Q)tests/bench $(B)/nettrace-analyze
	$(Q)tests/bench-tls $(B)/nettrace-analyze
	$(Q)tests/lab/bench $(B)

samples: deps-lab
	$(Q)samples/record

clean:
	rm -rf build build-*

-include $(shell find $(B) -name '*.d' 2>/dev/null)
