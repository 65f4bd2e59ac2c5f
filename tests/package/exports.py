# SPDX-License-Identifier: MIT
"""Compares three lists: what the public headers declare, cmake/exports/, what libraries export.

usage: exports.py [--write] [build folder]
Without a build folder only the first two are compared; --write makes the second anew of the first.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from checks import ROOT, Checks, run, without_comments

EXPORTS = ROOT / "cmake" / "exports"


def library_of(symbol):
    driver = re.fullmatch(r"ost_driver_([a-z]+)", symbol)
    return f"ostler-{driver.group(1)}" if driver else "ostler"


def declared():
    """Symbols by library, as the headers declare them with OST_API."""
    symbols = {}
    for header in sorted((ROOT / "include" / "ostler").glob("*.h")):
        text = re.sub(r"^#.*$", "", without_comments(header.read_text()), flags=re.MULTILINE)
        for symbol in re.findall(r"\bOST_API\b[^;()]*?\b(\w+)\s*[(;]", text):
            symbols.setdefault(library_of(symbol), set()).add(symbol)
    return symbols


def exported(library):
    """Symbols that a shared library defines, without the name of its version."""
    status, said = run(["nm", "-D", "--defined-only", "--without-symbol-versions", library])
    rows = [line.split() for line in said.splitlines()]
    return status, {row[-1] for row in rows if len(row) == 3 and row[1] != "A"}


def difference(left, left_name, right, right_name):
    lines = [f"{symbol}: in {left_name}, not in {right_name}" for symbol in sorted(left - right)]
    lines += [f"{symbol}: in {right_name}, not in {left_name}" for symbol in sorted(right - left)]
    return "\n".join(lines)


def left_out(library):
    """A driver that is off in CMakeLists.txt is in no build."""
    option = library.removeprefix("ostler-").upper()
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(rf"^option\(OSTLER_{option}\b.*\bOFF\)$", text, re.MULTILINE)


def main(arguments):
    symbols = declared()
    if "--write" in arguments:
        for library, names in symbols.items():
            (EXPORTS / f"{library}.txt").write_text("\n".join(sorted(names)) + "\n")
        arguments.remove("--write")

    checks = Checks()
    for library in sorted(symbols.keys() | {path.stem for path in EXPORTS.glob("*.txt")}):
        path = EXPORTS / f"{library}.txt"
        listed = set(path.read_text().split()) if path.exists() else set()
        checks.check(f"{library}: headers and list",
                     difference(symbols.get(library, set()), "the headers", listed, path.name))
        for folder in arguments:
            if left_out(library):
                continue
            shared = pathlib.Path(folder) / f"lib{library}.so"
            status, found = exported(shared)
            problem = f"{shared} cannot be read" if status else ""
            checks.check(f"{library}: list and library",
                         problem or difference(listed, path.name, found, shared.name))
    checks.finish()


main(sys.argv[1:])
