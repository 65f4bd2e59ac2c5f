# SPDX-License-Identifier: MIT
"""How long the compiler takes over models: 100 models of 30 fields, each in a file of its own.

Each file must compile in under a second at -O2. Files are compiled one at a time; one that took too
long is measured again, twice at most, because another program may have had the processor.
"""

import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from checks import ROOT, WARNINGS, Checks, run

MODELS, FIELDS, LIMIT_SECONDS, ATTEMPTS = 100, 30, 1.0, 3

# Type of a member, what its field says, and a value that it is compared with.
KINDS = [
    ("int", ".min = OST_INT(0), .max = OST_INT(1000)", "7"),
    ("const char *", ".required = true, .trim = true, .max_length = 80", '"text"'),
    ("ost_opt_int64", ".default_value = OST_INT(3)", "7"),
    ("bool", ".not_null = true", "true"),
    ("ost_decimal", ".precision = 12, .scale = 2, .min = OST_UNITS(0, 2)", "10"),
    ("ost_time", ".stamp = OST_ON_UPDATE", "(ost_time){ 0 }"),
    ("double", ".not_null = true", "1.5"),
    ("ost_uuid", ".hidden = true", "(ost_uuid){ { 0 } }"),
    ("ost_opt_date", ".immutable = true", "(ost_date){ 0 }"),
    ("int16_t", '.values = OST_NAMES("low", "middle", "high")', "1"),
]


def model(number):
    """A source with one model and a function that stores, asks and changes."""
    members = [(f"m{i}", *KINDS[(i + number) % len(KINDS)]) for i in range(1, FIELDS)]
    struct = "".join(f"    {kind} {name};\n" for name, kind, _, _ in members)
    fields = ",\n".join(f"    OST_FIELD(record, {name}, {options})"
                        for name, _, options, _ in members)
    wheres = "".join(f"    ost_where(q, ost_ge(record, {name}, {value}));\n"
                     for name, _, _, value in members[:6])
    return f"""#include <ostler/ostler.h>
typedef struct record {{
    int64_t id;
{struct}}} record;
OST_RECORD(record, id);
OST_MODEL(record, .table = "records", OST_FIELDS(
    OST_FIELD(record, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
{fields}),
    OST_INDEXES(OST_INDEX(OST_ASC(record, m1), OST_DESC(record, m2))));

ost_status use_record(ost_session *s, record *r, int64_t *matched)
{{
    size_t count;
    ost_query *q = ost_from(s, record);
{wheres}    ost_order_by(q, ost_asc(record, m3));
    ost_limit(q, 20);
    if (!ost_all(q, record, &count))
        return (ost_status)ost_session_error(s)->status;
    OST_TRY(ost_insert(s, record, r));
    return ost_update(q, matched, ost_set(record, {members[0][0]}, {members[0][3]}));
}}
"""


def seconds_for(compiler, source):
    """Wall time of one compilation; the best of a few if the first took too long."""
    best = None
    for _ in range(ATTEMPTS):
        start = time.monotonic()
        status, said = run([compiler, "-std=c11", "-O2", *WARNINGS, f"-I{ROOT / 'include'}",
                            "-c", source, "-o", "/dev/null"])
        best = min(best or LIMIT_SECONDS * 1000, time.monotonic() - start)
        if status:
            return best, said
        if best < LIMIT_SECONDS:
            break
    return best, ""


def measure(compiler, sources, checks):
    times = []
    for source in sources:
        seconds, said = seconds_for(compiler, source)
        times.append(seconds)
        if said:
            checks.check(f"compile time: {compiler} {source.name}", said)
            return
    print(f"{compiler} -O2, {len(times)} models of {FIELDS} fields: each {min(times):.3f} s to "
          f"{max(times):.3f} s, median {statistics.median(times):.3f} s, all {sum(times):.1f} s")
    slow = f"the slowest took {max(times):.2f} s, more than {LIMIT_SECONDS} s"
    checks.check(f"compile time: {compiler}", slow if max(times) >= LIMIT_SECONDS else "")


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        sources = [pathlib.Path(folder) / f"model{number}.c" for number in range(MODELS)]
        for number, source in enumerate(sources):
            source.write_text(model(number))
        for compiler in ("gcc", "clang-14"):
            measure(compiler, sources, checks)
    checks.finish()


main()
