#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the fuzz targets of a build for a while each, beginning with the texts in seeds/<target>;
# what is found on the way is kept in the build's corpus folder, and a next run begins with it too.
# usage: sh tests/fuzz/run.sh BUILD SECONDS LONGEST [TARGET]...
#   LONGEST  the most bytes of an input
set -u
build=$1 seconds=$2 longest=$3
shift 3
here=$(dirname "$0")
status=0
fixed=
setarch -R true 2>/dev/null && fixed='setarch -R'

for target in "$build"/fuzz/*; do
    [ -x "$target" ] && [ -f "$target" ] || continue
    name=$(basename "$target")
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    corpus=$build/corpus/$name
    mkdir -p "$corpus" || exit 1
    set_of=$here/seeds/${name#fuzz_}
    [ -d "$set_of" ] || set_of=
    echo "== $name"
    # shellcheck disable=SC2086 # a command of two words, a folder or none
    $fixed "$target" -max_total_time="$seconds" -max_len="$longest" \
        -artifact_prefix="$corpus-" "$corpus" $set_of || status=1
done
exit $status
