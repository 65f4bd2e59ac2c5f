# SPDX-License-Identifier: MIT
"""Each public header compiles alone in every dialect, and so does the program in its essay."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from checks import ROOT, WARNINGS, Checks, each, run

DIALECTS = [
    (compiler, "c", [f"-std={standard}"] + flags)
    for compiler in ("gcc", "clang-14")
    for standard, flags in (("c11", []), ("c17", []), ("c2x", []), ("c11", ["-fshort-enums"]))
] + [
    ("g++", "c++", ["-std=c++17"]),
    ("clang++-14", "c++", ["-std=c++17"]),
    ("clang-14", "c", ["-std=c11", "--target=i386-linux-gnu", "-ffreestanding"]),
]


def compile_text(job):
    """Compiles a text; empty if that went well, and else what the compiler said."""
    _, compiler, language, flags, text = job
    status, said = run([compiler, "-x", language, *flags, *WARNINGS, "-Iinclude",
                        "-fsyntax-only", "-"], input=text)
    return said or "failed" if status else ""


def example(header):
    """The program between @code and @endcode in the opening comment of a header."""
    essay = re.search(r"/\*\*\n \* @file.*?\*/\n", header.read_text(), re.DOTALL)
    block = re.search(r"@code\n(.*?) \* @endcode", essay.group(0), re.DOTALL) if essay else None
    return re.sub(r"^ \* ?", "", block.group(1), flags=re.MULTILINE) if block else None


def main():
    checks = Checks()
    jobs = []
    for header in sorted((ROOT / "include" / "ostler").glob("*.h")):
        name = f"ostler/{header.name}"
        text = f'#include "{name}"\n'
        for compiler, language, flags in DIALECTS:
            jobs.append((f"{name}: {compiler} {' '.join(flags)}", compiler, language, flags, text))
        program = example(header)
        checks.check(f"{name}: has an essay with a program",
                     "" if program else "the header opens without @file … @code … @endcode")
        if program:
            jobs.append((f"{name}: its program", "gcc", "c", ["-std=c11"], program))
    for job, problem in zip(jobs, each(compile_text, jobs)):
        checks.check(job[0], problem)
    checks.finish()


main()
