# SPDX-License-Identifier: MIT
"""Reads a profile of callgrind: whose instructions were executed, those of callees not included."""
import os
import re

OWNERS = ("core", "values", "driver", "bench", "client", "libc")
CLIENTS = ("libsqlite3", "libpq", "libmariadb", "libmysqlclient", "libssl", "libcrypto",
           "libjansson", "libmongoc", "libbson")
NAME = re.compile(r"^(c?)(fn|fl|fi|fe|ob)=\((\d+)\)(?: (.*))?$")
VALUES = ("src/base/utf8.c", "src/base/civil.c", "src/base/decimal.c")


def owner_of(program, binary, file):
    if os.path.basename(binary) == os.path.basename(program):
        if "tests/bench/" in file:
            return "bench"
        # Reading and checking texts, instants and decimals is what a driver decodes with.
        if any(name in file for name in VALUES):
            return "values"
        # What is in no file of ours are stubs that lead out of our functions.
        return "driver" if "drivers/" in file else "core"
    return "client" if any(name in binary for name in CLIENTS) else "libc"


def by_owner(path, program):
    """{"core": n, "values": n, "driver": n, "bench": n, "client": n, "libc": n}"""
    names = {"fn": {}, "fl": {}, "ob": {}}
    totals = {}
    binary = file = owner = ""
    skip = False
    with open(path, encoding="utf-8") as profile:
        for line in profile:
            found = NAME.match(line.rstrip("\n"))
            if found:
                called, kind, number, name = found.groups()
                table = names["fl" if kind in ("fl", "fi", "fe") else kind]
                if name is not None:
                    table[number] = name
                if called:
                    continue
                if kind == "ob":
                    binary = table[number]
                elif kind == "fl":
                    file = table[number]
                elif kind == "fn":
                    # Lines inlined from another file (fi, fe) stay with the function they run in.
                    owner = owner_of(program, binary, file)
            elif line.startswith("calls="):
                skip = True  # The next line is the cost of what was called.
            elif line[0] in "+-*0123456789":
                if not skip:
                    totals[owner] = totals.get(owner, 0) + int(line.split()[1])
                skip = False
    return totals
