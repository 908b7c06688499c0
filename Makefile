# The two commands a user needs are `make demo` and `make test`. Everything is built below build/ and runtime/target/.

PYTHON ?= python3
AUDIO ?= bindings/examples/recordings/speech.flac
OUT ?= build/demo
FUZZ_SECONDS ?= 60

VENV := build/venv
BIN := $(abspath $(VENV))/bin
CTEST_BUILD := build/native
# A stamp, so that the package is installed again only when something in it has changed.
SOURCES := $(shell find runtime bindings/python cmake include CMakeLists.txt pyproject.toml -type f -not -path 'runtime/target/*' -not -name '*.pyc')
# The library with fault points, for tests alone.
TESTING := build/testing/libremotemedia.so.0
export PATH := $(BIN):$(PATH)

.PHONY: demo test test-rust test-native test-python check loom bench soak sanitize deep fuzz header baseline fmt clean prerequisites

demo: $(VENV)/installed-demo
	$(BIN)/python bindings/examples/python/speech_segments.py "$(AUDIO)" --out "$(OUT)"

test: check test-rust test-native test-python

# Style and types.
check: $(VENV)/installed-test
	cd runtime && cargo fmt --check
	cd runtime && cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
	$(BIN)/ruff check bindings tests benchmarks
	$(BIN)/ruff format --check bindings tests benchmarks
	$(BIN)/mypy

test-rust: prerequisites
	cd runtime && cargo test --workspace --locked
	$(MAKE) loom

# Models of what synchronises, in every order of their threads; INTERRUPTIONS says how often they are interrupted at
# most, if that is more than the number that a model has itself, which is quick.
loom: prerequisites
	cd runtime && $(if $(INTERRUPTIONS),LOOM_MAX_PREEMPTIONS=$(INTERRUPTIONS)) cargo test --locked -p remotemedia-core --features loom --test loom
	cd runtime && $(if $(INTERRUPTIONS),LOOM_MAX_PREEMPTIONS=$(INTERRUPTIONS)) cargo test --locked -p remotemedia-process -p remotemedia-abi \
		--features remotemedia-process/loom,remotemedia-abi/loom --lib models::

# C and C++ programs.
test-native: $(VENV)/installed-test
	cmake -S . -B $(CTEST_BUILD) -DCMAKE_BUILD_TYPE=Release
	cmake --build $(CTEST_BUILD)
	ctest --test-dir $(CTEST_BUILD) --output-on-failure

# Twice: with the object table, and with plain ctypes trampolines.
test-python: $(VENV)/installed-test $(TESTING)
	$(BIN)/python -m pytest tests
	REMOTEMEDIA_OBJECTS=trampolines $(BIN)/python -m pytest tests/python tests/process -m "not slow"

# Everything that is measured, beside its peers: docs/benchmarks.md. `make bench QUICK=1` for a first look.
bench: $(VENV)/installed-test
	cmake -S . -B build/bench -DCMAKE_BUILD_TYPE=Release -DREMOTEMEDIA_BUILD_BENCHMARKS=ON -DREMOTEMEDIA_BUILD_EXAMPLES=OFF -DREMOTEMEDIA_BUILD_TESTS=OFF
	cmake --build build/bench
	$(BIN)/python -m benchmarks.peers.install
	$(BIN)/python -m benchmarks.run $(if $(QUICK),--quick)

# 1,000 live sessions, each 50 packets a second through three Python nodes, for a minute.
soak: $(VENV)/installed-test
	$(BIN)/python benchmarks/soak.py --sessions 1000 --rate 50 --seconds 60

# The programs in C and C++ under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, then under valgrind.
sanitize: $(VENV)/installed-test
	for preset in asan valgrind; do cmake --preset $$preset && cmake --build --preset $$preset && ctest --preset $$preset || exit; done

# What takes long: sanitizers, models, the same for ten minutes, ten minutes of random sessions in the engine, a million hostile
# calls, 100,000 pipelines, and more of the tests.
deep: $(VENV)/installed-test $(TESTING)
	$(MAKE) sanitize
	$(MAKE) loom INTERRUPTIONS=2
	$(BIN)/python benchmarks/soak.py --sessions 1000 --rate 50 --seconds 600
	cd runtime && STRESS_SECONDS=600 cargo test --release --locked -p remotemedia-core --test stress
	REMOTEMEDIA_DEEP=1 $(BIN)/python -m pytest -rP tests/property tests/process tests/faults

# Looks for bytes that do harm, with libFuzzer and AddressSanitizer: each program for FUZZ_SECONDS. Needs clang.
fuzz: $(VENV)/bin/python
	cmake --preset fuzz
	cmake --build --preset fuzz
	FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/fuzz/run.sh build/fuzz/tests/fuzz

# What is generated: the C header, the ctypes prototypes, the layout tables, the manifest's schema.
header: prerequisites
	cd runtime && cargo run -q -p xtask

# What tests/abi holds later headers to: for a release, once the header is as it should be. Refuses what breaks programs.
baseline:
	$(PYTHON) tests/abi/baseline.py

fmt: $(VENV)/installed-test
	cd runtime && cargo fmt
	$(BIN)/ruff check --fix bindings tests benchmarks
	$(BIN)/ruff format bindings tests benchmarks

clean:
	rm -rf build runtime/target

prerequisites:
	@PYTHON="$(PYTHON)" sh cmake/prerequisites.sh

$(VENV)/bin/python: | prerequisites
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	command -v cmake >/dev/null || $(BIN)/pip install --quiet cmake
	command -v ninja >/dev/null || $(BIN)/pip install --quiet ninja

$(TESTING): $(SOURCES) | prerequisites
	cd runtime && cargo build --locked -p remotemedia-abi --features testing
	mkdir -p $(@D)
	cp runtime/target/debug/libremotemedia.so $@

$(VENV)/installed-%: $(VENV)/bin/python $(SOURCES)
	@echo "Building the library and installing the package (the first time takes some minutes)"
	$(BIN)/pip install --quiet --disable-pip-version-check ".[$*]"
	touch $@
