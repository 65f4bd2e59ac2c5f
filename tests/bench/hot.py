#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names the functions that run in every call of a benchmark and are not marked OST__HOT.

    python3 tests/bench/hot.py --program build/bench/tests/bench PLACE TABLE_ROWS CASE...

PLACE is a database that the benchmark has filled with TABLE_ROWS rows (bench tables PLACE, bench
fill PLACE ROWS); a case that writes needs one that it may write to, and is run once.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from callgrind import NAME

CALLS = 1000
MARKED = re.compile(r"OST__HOT (?:__attribute__\(\(\w+\)\) )?[^;{}()]*?\b(\w+)\(")


def calls(profile):
    """{(binary, file, function): how often it was called}"""
    names = {"fn": {}, "fl": {}, "ob": {}}
    counts = {}
    binary = file = called_binary = called_file = called = ""
    for line in profile:
        found = NAME.match(line.rstrip("\n"))
        if found:
            callee, kind, number, name = found.groups()
            kind = "fl" if kind in ("fl", "fi", "fe") else kind
            if name is not None:
                names[kind][number] = name
            value = names[kind][number]
            if callee and kind == "fn":
                called = value
            elif callee and kind == "ob":
                called_binary = value
            elif callee:
                called_file = value
            elif kind == "ob":
                binary = value
            elif kind == "fl":
                file = value
        elif line.startswith("calls="):
            key = (called_binary or binary, called_file or file, called)
            counts[key] = counts.get(key, 0) + int(line[len("calls="):].split()[0])
            called_binary = called_file = ""
    return counts


def marked():
    top = pathlib.Path(__file__).resolve().parent.parent.parent
    return {name for folder in ("src", "drivers") for source in (top / folder).rglob("*.c")
            for name in MARKED.findall(source.read_text(encoding="utf-8"))}


def run(options, case):
    with tempfile.TemporaryDirectory(prefix="ostler-hot-") as folder:
        out = os.path.join(folder, "callgrind.out")
        subprocess.run(
            ["valgrind", "--quiet", "--tool=callgrind", "--compress-strings=yes",
             "--collect-atstart=no", "--toggle-collect=bench_work",
             f"--callgrind-out-file={out}", options.program, "run", "ours", case, options.place,
             str(options.rows), str(CALLS), "1"], check=True, stdout=subprocess.DEVNULL)
        with open(out, encoding="utf-8") as profile:
            return calls(profile)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("place")
    parser.add_argument("rows", type=int)
    parser.add_argument("cases", nargs="+")
    options = parser.parse_args()
    names = marked()
    for case in options.cases:
        for (binary, file, function), count in sorted(run(options, case).items()):
            function = function.split("'")[0].split(".")[0]
            if (count < CALLS * 9 // 10 or not re.search("(^|/)(src|drivers)/", file)
                    or os.path.basename(binary) != os.path.basename(options.program)):
                continue
            if function not in names:
                path = re.search("(src|drivers)/.*", file).group()
                print(f"{case}: {path}: {function}, {count / CALLS:.1f} a call")


if __name__ == "__main__":
    sys.exit(main())
