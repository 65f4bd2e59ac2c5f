#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the conformance suite on every backend, and compares docs/conformance.md with the outcome.

usage: matrix.py [--check | --write] [--build DIR]

--check  the default: the committed page must be what this run would write, and each
         rule of docs/guide/semantics.md must have cases
--write  writes the page
--build  where the programs were built; default: build/dev

The environment names the servers, as tests/services/services.py says; those that it does not name
are started for this run.
"""

import argparse
import difflib
import fnmatch
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from checks import ROOT, Checks, run

PAGE = ROOT / "docs/conformance.md"
MEANING = ROOT / "docs/guide/semantics.md"
SERVICES = ROOT / "tests/services/services.py"
SERVERS = ("OST_TEST_POSTGRES_URL", "OST_TEST_MYSQL_URL", "OST_TEST_PGBOUNCER_URL",
           "OST_TEST_MONGODB_URL")
# Each backend with its ways: the first one fills the column, the others are told where they differ.
BACKENDS = {
    "sqlite": ("SQLite", {"sqlite_file": "in a file", "sqlite_memory": "in memory"}),
    "postgres": ("PostgreSQL", {"postgres": "directly", "pgbouncer": "through PgBouncer"}),
    "mariadb": ("MariaDB", {"mariadb": "directly"}),
    "mongodb": ("MongoDB", {"mongodb": "directly"}),
}
WAYS = [way for _, ways in BACKENDS.values() for way in ways]
INTRODUCTION = """\
<!-- Written by tests/conformance/matrix.py --write, from a run: change the suite instead. -->
# What every backend does

One suite asks each backend for the same, {cases} times: the same rows in the same order. This page
is what came of it, on SQLite (in a file and in memory), on PostgreSQL (directly, and through
PgBouncer in transaction pooling), on MariaDB, and on MongoDB. The suite is `tests/conformance`; a
plain evaluator in `tests/evaluator` says what a query means.

- **yes**: as on every other backend.
- **emulated**: the same comes of it, in another way, which costs more or waits longer.
- **refused**: it is refused with a status and a sentence, and nothing is done.
- A star stands where a difference remains; the tables say which, and why.

A backend never answers differently in silence: a case that comes out otherwise than its row says
fails the run, also when it comes out better.
"""


def escaped(text):
    return text.replace("|", "\\|")


def read_list(program):
    """Cases by group, in their order, and the rows of quirks.c."""
    status, said = run([program], env={**os.environ, "OST_CONFORMANCE_LIST": "1"})
    if status != 0:
        sys.exit(f"{program} does not list its cases:\n{said}")
    groups, quirks = {}, []
    for line in said.splitlines():
        word, *rest = line.split("\t")
        if word == "case":
            group, name, sentence = rest
            groups.setdefault(group, []).append((name, sentence))
        elif word == "quirk":
            quirks.append(dict(zip(("backend", "name", "outcome", "detail", "reason"), rest)))
    return groups, quirks


def run_way(build, way):
    """What came of each case on one way, or why the program failed."""
    program = build / f"tests/test_conformance.{way}"
    if not program.is_file():
        return {}, f"{program} was not built"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "results"
        status, said = run([program], timeout=1800,
                           env={**os.environ, "OST_CONFORMANCE_RESULTS": str(path)})
        lines = path.read_text().splitlines() if path.is_file() else []
    results = dict(line.split("\t")[1:] for line in lines)
    if status == 0:
        return results, ""
    failed = [line for line in said.splitlines() if "OK ]" not in line and "RUN " not in line]
    return results, "\n".join(failed) or f"exit {status}"


def is_about(quirk, name):
    pattern = quirk["name"]
    return name.startswith(pattern[:-1]) if pattern.endswith(".*") else name == pattern


def starred(quirks, backend, name):
    return any(q["backend"] == backend and q["detail"] and is_about(q, name) for q in quirks)


def cell(results, quirks, backend, name):
    """What stands in the column of a backend."""
    first, *others = BACKENDS[backend][1]
    text = results[first].get(name, "—") + ("\\*" if starred(quirks, backend, name) else "")
    for way in others:
        other = results[way].get(name, "—")
        if other != results[first].get(name, "—"):
            text += f"; {BACKENDS[backend][1][way]}: {other}"
    return text


def counts(groups, results):
    """How many cases came out how, for each way."""
    rows = ["| | yes | emulated | refused |", "| --- | ---: | ---: | ---: |"]
    names = [name for cases in groups.values() for name, _ in cases]
    for title, ways in BACKENDS.values():
        for way, words in ways.items():
            came = [results[way].get(name) for name in names]
            label = title if len(ways) == 1 else f"{title}, {words}"
            rows.append(f"| {label} | {came.count('yes')} | {came.count('emulated')} "
                        f"| {came.count('refused')} |")
    return rows


def what_differs(groups, quirks):
    """The rows of quirks.c as a table for each backend."""
    sentences = {name: (group, sentence) for group, cases in groups.items()
                 for name, sentence in cases}
    lines = ["## What differs", ""]
    for backend, (title, ways) in BACKENDS.items():
        lines += [f"### {title}", ""]
        rows = [q for q in quirks if q["backend"] == backend or q["backend"] in ways]
        if rows:
            lines += ["| case | capability | | what differs | why |",
                      "| --- | --- | --- | --- | --- |"]
        else:
            lines += ["Nothing.", ""]
        for q in rows:
            if q["name"].endswith(".*"):
                what = next(s for n, (_, s) in sentences.items() if is_about(q, n)) + ", everywhere"
            else:
                what = sentences[q["name"]][1]
            where = f" ({ways[q['backend']]})" if q["backend"] in ways and len(ways) > 1 and \
                q["backend"] != backend else ""
            lines.append(f"| `{q['name']}` | {escaped(what)}{where} | {q['outcome']} "
                         f"| {escaped(q['detail'])} | {escaped(q['reason'])} |")
        if rows:
            lines.append("")
    return lines


def page_of(groups, quirks, results):
    cases = sum(len(cases) for cases in groups.values())
    lines = INTRODUCTION.format(cases=cases).splitlines() + [""]
    lines += counts(groups, results) + [""]
    lines += what_differs(groups, quirks)
    lines += ["## Capabilities", ""]
    titles = " | ".join(title for title, _ in BACKENDS.values())
    for group, cases in groups.items():
        heading, _, rest = group.partition(": ")
        lines += [f"### {heading}", ""]
        if rest:
            lines += [rest[0].upper() + rest[1:] + ".", ""]
        lines += [f"| | {titles} |", "| --- | --- | --- | --- |"]
        for name, sentence in cases:
            cells = " | ".join(cell(results, quirks, backend, name) for backend in BACKENDS)
            lines.append(f"| {escaped(sentence)} | {cells} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def start_servers(folder):
    """Starts what the environment does not name, and adds it there. Whether anything was."""
    if all(os.environ.get(name) for name in SERVERS):
        return False
    subprocess.run([sys.executable, SERVICES, "start", "--folder", folder], check=True,
                   stdout=sys.stderr)
    for line in (pathlib.Path(folder) / "env").read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, shlex.split(value)[0])
    return True


def difference(page):
    committed = PAGE.read_text() if PAGE.is_file() else ""
    if committed == page:
        return ""
    lines = difflib.unified_diff(committed.splitlines(), page.splitlines(),
                                 "docs/conformance.md", "this run", lineterm="", n=1)
    return "the page is not what this run came to; see matrix.py --write\n" + "\n".join(lines)


def unproven(results):
    """What the page of the meaning says without a case: rules with none, cases that are none."""
    names = {name for cases in results.values() for name in cases}
    wrong, rules = [], 0
    for line in MEANING.read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 2 or cells[0] in ("Rule", "---"):
            continue
        rules += 1
        cases = re.findall(r"`([^`]+)`", cells[1])
        wrong += [] if cases else [f"no case for: {cells[0]}"]
        wrong += [f"there is no case {case}" for case in cases if not fnmatch.filter(names, case)]
    return "\n".join(wrong) if rules else "no rules were found"


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true")
    what.add_argument("--write", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    options = parser.parse_args()
    build, checks, results = options.build.resolve(), Checks(), {}
    with tempfile.TemporaryDirectory(prefix="ostler-conformance-") as folder:
        os.chmod(folder, 0o755)
        started = start_servers(folder)
        try:
            for way in WAYS:
                results[way], problem = run_way(build, way)
                checks.check(f"the suite, {way}", problem)
        finally:
            if started:
                subprocess.run([sys.executable, SERVICES, "stop", "--folder", folder], check=False,
                               stdout=sys.stderr)
    groups, quirks = read_list(build / f"tests/test_conformance.{WAYS[0]}")
    page = page_of(groups, quirks, results)
    if options.write and not checks.failed:
        PAGE.write_text(page)
    checks.check("docs/conformance.md", difference(page))
    checks.check("docs/guide/semantics.md", unproven(results))
    checks.finish()


if __name__ == "__main__":
    main()
