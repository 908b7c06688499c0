#!/bin/sh
# Names what is missing or too old for a build, with the command that installs it. PYTHON chooses the interpreter.
status=0

missing() {
    printf '%s\n    install: %s\n' "$1" "$2" >&2
    status=1
}

# version_at_least FOUND WANTED, both dotted numbers
version_at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

rust=$(rustc --version 2>/dev/null | cut -d ' ' -f 2)
if [ -z "$rust" ]; then
    missing "Rust is missing (1.87 or newer is needed)" "rustup toolchain install stable   (https://rustup.rs)"
elif ! version_at_least "$rust" 1.87.0; then
    missing "Rust $rust is too old (1.87 or newer is needed)" "rustup update stable"
fi
command -v cargo >/dev/null || missing "cargo is missing" "rustup toolchain install stable"

python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
    missing "Python is missing (3.11 or newer is needed)" "apt-get install python3 python3-venv"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    missing "$("$python" --version) is too old (3.11 or newer is needed)" "apt-get install python3.11, then make PYTHON=python3.11"
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    missing "Python's venv module is missing" "apt-get install python3-venv"
fi

command -v cc >/dev/null || missing "a C compiler is missing" "apt-get install build-essential"
command -v c++ >/dev/null || missing "a C++ compiler is missing" "apt-get install build-essential"
exit $status
