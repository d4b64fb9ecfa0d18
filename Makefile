# sstools: GNU make, no recursion, no detection that prints
PREFIX  = /usr/local
MANDIR  = $(PREFIX)/share/man
DESTDIR =
BUILD   = build
CC      = cc
CFLAGS  = -O2 -g
BLAS    = openblas
PYTHON  = /usr/bin/python3
VERSION = $(shell sed -n 's/^.define SS_VERSION "\(.*\)"$$/\1/p' tools/tool.h)

# What README.md and .ci/run install on Debian 12; a test holds the three lists to each other.
DEBIAN_PACKAGES = gcc libc6-dev make libopenblas-dev libpng-dev libjpeg-dev zlib1g-dev libjansson-dev \
	libarchive-dev libcmocka-dev mandoc perl python3 python3-numpy

OURS    = -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -I. -Ilib -Iformats -Itools -pthread -MMD -MP
ifdef DEV
OURS   += -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual
endif
ifdef SAN
OURS   += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDSAN   = -fsanitize=$(SAN)
endif
ifeq ($(BLAS),openblas)
OURS   += -DSS_OPENBLAS
LDBLAS  = -lopenblas
endif
# An overrun ends the program instead of going on in it: checked copies, guarded stacks, addresses that differ from run to run.
OURS   += -fstack-protector-strong -fPIE
ifndef SAN
OURS   += $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif
LDHARD  = -pie -Wl,-z,relro,-z,now
# Reproducible in any folder, and a tool is linked only with the libraries that it uses.
OURS   += -ffile-prefix-map=$(CURDIR)=.
LIBS    = -Wl,--as-needed $(LDBLAS) -lpng -ljpeg -lz -ljansson -larchive -lm -pthread

LIBSRC  = $(wildcard lib/*/*.c formats/*.c)
HELPSRC = $(filter-out $(wildcard tools/ss-*.c),$(wildcard tools/*.c))
TOOLSRC = $(wildcard tools/ss-*.c)
BENCHSRC = $(wildcard tests/bench/bench_*.c)
UNITSRC = $(wildcard tests/unit/test_*.c tests/kern/test_*.c)
LIBOBJ  = $(LIBSRC:%.c=$(BUILD)/%.o)
HELPOBJ = $(HELPSRC:%.c=$(BUILD)/%.o)
TOOLS   = $(TOOLSRC:tools/%.c=$(BUILD)/bin/%)
UNITS   = $(UNITSRC:%.c=$(BUILD)/%)
BENCHES = $(BENCHSRC:%.c=$(BUILD)/%)
FUZZSRC = $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS = $(FUZZSRC:tests/%.c=$(BUILD)/%)
REPLAYS = $(FUZZSRC:tests/fuzz/fuzz_%.c=$(BUILD)/tests/fuzz/replay_%)
GENSRC  = $(wildcard tests/cli/*.c)
GENS    = $(GENSRC:%.c=$(BUILD)/%)

all: $(TOOLS)

FLAGS_tool = -DSS_BUILD_FLAGS='"$(subst ",\",$(strip $(filter-out -f%-prefix-map=%,$(CFLAGS)) $(SAN:%=-fsanitize=%)))"'

# Kernels are compiled once per vector width; nothing else may assume the CPU of the build machine.
include lib/kern/flags.mk lib/image/flags.mk

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) $(FLAGS_$(notdir $*)) -c -o $@ $<

$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS)' >$@

$(BUILD)/libss.a: $(LIBOBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libtools.a: $(HELPOBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/ss-%: $(BUILD)/tools/ss-%.o $(BUILD)/libtools.a $(BUILD)/libss.a
	@mkdir -p $(@D)
	$(CC) $(LDSAN) $(LDHARD) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libss.a
	$(CC) $(LDSAN) $(LDHARD) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/tests/cli/%: $(BUILD)/tests/cli/%.o $(BUILD)/libtools.a $(BUILD)/libss.a
	$(CC) $(LDSAN) $(LDHARD) $(LDFLAGS) -o $@ $^ $(LIBS)

# Unit tests print cmocka's counts, command-line tests those of prove.
PROVE = BIN=$(abspath $(BUILD)/bin) GEN=$(abspath $(BUILD)/tests/cli/gen) TOP=$(CURDIR) \
	PYTHON=$(PYTHON) CC="$(CC) $(LDSAN)" prove
tests: all $(UNITS) $(GENS) $(REPLAYS)
check: tests
	@for t in $(UNITS); do $$t || exit 1; done
	$(PROVE) -j2 tests/cli tests/pipelines tests/faults tests/fuzz tests/versions

# What takes longer: other compilers, other flags, sanitizers, PyTorch.
check-long: check check-torch
	$(PROVE) -v tests/long

# Faults of all kinds, injected and counted: minutes. A part of them is in `make check`.
check-faults: tests
	@BIN=$(abspath $(BUILD)/bin) CC="$(CC)" $(PYTHON) -B tests/faults/run.py

# Against PyTorch, live; skips and says so where python3-torch is not installed.
check-torch: all
	BIN=$(abspath $(BUILD)/bin) PYTHONDONTWRITEBYTECODE=1 prove --exec $(PYTHON) tests/torch/check.py \
	    tests/torch/check_augment.py tests/torch/check_model.py tests/torch/check_photos.py \
	    tests/torch/check_views.py tests/torch/check_probe.py

# Parsers against libFuzzer, FUZZTIME seconds each; then how much of the code the corpus reaches. Both need clang.
FUZZTIME = 60
FUZZED  = $(wildcard formats/*.c lib/base/*.c lib/nn/head.c) $(filter $(BUILD)/lib/image/%,$(LIBOBJ))
CC_fuzz = clang -g -O1 $(filter-out -D_FORTIFY_SOURCE%,$(filter -std% -D% -I%,$(OURS))) -o $@ $(filter %.c %.o,$^) $(LIBS)
$(BUILD)/fuzz/fuzz_options $(BUILD)/fuzz/reach_options: tools/arguments.c
$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZED)
	@mkdir -p $(@D)
	$(CC_fuzz) -fsanitize=fuzzer,address,undefined
$(BUILD)/fuzz/reach_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(FUZZED)
	@mkdir -p $(@D)
	$(CC_fuzz) -fprofile-instr-generate -fcoverage-mapping

$(BUILD)/fuzz/seeds: tests/fuzz/seeds.py $(GENS)
	@rm -rf $@
	$(PYTHON) -B $< $@ $(BUILD)/tests/cli/gen

fuzz: $(FUZZERS) $(BUILD)/fuzz/seeds
	for f in $(FUZZERS); do mkdir -p $$f.corpus && $$f -max_total_time=$(FUZZTIME) -rss_limit_mb=256 -timeout=10 -max_len=65536 \
		-print_final_stats=1 $$f.corpus $(BUILD)/fuzz/seeds/$${f##*fuzz_} || exit 1; done

fuzz-reach: $(FUZZERS:$(BUILD)/fuzz/fuzz_%=$(BUILD)/fuzz/reach_%)
	@tests/fuzz/reach $(BUILD)/fuzz

# The targets with files that are kept, or made by tests/fuzz/seeds.py, in the place of libFuzzer.
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libtools.a $(BUILD)/libss.a
	$(CC) $(LDSAN) $(LDHARD) $(LDFLAGS) -o $@ $^ $(LIBS)

# Manual pages, shell scripts, and C through gcc -fanalyzer, clang-tidy and cppcheck; all of them are in Debian.
lint: lint-man lint-shell lint-gcc lint-clang lint-cppcheck
ifneq ($(filter lint%,$(MAKECMDGOALS)),)
include tests/lint/lint.mk
endif

# Draws pictures, learns from them for minutes, shows what was learnt; stopped and called again, it goes on.
demo: all
	@$(MAKE) --no-print-directory -f pipelines/demo/Makefile OUT=demo-out

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7
	install -m 755 $(TOOLS) $(DESTDIR)$(PREFIX)/bin
	for s in 1 5 7; do install -m 644 man/*.$$s $(DESTDIR)$(MANDIR)/man$$s || exit 1; done

uninstall:
	rm -f $(TOOLS:$(BUILD)/bin/%=$(DESTDIR)$(PREFIX)/bin/%)
	cd man && for p in *.[157]; do rm -f "$(DESTDIR)$(MANDIR)/man$${p##*.}/$$p"; done

# The same commit gives the same bytes.
dist:
	git archive --format=tar --prefix=sstools-$(VERSION)/ HEAD | gzip -n >sstools-$(VERSION).tar.gz

# bench-NAME: one of the scripts in tests/bench, or bench-conv and bench-norm: kernels as fractions
# of what the core can do. Rivals are what $(PYTHON) can import.
FLAGS_bench_kern = $(KERNEL)
BENCHMARKS = start stream augment augment-224 knn linprobe embed threads step
bench: bench-conv bench-norm $(BENCHMARKS:%=bench-%)
bench-conv bench-norm: $(BENCHES)
	$(BUILD)/tests/bench/bench_kern $(@:bench-%=%)
$(BENCHMARKS:%=bench-%): bench-%: tests/bench/%.sh $(BENCHES) all
	@BIN=$(abspath $(BUILD)/bin) BENCH=$(abspath $(BUILD)/tests/bench) PYTHON=$(PYTHON) $<

clean:
	rm -rf $(BUILD)

FORCE:
.PHONY: all tests check check-faults check-long check-torch bench bench-conv bench-norm $(BENCHMARKS:%=bench-%) fuzz fuzz-reach lint demo install uninstall dist clean FORCE
.SECONDARY:
-include $(LIBOBJ:.o=.d) $(HELPOBJ:.o=.d) $(TOOLSRC:%.c=$(BUILD)/%.d) $(UNITSRC:%.c=$(BUILD)/%.d) $(GENSRC:%.c=$(BUILD)/%.d) \
	$(BENCHSRC:%.c=$(BUILD)/%.d) $(FUZZSRC:%.c=$(BUILD)/%.d)
