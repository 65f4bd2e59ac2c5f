# SPDX-License-Identifier: MIT
"""Builds and runs the C blocks of README.md and docs/guide, as the pages show them.

usage: run.py <build folder>     (its static libraries are linked)

A block that has a main() is built and run; if the next block is ```text, with no heading and at
most a few lines of prose between them, it must print just that. A comment above a block changes
what is done:
    <!-- no-run -->            compiled only (it needs no main)
    <!-- must-not-compile -->  the compiler must refuse it
    <!-- fragment -->          not a whole program, and not compiled
A block that is neither a program nor marked is a failure, so that none is forgotten.
"""

import dataclasses
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from checks import ROOT, WARNINGS, Checks, each, run

MARKS = {None, "no-run", "must-not-compile", "fragment"}
RUN_SECONDS = 60
MOST_PROSE = 5


def pages():
    return [ROOT / "README.md"] + sorted((ROOT / "docs" / "guide").glob("**/*.md"))


@dataclasses.dataclass
class Block:
    """A fenced block, with the lines between it and the fence before it."""

    language: str
    line: int
    before: list
    text: str = ""

    def mark(self):
        last = next((line for line in reversed(self.before) if line), "")
        found = re.fullmatch(r"<!-- ([a-z-]+) -->", last)
        return found.group(1) if found else None

    def is_output_of_last(self):
        prose = [line for line in self.before if line]
        return (self.language == "text" and len(prose) <= MOST_PROSE
                and not any(line.startswith(("#", "<!--")) for line in prose))


def fenced(page):
    """The fenced blocks of a page."""
    block, before = None, []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if not line.startswith("```"):
            if block:
                block.text += line + "\n"
            else:
                before.append(line)
        elif block:
            yield block
            block, before = None, []
        else:
            block = Block(line[3:].strip(), number, before)


def blocks():
    """Place, mark, code and expected output of each block of C."""
    for page in pages():
        found = list(fenced(page)) if page.exists() else []
        for block, after in zip(found, found[1:] + [None]):
            if block.language == "c":
                expected = after.text if after and after.is_output_of_last() else None
                place = f"{page.relative_to(ROOT)}:{block.line}"
                yield place, block.mark(), block.text, expected


def libraries(build):
    drivers = {"sqlite": "sqlite3", "postgres": "libpq", "mysql": "libmariadb",
               "mongo": "libmongoc-1.0"}
    needed = run(["pkg-config", "--libs", *drivers.values(), "libpcre2-8", "libsodium",
                  "libutf8proc"])[1].split()
    return [*(build / f"libostler-{driver}.a" for driver in drivers), build / "libostler.a",
            *needed, "-pthread", "-lm"]


def problem_of(block, build):
    """Does with one block what its mark says; empty if that went well."""
    _, mark, code, expected = block
    if mark not in MARKS:
        return f"unknown mark: {mark}"
    if mark == "fragment":
        return ""
    if mark is None and not re.search(r"\bint main\(", code):
        return "neither a program nor marked no-run, must-not-compile or fragment"
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "block.c", pathlib.Path(folder) / "block"
        source.write_text(code)
        compile_only = ["gcc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", *WARNINGS,
                        f"-I{ROOT / 'include'}", "-c", source, "-o", f"{program}.o"]
        status, said = run(compile_only, cwd=folder)
        if mark == "must-not-compile":
            return "" if status else "it compiles, and must not"
        if status or mark == "no-run":
            return said if status else ""
        status, said = run(["gcc", f"{program}.o", *libraries(build), "-o", program], cwd=folder)
        if status:
            return said
        status, said = run(["timeout", RUN_SECONDS, program], cwd=folder)
        if status:
            return f"it ends with status {status}\n{said}"
        if expected is not None and said != expected:
            return f"it prints\n{said}and the page says\n{expected}"
    return ""


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    checks = Checks()
    checks.check("README.md: is there", "" if (ROOT / "README.md").exists() else "no README.md")
    readme = (ROOT / "README.md").read_text() if (ROOT / "README.md").exists() else ""
    quickstart = (ROOT / "examples" / "quickstart.c").read_text()
    checks.check("README.md: shows examples/quickstart.c",
                 "" if quickstart in readme else "the program differs")
    found = list(blocks())
    for block, problem in zip(found, each(lambda block: problem_of(block, build), found)):
        checks.check(f"{block[0]}: {block[1] or 'program'}", problem)
    checks.finish()


main(sys.argv[1:])
