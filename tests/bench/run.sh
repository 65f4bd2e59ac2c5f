#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures Ostler against raw C on the same machine in the same minute; see bench.py --help.
#   sh tests/bench/run.sh [--backend sqlite|postgres|mysql|mongodb] [--only NAME] [--quick]
#                         [--plot FILE.svg] [--strict]
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build/bench
log=$build.log

# The release build with line numbers beside it: they tell whose instruction one is.
mkdir -p "$top/build"
if ! { (cd "$top" && cmake --preset release -B "$build" -DCMAKE_C_FLAGS=-g \
        -DOSTLER_TESTS=OFF -DOSTLER_EXAMPLES=OFF) &&
       cmake --build "$build" --target bench -j 2; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "bench: the build failed; all of it is in $log" >&2
    exit 1
fi

# A server for each backend that needs one, unless its URL is given.
servers=
case " $* " in *"--backend postgres "*) servers="$servers postgres" ;; esac
case " $* " in *"--backend mysql "*) servers="$servers mariadb" ;; esac
case " $* " in *"--backend mongodb "*) servers="$servers mongodb" ;; esac
if [ -n "$servers" ]; then
    folder=$(mktemp -d)
    services=$top/tests/services/services.py
    trap 'python3 "$services" stop --folder "$folder" >&2; rm -rf "$folder"' EXIT
    # shellcheck disable=SC2086 # the servers are words
    python3 "$services" start --folder "$folder" $servers >&2
    set -a
    # shellcheck source=/dev/null
    . "$folder/env"
    set +a
fi
python3 "$top/tests/bench/bench.py" --program "$build/tests/bench" "$@"
