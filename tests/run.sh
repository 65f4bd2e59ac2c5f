#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, starts the database servers that the tests need, builds and runs every
# test, stops the servers, and closes with one summary line.
# usage: sh tests/run.sh [--quick]
#   --quick             the dev build, the unit tests and the checks on the tree; no servers
#   OST_BUILD_DIR       where to build; default: build
#   OST_RANDOM_PROGRAMS how many random programs the conformance suite runs; default: its own
#                       number in the dev build, 1000 in the others
#   OST_TEST_POSTGRES_URL, OST_TEST_MYSQL_URL, OST_TEST_PGBOUNCER_URL, OST_TEST_MONGODB_URL
#                       servers to use instead of those that this starts
set -u
cd "$(dirname "$0")/.." || exit 1

quick=
case "${1:-}" in
"") ;;
--quick) quick=yes ;;
*)
    sed -n '3,12s/^# //p' "$0" >&2
    exit 2
    ;;
esac

build=${OST_BUILD_DIR:-build}
logs=$build/logs
mkdir -p "$logs" || exit 1
passed=0 failed=0 began=$(date +%s)

packages="gcc g++ libc6-dev cmake ninja-build pkg-config ccache git python3
    clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev llvm-14 doxygen
    libcmocka-dev libsqlite3-dev libutf8proc-dev libpcre2-dev libsodium-dev libjansson-dev sqlite3
    iso-codes valgrind
    libpq-dev libmariadb-dev libmongoc-dev libbson-dev openssl"
# MongoDB's server comes through pip, see tests/services/mongo.py.
server_packages="postgresql mariadb-server pgbouncer python3-pip libcurl4"

# Installs the packages that dpkg does not know as installed, and no others.
install_missing() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    missing=
    for package in $packages; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || {
            echo "these packages are missing, and there is no sudo to install them:$missing" >&2
            return 1
        }
        as_root=sudo
    fi
    echo "installing:$missing"
    # shellcheck disable=SC2086 # the packages are words
    $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $missing
}

# count <log> <status>: adds what a log says to the sums. A script closes with "N passed, N failed",
# ctest says how many of how many; anything else is one check, by its status.
count() {
    counts=$(sed -n -e 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
        -e 's/^[0-9]*% tests passed, \([0-9]*\) tests* failed out of \([0-9]*\)$/\2 \1 ctest/p' \
        "$1" | tail -n 1)
    # shellcheck disable=SC2086 # the counts are words
    set -- "$1" "$2" $counts
    if [ $# -lt 4 ]; then
        stage_passed=1 stage_failed=0
        [ "$2" -eq 0 ] || stage_passed=0 stage_failed=1
    else
        stage_passed=$3 stage_failed=$4
        [ $# -eq 4 ] || stage_passed=$(($3 - $4))
        [ "$2" -eq 0 ] || [ "$stage_failed" -gt 0 ] || stage_failed=1
    fi
    passed=$((passed + stage_passed))
    failed=$((failed + stage_failed))
}

# stage <name> <command>...: runs a command into a log of its name; the tail is shown if it failed.
stage() {
    stage_name=$1
    shift
    log=$logs/$(echo "$stage_name" | tr ' ' '-').log
    start=$(date +%s)
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    count "$log" "$status"
    printf '%-22s %5d s  %4d passed, %d failed\n' \
        "$stage_name" $(($(date +%s) - start)) "$stage_passed" "$stage_failed"
    if [ "$stage_failed" -gt 0 ]; then
        grep -v '^[0-9]* passed, [0-9]* failed$' "$log" | tail -n 60 | sed 's/^/    | /'
        echo "    | ($log)"
    fi
}

# make_build <preset> [option]...
make_build() {
    preset=$1
    shift
    cmake --preset "$preset" -B "$build/$preset" "$@" &&
        cmake --build "$build/$preset" -j 2 -- -k 0 --quiet
}

# run_ctest <preset> [option]...: sanitizers of clang 14 need addresses that are not too random.
# Most tests count for two of the four (PROCESSORS).
run_ctest() (
    preset=$1
    shift
    [ "$preset" = dev ] || export OST_RANDOM_PROGRAMS="${OST_RANDOM_PROGRAMS:-1000}"
    fixed=
    setarch -R true 2>/dev/null && fixed='setarch -R'
    $fixed ctest --test-dir "$build/$preset" --output-on-failure --no-tests=error -j 4 "$@"
)

run_doxygen() {
    mkdir -p "$build/doxygen" && OST_DOXYGEN_OUTPUT=$build/doxygen doxygen docs/Doxyfile
}

# It repeats each of its commands, among which a finding drowns: they are kept apart.
run_clang_tidy() {
    run-clang-tidy-14 -p "$build/clang" -j 2 -quiet "$PWD/(src|drivers)/" \
        >"$logs/clang-tidy.all" 2>&1
    tidy=$?
    grep -v '^clang-tidy-14 ' "$logs/clang-tidy.all"
    return $tidy
}

has_sources() {
    [ -n "$(find "$1" -name '*.c' 2>/dev/null)" ]
}

# Servers in a folder of this run's own; those that an earlier one left there are stopped first.
# What comes with the packages of servers is never used.
start_servers() {
    python3 tests/services/services.py stop --folder "$build/services" &&
        python3 tests/services/services.py start --folder "$build/services" || return 1
    set -a
    # shellcheck disable=SC1091 # the file is made here
    . "$build/services/env"
    set +a
}

# Keeps what they logged.
stop_servers() {
    [ -d "$build/services" ] || return 0
    cp "$build/services"/*.log "$logs/"
    python3 tests/services/services.py stop --folder "$build/services"
}

# That the benchmark runs; its bars are judged by tests/bench/run.sh --strict.
run_bench() {
    python3 tests/bench/bench.py --program "$build/release/tests/bench" --quick
}

# The commands of the examples, what the atlas says against its data, and what the blog leaves.
run_examples() {
    sh examples/run.sh --with postgres,mysql,mongodb --json >"$logs/atlas.json" || return 1
    python3 tests/examples/run.py build/release/examples build/atlas-data
}

run_fuzz() {
    make_build fuzz && sh tests/fuzz/run.sh "$build/fuzz" "${OST_FUZZ_SECONDS:-5}" 4096
}

[ -n "$quick" ] || packages="$packages $server_packages"
stage "packages" install_missing
stage "build dev" make_build dev
if [ -n "$quick" ]; then
    stage "unit tests" run_ctest dev -L '^unit$'
    stage "house" sh tests/house/run.sh
else
    trap stop_servers EXIT
    trap 'exit 130' INT TERM
    stage "servers" start_servers
    stage "tests dev" run_ctest dev
    stage "conformance page" python3 tests/conformance/matrix.py --check --build "$build/dev"
    stage "build clang" make_build clang
    # What servers do is the same under both compilers; the sanitizers' build sees it once more.
    stage "tests clang" run_ctest clang -LE '^(server|conformance)$'
    stage "build asan" make_build asan
    stage "tests asan" run_ctest asan
    stage "build tsan" make_build tsan
    stage "tests tsan" run_ctest tsan -L '^tsan$'
    stage "build release" make_build release
    has_sources tests/bench && stage "bench" run_bench
    has_sources tests/fuzz && stage "fuzz" run_fuzz
    stage "examples" run_examples
    stage "package" sh tests/package/run.sh "$build/release"
    stage "headers" python3 tests/headers/run.py
    stage "compile fail" python3 tests/compile_fail/run.py
    stage "compile time" python3 tests/compile_time/run.py
    stage "house" sh tests/house/run.sh
    stage "doxygen" run_doxygen
    stage "docs" python3 tests/docs/run.py "$build/dev"
    stage "clang-tidy" run_clang_tidy
    stage "servers stop" stop_servers
    grep -h ' models of ' "$logs/compile-time.log"
fi

echo "logs: $logs, $(($(date +%s) - began)) s in all"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
