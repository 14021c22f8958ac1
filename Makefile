# Samenloop. `make help` lists what can be made.
#
#   make SANITIZE=address,undefined   builds with sanitizers, into a folder of its own
#   make CC=clang                     builds with another compiler, into a folder of its own

CC = gcc
SANITIZE =
COVERAGE =
PREFIX = /usr/local
DESTDIR =

comma := ,
BUILD := build/$(notdir $(CC))$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))$(if $(COVERAGE),-coverage)
GEN := build/gen
PACKAGES := libzmq libczmq libprotobuf-c libcrypto libmicrohttpd jansson libsystemd

CFLAGS = $(if $(COVERAGE),-O0 --coverage,-O2) -g
# clang 14 knows two levels only.
FORTIFY := $(if $(findstring clang,$(CC)),2,3)
WARNINGS := $(if $(COVERAGE),-w,-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
FLAGS := -std=c17 -D_GNU_SOURCE -I. -I$(GEN) -MMD -MP -fstack-protector-strong \
         -fstack-clash-protection -pthread $(if $(SANITIZE)$(COVERAGE),,-D_FORTIFY_SOURCE=$(FORTIFY)) \
         $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
LINK := -pthread -Wl,--build-id=sha1 -Wl,-z,relro,-z,now $(if $(COVERAGE),--coverage) $(if $(SANITIZE),-fsanitize=$(SANITIZE))

PROTOS := $(wildcard schemas/samenloop/v1/*.proto)
PB_C := $(PROTOS:schemas/%.proto=$(GEN)/%.pb-c.c)
PB_H := $(PB_C:.c=.h)
GRAMMAR := $(GEN)/router/language/parser.c $(GEN)/router/language/lexer.c
GENERATED := $(PB_C) $(if $(wildcard router/language/grammar.y),$(GRAMMAR))

SCHEMAS := $(wildcard schemas/*.c schemas/log/*.c)
CORE := $(wildcard router/language/*.c router/core/*.c)
ROUTER := $(wildcard router/*.c)
ADAPTER := $(filter-out adapters/main.c,$(wildcard adapters/*.c adapters/edges/*.c))
TOOL := $(wildcard router/tool/*.c)
UNITS := $(wildcard tests/unit/*.c)
BENCHES := $(wildcard tests/bench/*.c)
FUZZERS := $(wildcard tests/fuzz/*.c)
PEERS := $(wildcard tests/interop/*.c)
SHIMS := $(wildcard tests/e2e/*.c)

object = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBRARY := $(call object,$(SCHEMAS) $(CORE) $(ADAPTER) $(filter-out router/main.c,$(ROUTER)) \
           $(filter-out router/tool/main.c,$(TOOL)) $(GENERATED))
PROGRAMS := $(if $(wildcard router/main.c),$(BUILD)/samenloop-router) \
            $(if $(wildcard adapters/main.c),$(BUILD)/samenloop-adapter) \
            $(if $(TOOL),$(BUILD)/samenloop)
UNIT_TESTS := $(UNITS:%.c=$(BUILD)/%)
BENCH_PROGRAMS := $(BENCHES:%.c=$(BUILD)/%)
FUZZ_PROGRAMS := $(FUZZERS:%.c=$(BUILD)/%)
PEER_PROGRAMS := $(PEERS:%.c=$(BUILD)/%)
PRELOADED := $(SHIMS:%.c=$(BUILD)/%.so)

# pkg-config knows the libraries only once they are installed.
PC_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PC_LIBS = $(shell pkg-config --libs $(PACKAGES))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help all programs demo test ci quick unit interop replay report e2e chaos backlog soak fuzz bench coverage check format install clean dependencies

help:
	@echo 'make demo          installs what is missing, builds, and runs a small day of both organisations'
	@echo 'make test          installs what is missing, builds, and runs all tests'
	@echo 'make programs      builds $(notdir $(PROGRAMS)) in $(BUILD)'
	@echo 'make quick         builds, and runs the tests that need no process of their own: under a minute'
	@echo 'make unit | interop | replay | report | e2e   builds and runs one kind of tests'
	@echo 'make chaos         50 rounds of kills, frozen processes and network cuts under 10,000 events (SEED=N)'
	@echo 'make simulate DAYS=5000   router and adapters in a simulated world: so many bad days, from seed SEED on'
	@echo 'make backlog       five million events that wait for a receiver: memory, start and order (some 20 GB, half an hour)'
	@echo 'make fuzz SECONDS=60   feeds every reader of bytes from outside with anything, for so long each'
	@echo 'make soak          traffic that settles, for MINUTES (10): what each process has in memory, and that it does not grow'
	@echo 'make bench         measures events a second and latency, with the limits of the machine beside it'
	@echo 'make coverage      lines and branches that unit and replay tests reach, by folder'
	@echo 'make check         clang-format, clang-tidy, cppcheck, and a build with clang'
	@echo 'make ci            test and check together, as continuous integration does: the slowest analyser reads what changed'
	@echo 'make install       installs programs, library and manual pages (DESTDIR=$(DESTDIR) PREFIX=$(PREFIX))'
	@echo 'make clean         removes build/'

all programs: $(PROGRAMS)

dependencies:
	@deploy/install-dependencies

demo: dependencies
	@$(MAKE) --no-print-directory programs
	@BUILD=$(BUILD) deploy/demo

test: dependencies
	@$(MAKE) --no-print-directory programs tests-built
	@$(FUZZING) fuzz-built
	@BUILD=$(BUILD) tests/run $(KINDS)

# What continuous integration runs: the checks beside the tests, which mostly wait. The analyser that follows paths would
# take four minutes of a processor by itself: here it reads what the last commit changed, `make check` lets it read all.
ci:
	@$(MAKE) --no-print-directory test KINDS='unit interop replay report e2e fuzz check' TIDY='--checks=-clang-analyzer-*' \
	    CHANGED="$$(git diff --name-only HEAD~1 -- '*.c' 2>/dev/null)"

.PHONY: tests-built
# The fuzzers are only compiled here, so that a change of what they call is seen at once.
tests-built: $(UNIT_TESTS) $(BENCH_PROGRAMS) $(PEER_PROGRAMS) $(PRELOADED) $(call object,$(FUZZERS))

quick: dependencies
	@$(MAKE) --no-print-directory programs tests-built
	@BUILD=$(BUILD) tests/run unit interop replay report

unit interop replay report e2e: dependencies
	@$(MAKE) --no-print-directory programs tests-built
	@BUILD=$(BUILD) tests/run $@

chaos: dependencies
	@$(MAKE) --no-print-directory programs
	@BUILD=$(BUILD) /usr/bin/python3 tests/e2e/test_kill.py --events 10000 --rounds 50 $(if $(SEED),--seed $(SEED))

DAYS = 5000
SEED =

.PHONY: simulate
simulate: dependencies
	@$(MAKE) --no-print-directory $(BUILD)/tests/unit/simulation
	@DAYS=$(DAYS) SEED=$(or $(SEED),1) $(BUILD)/tests/unit/simulation

EVENTS = 5000000

backlog: dependencies
	@$(MAKE) --no-print-directory programs tests-built
	@BUILD=$(BUILD) /usr/bin/python3 tests/e2e/test_backlog.py --events $(EVENTS)

MINUTES = 10

soak: dependencies
	@$(MAKE) --no-print-directory programs
	@BUILD=$(BUILD) /usr/bin/python3 tests/e2e/test_soak.py --minutes $(MINUTES)

# With clang, libFuzzer and sanitizers, in a folder of its own.
FUZZING = $(MAKE) --no-print-directory CC=clang SANITIZE=fuzzer-no-link,address,undefined
SECONDS = 60

fuzz: dependencies
	@$(FUZZING) fuzz-run

.PHONY: fuzz-run fuzz-built
fuzz-built: $(FUZZ_PROGRAMS)

fuzz-run: fuzz-built
	@FUZZ_BUILD=$(BUILD) tests/fuzz/run $(SECONDS) $(ONLY)

# Unit and replay tests in a folder of their own, without optimisation. What stands around the machines, and is run
# by the end-to-end tests alone, is not counted. A function that ends the process, and an assert, has no other branch.
coverage: dependencies
	@$(MAKE) --no-print-directory COVERAGE=1 coverage-run

WORLD := router/main.c router/shell.c
COUNT = gcovr --root . --exclude-throw-branches --exclude-lines-by-pattern '.*assert\(.*'
MEASURED := schemas router/core router/language router adapters

.PHONY: coverage-run
coverage-run: programs $(UNIT_TESTS)
	@find $(BUILD) -name '*.gcda' -delete
	@BUILD=$(BUILD) tests/run unit replay
	@$(COUNT) --exclude 'build/' --exclude 'tests/' $(WORLD:%=--exclude '%') --json $(BUILD)/coverage.json $(BUILD)
	@for part in $(MEASURED); do echo "$$part:"; $(COUNT) --add-tracefile $(BUILD)/coverage.json \
	    --filter "$$part/[a-z_]*\.c" --txt $(BUILD)/coverage-$$(echo $$part | tr / -).txt --print-summary | grep -E '^(lines|branches)'; done
	@echo 'by file: $(BUILD)/coverage-*.txt'

bench: dependencies
	@$(MAKE) --no-print-directory programs tests-built
	@BUILD=$(BUILD) tests/bench/run

# ---------------------------------------------------------------- generated code

$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h: schemas/%.proto
	@mkdir -p $(GEN)
	@protoc-c --proto_path=schemas --c_out=$(GEN) $<

$(GEN)/router/language/parser.c $(GEN)/router/language/parser.h &: router/language/grammar.y
	@mkdir -p $(@D)
	@bison -Wall -Werror --output=$(GEN)/router/language/parser.c --header=$(GEN)/router/language/parser.h $<

$(GEN)/router/language/lexer.c $(GEN)/router/language/lexer.h &: router/language/lexer.l
	@mkdir -p $(@D)
	@flex --outfile=$(GEN)/router/language/lexer.c --header-file=$(GEN)/router/language/lexer.h $<

GENERATED_HEADERS := $(PB_H) $(if $(wildcard router/language/grammar.y),$(GEN)/router/language/parser.h $(GEN)/router/language/lexer.h)

# ---------------------------------------------------------------- objects and programs

$(BUILD)/%.o: %.c | $(GENERATED_HEADERS)
	@mkdir -p $(@D)
	@echo '  CC $<'
	@$(CC) $(FLAGS) $(if $(filter $(GEN)/%,$<),-w,$(WARNINGS)) $(CFLAGS) $(PC_CFLAGS) -c -o $@ $<

$(BUILD)/libsamenloop.a: $(LIBRARY)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/samenloop-router: $(BUILD)/router/main.o $(BUILD)/libsamenloop.a
$(BUILD)/samenloop-adapter: $(BUILD)/adapters/main.o $(BUILD)/libsamenloop.a
$(BUILD)/samenloop: $(BUILD)/router/tool/main.o $(BUILD)/libsamenloop.a
$(PROGRAMS):
	@$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PC_LIBS)

$(UNIT_TESTS): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libsamenloop.a
	@$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PC_LIBS) -lcmocka

$(BENCH_PROGRAMS) $(PEER_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libsamenloop.a
	@$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(PC_LIBS)

# Without sanitizers: what is preloaded comes before their runtime.
$(PRELOADED): $(BUILD)/%.so: %.c tests/e2e/next.h
	@mkdir -p $(@D)
	@echo '  CC $<'
	@$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -I. -fPIC -shared -o $@ $< -ldl

$(BUILD)/libfuzzed.a: $(call object,$(SCHEMAS) $(wildcard router/language/*.c) router/core/calendar.c $(GENERATED))
	@rm -f $@
	@ar rcs $@ $^

$(FUZZ_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libfuzzed.a
	@$(CC) $(LINK) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(PC_LIBS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---------------------------------------------------------------- care

OWN_C = $(SCHEMAS) $(CORE) $(ROUTER) $(ADAPTER) $(wildcard adapters/main.c) $(TOOL) $(UNITS) $(BENCHES) $(PEERS) $(FUZZERS) $(SHIMS)
OWN_H = $(wildcard schemas/*.h schemas/*/*.h router/*.h router/*/*.h adapters/*.h adapters/*/*.h tests/*/*.h)

check: dependencies
	@$(MAKE) --no-print-directory check-built
	@BUILD=$(BUILD) tests/run check

# The parts of it, which tests/run runs side by side.
.PHONY: check-built check-format check-cppcheck check-clang
check-built: $(GENERATED_HEADERS)

check-format:
	@clang-format --dry-run --Werror $(OWN_C) $(OWN_H)

# An internalAstError is none of ours: cppcheck 2.10 cannot read `? (struct x){...} :`, and passes that file by.
check-cppcheck:
	@cppcheck --quiet --error-exitcode=1 --enable=warning,portability,performance --std=c11 \
	    --suppress=internalAstError \
	    -D_GNU_SOURCE -I. --include=tests/cppcheck.h $(filter-out tests/unit/%,$(OWN_C))

check-clang:
	@$(MAKE) --no-print-directory CC=clang programs

.PHONY: $(OWN_C:%=tidy/%)
$(OWN_C:%=tidy/%): tidy/%: | $(GENERATED_HEADERS)
	@clang-tidy --quiet $(if $(filter $*,$(CHANGED)),,$(TIDY)) $* -- -std=c17 -D_GNU_SOURCE -I. -I$(GEN) $(PC_CFLAGS) 2>/dev/null

format:
	@clang-format -i $(OWN_C) $(OWN_H)

# What others link: the adapter's library with the contract, and nothing of the router or the edges.
$(BUILD)/installed/libsamenloop.a: $(call object,$(SCHEMAS) $(filter-out adapters/edges/%,$(ADAPTER)) $(PB_C))
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

VERSION = $(shell sed -n 's/^.define SL_VERSION "\(.*\)"/\1/p' schemas/version.h)
TO := $(DESTDIR)$(PREFIX)

install: programs $(BUILD)/installed/libsamenloop.a
	install -d $(TO)/bin $(TO)/include $(TO)/lib/pkgconfig $(TO)/share/samenloop
	install -m 755 $(PROGRAMS) $(TO)/bin
	install -m 644 adapters/samenloop.h $(TO)/include
	install -m 644 $(BUILD)/installed/libsamenloop.a $(TO)/lib
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' deploy/samenloop.pc.in >$(TO)/lib/pkgconfig/samenloop.pc
	install -m 644 router/agreement.rules deploy/example/* $(TO)/share/samenloop
	for page in deploy/man/*.[1-9]; do install -D -m 644 $$page $(TO)/share/man/man$${page##*.}/$${page##*/} || exit 1; done

clean:
	rm -rf build
