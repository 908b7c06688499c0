#!/bin/sh
# What a program needs besides the archive is what rustc says: native_libraries.sh RLIB FOLDER_OF_DEPENDENCIES LIBRARIES...
set -eu
rlib=$1 dependencies=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# An archive with nothing of its own, around the library.
said=$(echo 'extern crate remotemedia;' | rustc --edition 2024 --crate-type staticlib --print native-static-libs \
    -L "dependency=$dependencies" --extern "remotemedia=$rlib" -o "$folder/archive.a" - 2>&1)
found=$(echo "$said" | sed -n 's/.*native-static-libs: //p' | sed 's/ *$//')
[ "$found" = "$*" ] || {
    printf 'rustc says:\n%s\ncmake/Cargo.cmake has REMOTEMEDIA_NATIVE_LIBRARIES: %s\n' "$said" "$*" >&2
    exit 1
}
