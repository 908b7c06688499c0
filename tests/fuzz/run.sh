#!/bin/sh
# Runs each fuzzing program for FUZZ_SECONDS (60) from the corpus that is kept: `run.sh FOLDER_OF_PROGRAMS [NAME…]`.
# What is new stays in FOLDER/corpus, what does harm in FOLDER/found: `FOLDER/fuzz_NAME FILE` shows it again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
[ $# -gt 0 ] || set -- audio channel manifest packet script
harm=0
for name in "$@"; do
    mkdir -p "$folder/corpus/$name" "$folder/found"
    echo "fuzz_$name, ${FUZZ_SECONDS:-60} s"
    "$folder/fuzz_$name" "$folder/corpus/$name" "$here/corpus/$name" -max_total_time="${FUZZ_SECONDS:-60}" \
        -max_len=16384 -timeout=60 -rss_limit_mb=4096 -artifact_prefix="$folder/found/$name-" -print_final_stats=1 \
        >"$folder/$name.log" 2>&1 || harm=1
    grep -E "cov: " "$folder/$name.log" | tail -n 1
    grep -E "^stat::number_of_executed|ERROR|SUMMARY|last error|Test unit written" "$folder/$name.log" || true
done
exit $harm
