#!/bin/sh
# Builds and runs the consumers with what pkg-config says: pkg_config.sh PREFIX shared|static VERSION. CC and CXX are the
# compilers.
set -eu
prefix=$1 variant=$2 version=$3
sources=$(dirname "$0")
if ! command -v pkg-config >/dev/null; then
    echo "pkg-config is missing; install: apt-get install pkg-config"
    exit 77
fi

# Nothing but what is below the prefix.
PKG_CONFIG_LIBDIR=$(dirname "$(find "$prefix" -name remotemedia.pc)")
export PKG_CONFIG_LIBDIR
libraries=$(pkg-config --variable=libdir remotemedia)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}

[ "$(pkg-config --modversion remotemedia)" = "$version" ] || fail "remotemedia.pc is of another version"
if [ "$variant" = static ]; then
    link=$(pkg-config --static --libs remotemedia | sed 's/-lremotemedia/-l:libremotemedia.a/')
    needed=
else
    link="$(pkg-config --libs remotemedia) -Wl,-rpath,$libraries"
    needed=libremotemedia.so.0
fi

for source in consumer.c consumer.cpp; do
    compiler=$CC
    [ $source = consumer.c ] || compiler=$CXX
    # The flags are words of their own.
    # shellcheck disable=SC2046,SC2086
    $compiler "$sources/$source" -o "$folder/consumer" $(pkg-config --cflags remotemedia) $link
    said=$("$folder/consumer")
    [ "$said" = "$version {\"operands\":[6,7],\"operation\":\"multiply\",\"result\":42.0}" ] || fail "$source says '$said'"
    found=$(readelf --dynamic "$folder/consumer" | sed -n 's/.*NEEDED.*\[\(libremotemedia.*\)\]/\1/p')
    [ "$found" = "$needed" ] || fail "$source needs '$found', not '$needed'"
done
