#!/bin/sh
# SPDX-License-Identifier: MIT
# What is too long for every change: more random programs, and fuzzing for longer.
# usage: sh tests/long.sh
#   OST_RANDOM_PROGRAMS  on each backend; default 100000
#   OST_RANDOM_WAYS      on which of them: sqlite_memory,sqlite_file,postgres,pgbouncer,mariadb
#   OST_FUZZ_SECONDS     for each target; default 1800
#   OST_BUILD_DIR        where to build; default: build
set -u
cd "$(dirname "$0")/.." || exit 1
build=${OST_BUILD_DIR:-build}
export OST_RANDOM_PROGRAMS="${OST_RANDOM_PROGRAMS:-100000}"
export OST_FUZZ_SECONDS="${OST_FUZZ_SECONDS:-1800}"
status=0

cmake --preset release -B "$build/release" && cmake --build "$build/release" -j 2 || exit 1
trap 'python3 tests/services/services.py stop --folder "$build/services"' EXIT
trap 'exit 130' INT TERM
python3 tests/services/services.py start --folder "$build/services" || exit 1
set -a
# shellcheck disable=SC1091 # the file is made here
. "$build/services/env"
set +a
ctest --test-dir "$build/release" -L '^conformance$' -j 2 --timeout 86400 --output-on-failure ||
    status=1

cmake --preset fuzz -B "$build/fuzz" && cmake --build "$build/fuzz" -j 2 || exit 1
sh tests/fuzz/run.sh "$build/fuzz" "$OST_FUZZ_SECONDS" 65536 || status=1
exit $status
