#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs into a temporary prefix, moves it, and builds and runs a program outside the tree against
# it: by pkg-config (shared and static) and by find_package (shared, static, a component that is not
# there).
# usage: tests/package/run.sh [build folder]    (made by cmake --preset release if it is not given)
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check <name> <command>...: one check, by the status of the command.
check() {
    name=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED package: $name"
        sed 's/^/    /' "$work/said"
    fi
}

install_all() {
    if [ -z "$build" ]; then
        build=$work/build
        cmake --preset release -B "$build" -DOSTLER_TESTS=OFF -DOSTLER_EXAMPLES=OFF \
            -DOSTLER_BENCH=OFF || return 1
    fi
    cmake --build "$build" -j 2 && cmake --install "$build" --prefix "$work/first" &&
        mv "$work/first" "$prefix"
}

# says_right <program>: whether it prints what it should.
says_right() {
    LD_LIBRARY_PATH=$libdir "$1" >"$work/printed" || return 1
    echo "1978  The C Programming Language" | diff - "$work/printed"
}

# is_static <program>: whether it needs no shared library of ours.
is_static() {
    ! readelf -d "$1" | grep -q 'NEEDED.*libostler'
}

by_pkg_config() {
    # shellcheck disable=SC2046 # the flags are words
    cc -std=c11 "$root/tests/package/outside.c" -o "$work/shared" \
        $(pkg-config --cflags --libs ostler-sqlite) || return 1
    ! is_static "$work/shared" && says_right "$work/shared"
}

# The linker warns that a static sqlite3 loads shared libraries when asked to; it is not asked.
by_pkg_config_static() {
    # shellcheck disable=SC2046
    cc -std=c11 -static "$root/tests/package/outside.c" -o "$work/static" \
        $(pkg-config --static --cflags --libs ostler-sqlite) || return 1
    is_static "$work/static" && says_right "$work/static"
}

nobody_listens() {
    LD_LIBRARY_PATH=$libdir "$1" >"$work/printed" && grep -qx 'nobody listens' "$work/printed"
}

# Client libraries of servers are linked shared: they have no whole static form in Debian.
servers_shared() {
    # shellcheck disable=SC2046
    cc -std=c11 "$root/tests/package/servers.c" -o "$work/servers" \
        $(pkg-config --cflags --libs ostler-postgres ostler-mysql ostler-mongo) || return 1
    ! is_static "$work/servers" && nobody_listens "$work/servers"
}

servers_archives() {
    # shellcheck disable=SC2046
    cc -std=c11 -I"$prefix/include" "$root/tests/package/servers.c" -o "$work/servers-archives" \
        "$libdir/libostler-postgres.a" "$libdir/libostler-mysql.a" "$libdir/libostler-mongo.a" \
        "$libdir/libostler.a" \
        $(pkg-config --libs libpq libmariadb libmongoc-1.0 libpcre2-8 libsodium libutf8proc) \
        -pthread -lm || return 1
    is_static "$work/servers-archives" && nobody_listens "$work/servers-archives"
}

# Both archives hold src/base: either order, and a shared core beside a static driver, must link.
by_archives() {
    needs=$(pkg-config --libs sqlite3 libpcre2-8 libsodium libutf8proc)
    for first in ostler ostler-sqlite; do
        second=ostler
        [ "$first" = ostler ] && second=ostler-sqlite
        # shellcheck disable=SC2086
        cc -std=c11 -I"$prefix/include" "$root/tests/package/outside.c" -o "$work/archives" \
            "$libdir/lib$first.a" "$libdir/lib$second.a" $needs -pthread -lm || return 1
        says_right "$work/archives" || return 1
    done
    # shellcheck disable=SC2086
    cc -std=c11 -I"$prefix/include" "$root/tests/package/outside.c" -o "$work/mixed" \
        "$libdir/libostler-sqlite.a" -L"$libdir" -lostler $needs -pthread -lm || return 1
    says_right "$work/mixed"
}

# by_find_package <folder> <components> <targets> [source]
by_find_package() {
    cmake -S "$root/tests/package" -B "$work/$1" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCOMPONENT="$2" -DTARGET="$3" -DSOURCE="${4:-outside.c}" && cmake --build "$work/$1"
}

find_package_shared() {
    by_find_package by-cmake sqlite ostler::sqlite && ! is_static "$work/by-cmake/outside" &&
        says_right "$work/by-cmake/outside"
}

find_package_static() {
    by_find_package by-cmake-static sqlite ostler::sqlite-static &&
        is_static "$work/by-cmake-static/outside" && says_right "$work/by-cmake-static/outside"
}

find_package_servers() {
    by_find_package by-cmake-servers "postgres;mysql;mongo" \
        "ostler::postgres;ostler::mysql;ostler::mongo" \
        servers.c && nobody_listens "$work/by-cmake-servers/outside"
}

find_package_absent() {
    ! by_find_package by-cmake-absent oracle ostler::oracle >"$work/absent" 2>&1 || return 1
    cat "$work/absent"
    tr -s ' \n' '  ' <"$work/absent" |
    grep -q "'oracle' is not part of this installation, which has: core, sqlite, postgres, mysql, \
mongo"
}

build=${1:-}
prefix=$work/moved
check "installs" install_all
libdir=$(dirname "$(find "$prefix" -name libostler.a 2>/dev/null)")
export PKG_CONFIG_PATH="$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
check "pkg-config, shared" by_pkg_config
check "pkg-config, static" by_pkg_config_static
check "archives in either order" by_archives
check "drivers of servers, shared" servers_shared
check "drivers of servers, archives" servers_archives
check "find_package, servers" find_package_servers
check "find_package, shared" find_package_shared
check "find_package, static" find_package_static
check "find_package, a component that is not there" find_package_absent
check "exported symbols" python3 tests/package/exports.py "$libdir"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
