#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmark: Ostler against raw C, alternating, and judges the ratios against the bars.

Method. A round runs every side once, each in a fresh process on a copy of the same file, so that
none inherits another's heap or caches. The processes take turns: each does one step (500 reads,
one transaction, …) and waits while the others do theirs; only the steps are timed, and which of
malloc and Ostler goes first alternates. So a machine that changes its pace within a second slows
both sides alike. `ratio` is, for each step, the median over the rounds of Ostler's time over raw
C's, and of these the mean weighted by the step's time; `ratio_min` and `ratio_max` are the
extremes of whole rounds. A case that is one call has one step and three times the rounds.

On a server each side has a database of its own, a copy of the same one. Both sides use the same
settings (WAL and synchronous=NORMAL in a file, no TLS to a server on this machine) and the same
tables, made by Ostler: raw C pays for their constraints too. Everything read is digested; a digest
that differs between the sides fails the run.

A call that waits for one answer of a server (get, insert_one, update_one, filter_order_limit) costs
what client and server do one after the other, but the wall clock also shows on which processor each
of them was woken, which is chance: a round trip takes 25 us on one processor and 90 between two of
a virtual machine. So those cases run with both sides and the server on one and the same processor;
what works at the same time in both (bulk, big queries, pipelines) keeps them all. A server that
this program may not move is left where it is, which is said.

Instructions are callgrind's, of the timed part only, as the difference of two counts per
operation: what happens once cancels. `library` is the library alone, whatever the driver: those
executed in functions of src/ but for `values` (reading and checking texts, instants, decimals).
`driver` are those of drivers/; what all of them call in the client library and libc is apart.

raw `malloc`: texts malloc'd one by one on sqlite3_open(), the form that the bars are about.
`nomutex`: the same on a connection without SQLite's mutex. `arena`: the same as malloc with texts
in an arena; only where texts are read.

pipeline (PostgreSQL): libpq's pipeline mode, a hundred gets or updates a batch; on MongoDB lists of
a hundred keys and bulk operations of a hundred updates. get_many and save_many are judged against
it and against one by one.

select_documents and push are over `docs`: a struct, a list of texts and a list of structs in each
record. Raw C goes through jansson in SQL (lists of texts in PostgreSQL are arrays) and through
iterators of libbson; push appends a struct to a list by one statement. upsert_many stores a
thousand records at once, of which half are there, and tells what became of each. Raw C tells it on
PostgreSQL, in a pipeline of a statement that leaves alone what is the same, on MariaDB by array
binding, with a variable that each record's row gives back, and on MongoDB in a bulk whose answer
tells it where all that are there change. On SQLite it sends the shortest statement for each record,
which tells nothing.
update_many is save_many with a thousand records in one bulk, against raw C one by one.

update_one measures ost_save() of one changed member; its records are loaded before the clock
starts.
"""
import argparse
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import callgrind
import plot
from places import Failure, places_of

OURS = "ours"
MALLOC, ARENA, NOMUTEX, PIPELINE = "raw_malloc", "raw_arena", "raw_nomutex", "raw_pipeline"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    table: int        # rows that the table holds before
    count: int        # operations; 1: one big query over the table
    steps: int        # turns that it is done in; 1: three times the rounds
    small: tuple      # the two counts, or the two tables of a big query, under callgrind
    unit: str         # what the instructions are per
    reads_text: bool
    writes: bool
    bars: dict        # {backend: {what: most}}; "pipeline": against that form; a text: why none
    rows: str = "users"  # the table

    def scaled(self, divisor):
        return dataclasses.replace(self, table=self.table // divisor,
                                   count=max(1, self.count // divisor),
                                   steps=max(1, self.steps // divisor))

    def small_runs(self):
        """(table, count) of the two runs under callgrind."""
        if self.count == 1:
            return [(rows, 1) for rows in self.small]
        return [(self.table, count) for count in self.small]


ROUND_TRIP = {"ratio": 1.05, "cpu_ratio": 1.20}
MANY = {"ratio": 0.45, "pipeline": 1.15}

NEARLY = {"ratio": 1.15}
AS_SAVE_MANY = "save_many measures it"

CASES = [
    Case("insert_one", 0, 10000, 10, (1000, 3000), "row", False, True,
         {"sqlite": {"ratio": 1.15, "allocations_per_row": 0.05}, "postgres": ROUND_TRIP,
          "mysql": {"ratio": 1.10}, "mongodb": {"ratio": 1.15}}),
    Case("insert_many", 0, 100000, 1, (1000, 4000), "row", False, True,
         {"sqlite": {"ratio": 1.15, "allocations_per_row": 0.01}, "postgres": {"ratio": 1.10},
          "mysql": {"ratio": 1.10}, "mongodb": {"ratio": 1.10}}),
    Case("get", 100000, 20000, 40, (1000, 4000), "call", True, False,
         {"sqlite": {"ratio": 1.20, "instructions_ratio": 1.10,
                     "library_instructions_per_call": 1500, "allocations_per_row": 1.0},
          "postgres": ROUND_TRIP, "mysql": {"ratio": 1.10}, "mongodb": {"ratio": 1.10}}),
    Case("get_many", 100000, 20000, 20, (1000, 4000), "row", True, False,
         {"sqlite": {}, "postgres": MANY, "mysql": {"ratio": 1.10}, "mongodb": MANY}),
    Case("select_all", 100000, 1, 1, (1000, 4000), "row", True, False,
         {"sqlite": {"ratio": 1.05, "instructions_ratio": 0.95,
                     "library_instructions_per_row": 500, "allocations_per_row": 0.01},
          "postgres": {"ratio": 1.10, "instructions_ratio": 1.00},
          "mysql": {"ratio": 1.15, "instructions_ratio": 0.95}, "mongodb": {"ratio": 1.20}}),
    Case("filter_order_limit", 100000, 5000, 50, (100, 300), "call", True, False,
         {"sqlite": {"ratio": 1.10, "allocations_per_row": 0.5}, "postgres": ROUND_TRIP,
          "mysql": {"ratio": 1.10}, "mongodb": {"ratio": 1.15}}),
    Case("update_one", 100000, 5000, 5, (1000, 3000), "row", False, True,
         {"sqlite": {"ratio": 1.15, "allocations_per_row": 0.05}, "postgres": ROUND_TRIP,
          "mysql": {"ratio": 1.10}, "mongodb": {"ratio": 1.15}}),
    Case("save_many", 100000, 5000, 5, (1000, 3000), "row", False, True,
         {"sqlite": {}, "postgres": MANY, "mysql": {"ratio": 1.10},
          "mongodb": {"ratio": 0.15, "pipeline": 1.15}}),
    Case("update_many", 100000, 5000, 5, (1000, 3000), "row", False, True,
         {"sqlite": AS_SAVE_MANY, "postgres": AS_SAVE_MANY, "mysql": AS_SAVE_MANY,
          "mongodb": {"ratio": 0.12, "pipeline": 1.15}}),
    Case("upsert_many", 20000, 10000, 10, (200, 600), "row", False, True,
         {"sqlite": NEARLY, "postgres": {"ratio": 0.45, "pipeline": 1.15}, "mysql": NEARLY,
          "mongodb": {"ratio": 0.45, "pipeline": 1.15}}),
    Case("select_documents", 100000, 1, 1, (500, 1500), "row", False, False,
         {"sqlite": NEARLY, "postgres": NEARLY, "mysql": NEARLY, "mongodb": NEARLY}, "docs"),
    Case("push", 20000, 5000, 5, (200, 600), "row", False, True,
         {"sqlite": NEARLY, "postgres": NEARLY, "mysql": NEARLY, "mongodb": NEARLY}, "docs"),
    Case("aggregate", 100000, 1, 1, (1000, 4000), "row", False, False,
         {"sqlite": {"ratio": 1.05}, "postgres": {"ratio": 1.05}, "mysql": {"ratio": 1.10},
          "mongodb": {"ratio": 1.15}}),
]


def fewer_scans(case, backend):
    """Each call scans the collection, for no index serves it: fewer of them tell as much."""
    if backend != "mongodb" or case.name != "filter_order_limit":
        return case
    return dataclasses.replace(case, count=max(20, case.count // 25), steps=20)


def turn(process, side, case):
    """Lets a process do one step, or say at the end what it read."""
    try:
        process.stdin.write("\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass
    line = process.stdout.readline()
    if not line:
        raise Failure(f"{case.name}: {side}: {process.stderr.read().strip()[-800:]}")
    return json.loads(line)


def end_input(process):
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass


def swapped(sides):
    """The last two, malloc and ours, change places: each as often follows the other as it leads."""
    return [*sides[:-2], sides[-1], sides[-2]]


class Bench:
    def __init__(self, options, backend, folder):
        self.options = options
        self.backend = backend
        self.folder = folder
        self.places = places_of(backend, self.call, folder)

    def call(self, *arguments, before=()):
        command = [*before, self.options.program, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{' '.join(map(str, arguments))}: exit status {done.returncode}: "
                          f"{done.stderr.strip()[-800:]}")
        return done.stdout

    def arguments(self, case, side, table, count, steps):
        place = self.places.of(case, side, table)
        return ["run", side, case.name, place, table, count, steps]

    def run(self, case, side, *flags, table=None, count=None, before=()):
        """One run of one side by itself, in one step: what it read and allocated."""
        table = case.table if table is None else table
        count = case.count if count is None else count
        said = self.call(*self.arguments(case, side, table, count, 1), *flags, before=before)
        return {"side": side, **json.loads(said.splitlines()[-1])}

    def round(self, case, sides):
        """One run of all sides, taking turns: what run() gives, and the times of the steps."""
        processes = {side: subprocess.Popen(
            [self.options.program,
             *map(str, self.arguments(case, side, case.table, case.count, case.steps)), "turns"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for side in sides}
        steps = {side: [] for side in sides}
        results = {}
        try:
            for number in range(case.steps):
                for side in swapped(sides) if number % 2 else sides:
                    step = turn(processes[side], side, case)
                    steps[side].append((step["wall_ns"], step["cpu_ns"]))
            for side, process in processes.items():
                said = turn(process, side, case)
                results[side] = {"side": side, "steps": steps[side], **said}
        finally:
            for process in processes.values():
                end_input(process)
                process.wait()
                process.stdout.close()
                process.stderr.close()
        return results

    def instructions(self, case, side):
        """Instructions per operation, by owner: the difference of two runs."""
        totals = []
        for table, count in case.small_runs():
            out = os.path.join(self.folder, "callgrind.out")
            self.run(case, side, table=table, count=count, before=(
                "valgrind", "--quiet", "--tool=callgrind", "--collect-atstart=no",
                "--toggle-collect=bench_work", f"--callgrind-out-file={out}"))
            totals.append(callgrind.by_owner(out, self.options.program))
            os.remove(out)
        if sum(totals[1].values()) <= sum(totals[0].values()):
            raise Failure(f"{case.name}: {side}: callgrind saw no work: {totals}")
        steps = case.small[1] - case.small[0]
        return {owner: (totals[1].get(owner, 0) - totals[0].get(owner, 0)) / steps
                for owner in callgrind.OWNERS}


class OneProcessor:
    """While a case of single round trips runs, the clients and the server share a processor."""

    SERVERS = {"postgres": "postgres", "mysql": "mariadb", "mongodb": "mongodb"}

    def __init__(self, backend, case):
        self.backend, self.before = backend, os.sched_getaffinity(0)
        self.wanted = (backend in self.SERVERS and case.count > 1
                       and not case.name.endswith("_many"))

    def server(self):
        """The threads of the server that run.sh started; processes of its own come from them."""
        folder = os.environ.get("OST_TEST_SERVICES", "")
        try:
            with open(os.path.join(folder, f"{self.SERVERS[self.backend]}.pid"),
                      encoding="utf-8") as file:
                pid = int(file.read())
            return [int(task) for task in os.listdir(f"/proc/{pid}/task")]
        except (OSError, ValueError):
            return []

    def move(self, processors):
        threads = self.server()
        try:
            for thread in threads:
                os.sched_setaffinity(thread, processors)
        except ProcessLookupError:
            pass
        except PermissionError:
            threads = []
        os.sched_setaffinity(0, processors)
        return bool(threads)

    def __enter__(self):
        if self.wanted and not self.move({min(self.before)}):
            say(f"the server of {self.backend} stays where it is: wall times of single calls "
                "tell more of the processors than of the sides")

    def __exit__(self, *_):
        if self.wanted:
            self.move(self.before)


def check_digests(case, results):
    first = results[0]
    for other in results[1:]:
        if (other["digest"], other["rows"]) != (first["digest"], first["rows"]):
            raise Failure(f"{case.name}: {other['side']} read {other['rows']} rows, digest "
                          f"{other['digest']}; {first['side']} {first['rows']}, {first['digest']}")


def forms_of(backend, case):
    if (backend in ("postgres", "mongodb") and case.name.endswith("_many")
            and case.name != "insert_many"):
        return [MALLOC, PIPELINE]
    if backend != "sqlite" or case.rows == "docs" or case.name == "upsert_many":
        return [MALLOC]
    return [MALLOC, ARENA, NOMUTEX] if case.reads_text else [MALLOC, NOMUTEX]


def measure(bench, case):
    """The rounds of all sides: {side: [run, …]}."""
    sides = [*forms_of(bench.backend, case), OURS]
    check_digests(case, [bench.run(case, side, "deep") for side in sides])
    order = [side for side in sides if side not in (MALLOC, OURS)] + [MALLOC, OURS]
    measured = {side: [] for side in sides}
    for number in range(bench.options.pairs * (3 if case.steps == 1 else 1)):
        results = bench.round(case, swapped(order) if number % 2 else order)
        check_digests(case, list(results.values()))
        for side, result in results.items():
            measured[side].append(result)
    check_digests(case, [runs[0] for runs in measured.values()])
    return measured


def rows_of(case, result):
    return result["rows"] if not case.writes else case.count


def total(run, clock):
    return sum(step[clock] for step in run["steps"])


def ratio(ours, raw, clock):
    """For each step the median, over the rounds, of the ratio; together weighted by raw C's time.

    The step's own median keeps what happens in every run at that step (a checkpoint, a larger
    chunk) and leaves out what another process did to one of them.
    """
    weighted = weights = 0
    for mine, theirs in zip(zip(*(run["steps"] for run in ours)),
                            zip(*(run["steps"] for run in raw))):
        weight = statistics.median(step[clock] for step in theirs)
        weighted += weight * statistics.median(a[clock] / b[clock] for a, b in zip(mine, theirs))
        weights += weight
    return weighted / weights


def compare(backend, case, form, measured, instructions, allocations):
    ours, raw = measured[OURS], measured[form]
    rounds = [total(a, 0) / total(b, 0) for a, b in zip(ours, raw)]
    operations = case.count if case.count > 1 else case.table
    row = {
        "bench": case.name, "backend": backend, "raw": form.removeprefix("raw_"),
        "ratio": round(ratio(ours, raw, 0), 3), "cpu_ratio": round(ratio(ours, raw, 1), 3),
        "instructions_ratio": None,
        "allocations_per_row": round(allocations["allocations"] / rows_of(case, allocations), 5),
        "ratio_min": round(min(rounds), 3), "ratio_max": round(max(rounds), 3),
        "pairs": len(rounds),
        "ours_us": microseconds(ours, operations), "raw_us": microseconds(raw, operations),
    }
    if instructions:
        mine, theirs = instructions[OURS], instructions[form]
        row["instructions_ratio"] = round(sum(mine.values()) / sum(theirs.values()), 3)
        row[f"ours_instructions_per_{case.unit}"] = round(sum(mine.values()))
        row[f"raw_instructions_per_{case.unit}"] = round(sum(theirs.values()))
        row[f"library_instructions_per_{case.unit}"] = round(mine["core"])
        for owner in ("values", "driver", "client", "libc"):
            row[f"ours_{owner}_instructions_per_{case.unit}"] = round(mine.get(owner, 0))
    return row


def microseconds(runs, operations):
    return round(statistics.median(total(run, 0) for run in runs) / 1000 / operations, 3)


def judge(case, row):
    """The bars that are exceeded; only the malloc and the pipeline form have bars."""
    bars = case.bars[row["backend"]]
    if row["raw"] == "pipeline":
        bars = {"ratio": bars["pipeline"]}
    elif row["raw"] != "malloc":
        return
    measured = {name: bar for name, bar in bars.items() if row.get(name) is not None}
    row["bars"] = measured
    row["over"] = [name for name, bar in measured.items() if row[name] > bar]


def run_case(bench, case):
    with OneProcessor(bench.backend, case):
        measured = measure(bench, case)
    allocations = bench.run(case, OURS, "allocations")
    instructions = {}
    if not bench.options.no_instructions:
        instructions = {side: bench.instructions(case, side)
                        for side in [*forms_of(bench.backend, case), OURS]}
    rows = [compare(bench.backend, case, form, measured, instructions, allocations)
            for form in forms_of(bench.backend, case)]
    for row in rows:
        judge(case, row)
        print(json.dumps(row), flush=True)
    return rows


def say(text=""):
    print(text, file=sys.stderr, flush=True)


def cell(row, name):
    value = row.get(name)
    if value is None:
        return "-"
    text = f"{value:.0f}" if name.startswith("library") else f"{value:.2f}"
    bar = row.get("bars", {}).get(name)
    return text if bar is None else f"{text} (≤{bar:g})"


def print_table(rows):
    say(f"{'bench':<20}{'backend':<10}{'raw':<9}{'wall':>15}{'range':>13}{'cpu':>14}"
        f"{'instructions':>15}{'library':>14}{'alloc/row':>14}{'us raw':>9}{'ours':>9}")
    for row in rows:
        library = next((name for name in row if name.startswith("library_")), "library_")
        say(f"{row['bench']:<20}{row['backend']:<10}{row['raw']:<9}{cell(row, 'ratio'):>15}"
            f"{row['ratio_min']:>8.2f}-{row['ratio_max']:.2f}"
            f"{cell(row, 'cpu_ratio'):>14}{cell(row, 'instructions_ratio'):>15}"
            f"{cell(row, library):>14}{cell(row, 'allocations_per_row'):>14}"
            f"{row['raw_us']:>9.2f}{row['ours_us']:>9.2f}"
            f"  {verdict(row)}".rstrip())
    say("ratios are Ostler's over raw C's; the bars in brackets are for the malloc form. us and "
        "instructions are per row or call; one big query counts by rows of the table.")


def verdict(row):
    if "over" not in row:
        return ""
    return "over: " + ", ".join(row["over"]) if row["over"] else "ok"


def parse(arguments):
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--backend", action="append",
                        choices=["sqlite", "postgres", "mysql", "mongodb"],
                        help="default: sqlite; may be repeated")
    parser.add_argument("--only", action="append", metavar="NAME",
                        choices=[case.name for case in CASES], help="one case; may be repeated")
    parser.add_argument("--quick", action="store_true",
                        help="a tenth of everything, 5 pairs: for a look, not for a verdict")
    parser.add_argument("--pairs", type=int, help="rounds, at least 5; default 7")
    parser.add_argument("--no-instructions", action="store_true", help="leave callgrind out")
    parser.add_argument("--dir", help="where the files lie; default: the folder for temporary ones")
    parser.add_argument("--plot", metavar="FILE.svg", help="draws the ratios")
    parser.add_argument("--strict", action="store_true", help="a bar that is exceeded is a failure")
    options = parser.parse_args(arguments)
    if options.pairs is None:
        options.pairs = 5 if options.quick else 7
    if options.pairs < 5:
        parser.error("--pairs must be at least 5")
    if not options.no_instructions and not shutil.which("valgrind"):
        parser.error("valgrind is missing: apt-get install valgrind, or --no-instructions")
    return options


def run_backend(options, backend, cases, folder, rows, failures):
    try:
        bench = Bench(options, backend, folder)
    except Failure as failure:
        failures.append(str(failure))
        return
    for case in (fewer_scans(case, backend) for case in cases):
        if isinstance(case.bars[backend], str):
            say(f"{case.name} is not measured on {backend}: {case.bars[backend]}")
            continue
        try:
            rows += run_case(bench, case)
        except Failure as failure:
            failures.append(str(failure))
            print(json.dumps({"bench": case.name, "backend": backend, "error": str(failure)}),
                  flush=True)
    if backend != "sqlite":
        bench.places.finish()


def main():
    options = parse(sys.argv[1:])
    cases = [case for case in CASES if not options.only or case.name in options.only]
    if options.quick:
        cases = [case.scaled(10) for case in cases]
    rows, failures = [], []
    with tempfile.TemporaryDirectory(prefix="ostler-bench-", dir=options.dir) as folder:
        say(f"files in {folder}; {options.pairs} pairs; load {os.getloadavg()[0]:.1f} on "
            f"{os.cpu_count()} processors")
        for backend in options.backend or ["sqlite"]:
            run_backend(options, backend, cases, folder, rows, failures)
    print_table(rows)
    if os.getloadavg()[0] > (os.cpu_count() or 1):
        say("the machine was busy with other work: its wall times are no verdict, the "
            "instructions are")
    for failure in failures:
        say(f"failed: {failure}")
    if options.plot and rows:
        with open(options.plot, "w", encoding="utf-8") as out:
            out.write(plot.draw(rows))
    over = any(row.get("over") for row in rows)
    return 1 if failures or (options.strict and over) else 0


if __name__ == "__main__":
    sys.exit(main())
