# SPDX-License-Identifier: MIT
"""What the checking scripts share: counting, several commands at a time, files of the tree."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
JOBS = max(2, os.cpu_count() or 2)
MOST_LINES = 40


class Checks:
    """Counts checks; prints what failed at once and one summary line at the end."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, problem):
        """One check; `problem` is empty if it holds, and else says what is wrong."""
        if problem:
            self.failed += 1
            lines = problem.strip().splitlines()
            if len(lines) > MOST_LINES:
                lines[MOST_LINES:] = [f"… and {len(lines) - MOST_LINES} lines more"]
            print(f"FAILED {name}\n    " + "\n    ".join(lines))
        else:
            self.passed += 1

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


def run(command, **options):
    """Runs a command; returns its status and what it said on both streams, as text."""
    options.setdefault("cwd", ROOT)
    options.setdefault("env", {**os.environ, "LC_ALL": "C"})
    done = subprocess.run(
        [str(word) for word in command], text=True, errors="replace", check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    return done.returncode, done.stdout


def each(function, items):
    """`function` of each item, several at a time, in the order of the items."""
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(function, items))


def tree_files(*suffixes):
    """Paths, relative to the root, of the tree's own files: no build products, nothing ignored."""
    status, listed = run(["git", "ls-files", "-z", "-co", "--exclude-standard"])
    if status == 0:
        names = [name for name in listed.split("\0") if name]
    else:
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    paths = sorted({pathlib.PurePosixPath(name) for name in names if (ROOT / name).is_file()})
    return [path for path in paths if not suffixes or path.suffix in suffixes]


def without_comments(text, keep_strings=True):
    """C without comments (and, if wanted, with empty strings); lines keep their numbers."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def replaced(match):
        token = match.group(0)
        if token[0] == "/":
            return " " + "\n" * token.count("\n")
        return token if keep_strings or token[0] == "'" else '""'

    return re.sub(pattern, replaced, text, flags=re.DOTALL)
