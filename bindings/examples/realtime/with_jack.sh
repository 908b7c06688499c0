#!/bin/sh
# Runs a program beside a JACK server of its own, whose sound card is a clock and nothing else.
export JACK_DEFAULT_SERVER="remotemedia-$$" JACK_NO_START_SERVER=1

# It does not outlive a program that was killed.
timeout 60 jackd --no-realtime --name "$JACK_DEFAULT_SERVER" -d dummy -r 48000 -p 512 >/dev/null 2>&1 &
server=$!
trap 'kill $server; wait $server' EXIT
jack_wait -s "$JACK_DEFAULT_SERVER" -w -t 20 >/dev/null || exit 1
"$@"
