#!/bin/sh
# The library's file may not grow unnoticed: size.sh FILE LIMIT, in KiB.
set -eu
size=$(($(stat -L -c %s "$1") / 1024))
echo "$1 has $size KiB of at most $2"
[ "$size" -le "$2" ] || {
    echo "Has a dependency come with more than is used of it? 'nm --size-sort --demangle' of the library before it is stripped" >&2
    echo "shows what is large. If it is worth it, raise the limit in tests/package/CMakeLists.txt and the size in docs/abi.md." >&2
    exit 1
}
