# SPDX-License-Identifier: MIT
"""Runs the atlas on the real data, and checks what it says against the same files read by Python;
and the blog.

usage: run.py PROGRAMS DATA: the folder of the two programs, and that of the atlas's input files.
"""

import collections
import json
import os
import pathlib
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from blog import check_blog
from checks import Checks

FILES = {"countries": ("iso_3166-1.json", "3166-1"), "subdivisions": ("iso_3166-2.json", "3166-2"),
         "languages": ("iso_639-3.json", "639-3"), "cities": ("cities15000.json", None)}
TABLES = {"countries": "country", "subdivisions": "subdivision", "languages": "language",
          "cities": "city"}
LANGUAGE_TYPES = {"L": "living", "E": "extinct", "A": "ancient", "H": "historical",
                  "C": "constructed", "S": "special"}
SCOPES = {"I": "individual", "M": "macrolanguage", "S": "special"}
# What differs between two runs by its nature: the time, and keys that are never given twice.
CHANGING = {"id", "made_at"}


class Data:
    """The input, read without the library; Python's own rules stand beside those of the queries."""

    def __init__(self, folder):
        lists = {}
        for noun, (name, key) in FILES.items():
            content = json.loads((folder / name).read_text(encoding="utf-8"))
            lists[noun] = content[key] if key else list(content.values())
        self.counts = {noun: len(items) for noun, items in lists.items()}
        self.countries, self.subdivisions = lists["countries"], lists["subdivisions"]
        self.languages, self.cities = lists["languages"], lists["cities"]
        codes = {country["alpha_2"] for country in self.countries}
        for city in self.cities:
            city["country"] = city["countrycode"] if city["countrycode"] in codes else None
            city["people"] = city["population"] or None

    def top(self, count, condition):
        """The populations of the largest cities that meet a condition."""
        found = sorted((c["population"] for c in self.cities if condition(c)), reverse=True)
        return found[:count]

    def by_country(self, condition=lambda city: True):
        groups = collections.defaultdict(list)
        for city in self.cities:
            if condition(city):
                groups[city["country"]].append(city)
        return groups


def run(atlas, *arguments):
    """Status, standard output and standard error of a run without a terminal."""
    done = subprocess.run([atlas, *map(str, arguments)], capture_output=True, encoding="utf-8",
                          check=False, timeout=300, env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stdout, done.stderr


def run_on_terminal(command, environment):
    """What a command writes to a terminal, which is its standard output and error."""
    master, slave = pty.openpty()
    child = subprocess.Popen(command, stdout=slave, stderr=slave, stdin=subprocess.DEVNULL,
                             env={**os.environ, "TERM": "xterm", **environment})
    os.close(slave)
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    return child.wait(), b"".join(chunks).decode()


def differs(name, got, expected):
    """A sentence if two values differ, else nothing."""
    return "" if got == expected else f"{name}: got {got!r}, expected {expected!r}"


def populations(rows):
    return [row.get("population") for row in rows]


def stable(document):
    """A document without what differs between two runs."""
    if isinstance(document, dict):
        return {key: stable(value) for key, value in document.items() if key not in CHANGING}
    return [stable(item) for item in document] if isinstance(document, list) else document


def check_counts(checks, document, data):
    first = list(document)[:5]
    checks.check("atlas: the document's members",
                 differs("members", first, [*FILES, "answers"]))
    for noun, count in data.counts.items():
        checks.check(f"atlas: counts {noun}", differs(noun, document.get(noun), count))
    checks.check("atlas: at least twelve answers",
                 "" if len(document["answers"]) >= 12 else f"only {len(document['answers'])}")
    for answer in document["answers"]:
        good = answer.get("question") and isinstance(answer.get("rows"), list) and answer["rows"]
        checks.check(f"atlas: {answer.get('name')} has a question and rows", "" if good else "no")


def stored_cities(database):
    rows = database.execute("SELECT id, name, country_code, region_code, population, latitude, "
                            "longitude, time_zone FROM city")
    return {row[0]: row[1:] for row in rows}


def check_stored(checks, path, data):
    """What the file holds, read by another program: every city, every subdivision's parent."""
    with sqlite3.connect(path) as database:
        for noun, table in TABLES.items():
            count = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            checks.check(f"atlas: stores {noun}", differs(table, count, data.counts[noun]))
        expected = {c["geonameid"]: (c["name"], c["country"], c["admin1code"] or None, c["people"],
                                     round(c["latitude"] * 1e5), round(c["longitude"] * 1e5),
                                     c["timezone"]) for c in data.cities}
        got = stored_cities(database)
        wrong = [(key, got.get(key), row) for key, row in expected.items() if got.get(key) != row]
        checks.check("atlas: stores every city as it is", repr(wrong[:3]) if wrong else "")
        parents = dict(database.execute("SELECT code, parent_code FROM subdivision"))
        for item in data.subdivisions:
            parent = item.get("parent")
            if parent and "-" not in parent:
                parent = f"{item['code'][:2]}-{parent}"
            item["full_parent"] = parent
        wrong = [i for i in data.subdivisions if parents.get(i["code"]) != i["full_parent"]]
        checks.check("atlas: stores every subdivision's parent", repr(wrong[:3]) if wrong else "")
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
        checks.check("atlas: leaves no broken foreign key", repr(broken[:3]) if broken else "")


def check_cities(checks, answers, data):
    islands = {c["alpha_2"] for c in data.countries if "island" in c["name"].lower()}
    expected = {
        "largest_cities": data.top(10, lambda c: True),
        "brazilian_millions": data.top(None, lambda c: c["country"] == "BR"
                                       and 1000000 <= c["population"] <= 2000000),
        "saints_in_portuguese": data.top(8, lambda c: c["name"].casefold().startswith("são ")),
        "outside_the_standard": data.top(5, lambda c: c["country"] is None),
        "island_cities": data.top(8, lambda c: c["country"] in islands),
    }
    for name, numbers in expected.items():
        checks.check(f"atlas: {name}", differs(name, populations(answers[name]["rows"]), numbers))
    arctic = sorted((c["name"] for c in data.cities
                     if abs(c["latitude"]) >= 66.5634 and c["population"] >= 40000))
    got = sorted(row["name"] for row in answers["beyond_the_polar_circle"]["rows"])
    checks.check("atlas: beyond_the_polar_circle", differs("names", got, arctic))
    german = sorted((c for c in data.cities if c["country"] == "DE"),
                    key=lambda c: (-c["population"], c["geonameid"]))
    answer = answers["german_cities"]
    checks.check("atlas: german_cities", differs("page", [r["id"] for r in answer["rows"]],
                                                 [c["geonameid"] for c in german[20:30]]))
    pages = (answer["page"], answer["pages"], answer["total"])
    checks.check("atlas: german_cities' pages",
                 differs("pages", pages, (3, -(-len(german) // 10), len(german))))


def check_groups(checks, answers, data):
    totals = []
    for code, cities in data.by_country(lambda c: c["country"]).items():
        people = [c["people"] for c in cities if c["people"]]
        if len(cities) > 500:
            totals.append({"country_code": code, "cities": len(cities), "people": sum(people),
                           "largest": max(people), "average": sum(people) / len(people)})
    totals.sort(key=lambda row: -row["people"])
    got = answers["urban_countries"]["rows"]
    near = [abs(a["average"] - b["average"]) < 1e-6 for a, b in zip(got, totals)]
    checks.check("atlas: urban_countries' averages", "" if near and all(near) else repr(got[:2]))
    for row in got + totals:
        row.pop("average")
    checks.check("atlas: urban_countries", differs("groups", got, totals[:10]))

    kinds = collections.Counter((LANGUAGE_TYPES[l["type"]], SCOPES[l["scope"]])
                                for l in data.languages)
    got = {(r["type"], r["scope"]): r["languages"] for r in answers["kinds_of_languages"]["rows"]}
    checks.check("atlas: kinds_of_languages", differs("groups", got, dict(kinds)))

    divisions = collections.defaultdict(list)
    for item in data.subdivisions:
        if "parent" not in item:
            divisions[item["type"]].append(item["code"][:2])
    expected = sorted(map(len, divisions.values()), reverse=True)[:8]
    rows = answers["kinds_of_subdivisions"]["rows"]
    checks.check("atlas: kinds_of_subdivisions",
                 differs("counts", [row["subdivisions"] for row in rows], expected))
    checks.check("atlas: kinds_of_subdivisions' countries",
                 differs("countries", [row["countries"] for row in rows],
                         [len(set(divisions[row["type"]])) for row in rows]))


def check_zones(checks, answers, data):
    zones = collections.defaultdict(list)
    for city in data.cities:
        zones[city["timezone"]].append(round(city["latitude"] * 1e5))
    rows = answers["widest_time_zones"]["rows"]
    expected = sorted(map(len, zones.values()), reverse=True)[:len(rows)]
    checks.check("atlas: widest_time_zones",
                 differs("counts", [row["cities"] for row in rows], expected))
    for row in rows:
        ends = tuple(round(float(row[end]) * 1e5) for end in ("southernmost", "northernmost"))
        zone = zones[row["time_zone"]]
        checks.check(f"atlas: {row['time_zone']} from south to north",
                     differs("latitudes", ends, (min(zone), max(zone))))


def check_languages(checks, answers, data):
    signs = [l["name"] for l in data.languages
             if "sign language" in l["name"].lower() and l["type"] == "L"]
    answer = answers["sign_languages"]
    checks.check("atlas: sign_languages", differs("total", answer["total"], len(signs)))
    checks.check("atlas: sign_languages in order",
                 differs("names", [row["name"] for row in answer["rows"]],
                         sorted(signs, key=str.encode)[:8]))
    invented = [l["name"] for l in data.languages
                if l["type"] == "C" and l["alpha_3"] not in ("epo", "ido", "ina", "vol")]
    checks.check("atlas: constructed_languages",
                 differs("names", [r["name"] for r in answers["constructed_languages"]["rows"]],
                         sorted(invented, key=str.encode)[:8]))
    same = sorted(c["name"] for c in data.countries if c["name"] == c.get("official_name"))
    got = sorted(row["name"] for row in answers["officially_the_same"]["rows"])
    checks.check("atlas: officially_the_same", differs("names", got, same))


def facts(answer):
    return [row.get("value") for row in answer["rows"]]


def check_changes(checks, answers, data):
    icelandic = [c["population"] for c in data.cities if c["country"] == "IS"]
    before, people = sum(icelandic), len(icelandic)
    checks.check("atlas: growing_iceland", differs("facts", facts(answers["growing_iceland"]), [
        before, people, before + 1000 * people, before]))
    indian = sum(c["population"] for c in data.cities if c["country"] == "IN")
    unknown = sum(not c["population"] for c in data.cities)
    equator = int(any(c["latitude"] == 0 for c in data.cities))
    checks.check("atlas: a_few_numbers",
                 differs("facts", facts(answers["a_few_numbers"]), [indian, unknown, equator]))
    rules = {(re.sub(r".*\.", "", row["path"]), row["rule"])
             for row in answers["bad_bookmarks"]["rows"]}
    expected = {("note", "required"), ("stars", "min"), ("note", "max_length"), ("stars", "max")}
    checks.check("atlas: bad_bookmarks", differs("rules", rules, expected))
    notes = [(row["note"], row.get("stars")) for row in answers["changed_mind"]["rows"]]
    checks.check("atlas: changed_mind", differs("bookmarks", notes, [
        ("trams, tiles and custard tarts", 3), ("temples in autumn", 5)]))
    checks.check("atlas: failed_transaction",
                 differs("facts", facts(answers["failed_transaction"]), [2, None, 2]))
    notes = [row["note"] for row in answers["nested_savepoint"]["rows"]]
    checks.check("atlas: nested_savepoint", differs("bookmarks", notes, [
        "trams, tiles and custard tarts", "temples in autumn", "the equator"]))
    checks.check("atlas: tidying_up", differs("facts", facts(answers["tidying_up"]), [3, 1, 2]))


def check_answers(checks, document, data):
    answers = {answer["name"]: answer for answer in document["answers"]}
    for check in (check_cities, check_groups, check_zones, check_languages, check_changes):
        try:
            check(checks, answers, data)
        except (KeyError, TypeError, ValueError) as error:
            checks.check(f"atlas: {check.__name__}", f"an answer has another form: {error!r}")


def check_tables(checks, atlas, data_folder, folder):
    """What a person sees: aligned numbers, and colour and progress on a terminal alone."""
    arguments = ["--data", data_folder, "--database", f"sqlite:{folder}/tables.db"]
    status, printed, said = run(atlas, *arguments)
    checks.check("atlas: tables", said if status else "")
    checks.check("atlas: plain outside a terminal", "escape codes" if "\033" in printed else "")
    checks.check("atlas: no progress outside a terminal", said)
    lines = printed.splitlines()
    start = next((i for i, line in enumerate(lines) if "Which ten cities" in line), None)
    table = lines[start + 2:start + 14] if start is not None else []
    end = table[0].find("population") + len("population") if table else -1
    good = end > 10 and all(re.search(r"[0-9]{2}$", row[:end]) and row[end:end + 2] == "  "
                            and "," in row[:end] for row in table[2:])
    checks.check("atlas: numbers end in one column", "" if good else "\n".join(table))

    command = [atlas, *map(str, arguments)]
    status, seen = run_on_terminal(command, {"NO_COLOR": ""})
    checks.check("atlas: on a terminal", seen if status else "")
    checks.check("atlas: progress on a terminal", "" if "importing cities:" in seen else seen[:300])
    checks.check("atlas: colour on a terminal", "" if "\033[1m" in seen else seen[-300:])
    status, seen = run_on_terminal(command, {"NO_COLOR": "1"})
    colour = re.search("\033\\[[0-9;]*m", seen)
    checks.check("atlas: no colour with NO_COLOR", repr(colour) if colour or status else "")


def slice_of(data_folder, folder, name, **replaced):
    """A folder with a little of the data, where some files have another text (None: no file)."""
    where = folder / name
    where.mkdir()
    for noun, (file, key) in FILES.items():
        content = json.loads((data_folder / file).read_text(encoding="utf-8"))
        if noun in replaced:
            if replaced[noun] is not None:
                (where / file).write_text(replaced[noun](content), encoding="utf-8")
        elif key:
            small = content if noun == "countries" else {key: content[key][:40]}
            (where / file).write_text(json.dumps(small), encoding="utf-8")
        else:
            small = dict(list(content.items())[:40])
            (where / file).write_text(json.dumps(small), encoding="utf-8")
    return where


def with_entry(key, number, **members):
    """Changes one entry of a file; a member that is None is left out."""
    def change(content):
        entry = content[key][number] if key else list(content.values())[number]
        for name, value in members.items():
            entry.pop(name, None)
            if value is not None:
                entry[name] = value
        return json.dumps(content)
    return change


def twice(content):
    """The second city with the number of the first."""
    items = list(content.values())[:40]
    items[1]["geonameid"] = items[0]["geonameid"]
    return json.dumps(dict(enumerate(items)))


BAD_DATA = {
    "missing": ({"cities": None}, "cities15000.json"),
    "broken": ({"languages": lambda content: json.dumps(content)[:5000]}, "is not JSON"),
    "not_json": ({"countries": lambda content: "hello"}, "iso_3166-1.json"),
    "other_shape": ({"subdivisions": lambda content: "[1, 2]"}, "no subdivisions"),
    "empty": ({"cities": lambda content: "{}"}, "no cities"),
    "no_name": ({"languages": with_entry("639-3", 16, name=None)}, '"name"'),
    "number_for_text": ({"cities": with_entry(None, 16, name=5)}, '"name"'),
    "text_for_number": ({"cities": with_entry(None, 16, population="many")}, '"population"'),
    "off_the_earth": ({"cities": with_entry(None, 16, latitude=91.5)}, "latitude"),
    "long_code": ({"countries": with_entry("3166-1", 3, alpha_2="AIX")}, '"alpha_2"'),
    "unknown_letter": ({"languages": with_entry("639-3", 5, type="Q")}, '"type"'),
    "unknown_parent": ({"subdivisions": with_entry("3166-2", 5, parent="ZZ")}, "subdivision"),
    "same_key": ({"cities": twice}, "city"),
}


def dump(path):
    with sqlite3.connect(path) as database:
        return list(database.iterdump())


def check_refused(checks, name, atlas, arguments, word, status=1):
    got, printed, said = run(atlas, *arguments)
    checks.check(f"atlas: {name} fails", differs("status", got, status))
    checks.check(f"atlas: {name} prints nothing", printed[:200])
    good = word in said and said.startswith("atlas: ")
    checks.check(f"atlas: {name} says why", "" if good else f"no {word!r} in {said!r}")


def check_bad_data(checks, atlas, data_folder, folder, imported):
    """Each on a database that holds an import, which must stay as it is, and once on a new one."""
    before = dump(imported)
    for name, (replaced, word) in BAD_DATA.items():
        bad = slice_of(data_folder, folder, name, **replaced)
        check_refused(checks, name, atlas,
                      ["--json", "--data", bad, "--database", f"sqlite:{imported}"], word)
        new = folder / f"{name}.db"
        run(atlas, "--data", bad, "--database", f"sqlite:{new}")
        rows = [line for line in (dump(new) if new.exists() else []) if line.startswith("INSERT")
                and "sqlite_sequence" not in line]
        checks.check(f"atlas: {name} leaves nothing in a new database", "\n".join(rows[:3]))
        shutil.rmtree(bad)
    after = dump(imported)
    checks.check("atlas: bad data leaves the old import as it was", "" if before == after else "no")


def check_bad_arguments(checks, atlas, data_folder, folder):
    data = ["--data", data_folder]
    checks_of = {
        "an unknown option": (["--colour"], "--colour", 2),
        "a missing value": (["--data"], "--data", 2),
        "a folder that is not there": (["--data", folder / "nowhere"], "nowhere", 1),
        "a database in no folder": ([*data, "--database", f"sqlite:{folder}/no/a.db"], "no", 1),
        "a database that is a folder": ([*data, "--database", f"sqlite:{folder}"], "opening", 1),
        "an unknown scheme": ([*data, "--database", "paper:atlas"], "paper", 1),
        "an unknown order": ([*data, "--database", "sqlite::memory:", "--json", "--sort",
                              "name; DROP TABLE city"], "sorted", 1),
        "an unknown direction": ([*data, "--database", "sqlite::memory:", "--json", "--sort",
                                  "name:sideways"], "sorted", 1),
    }
    for name, (arguments, word, status) in checks_of.items():
        check_refused(checks, name, atlas, arguments, word, status)
    text = folder / "text.db"
    text.write_text("this is not a database, though it is long enough for a header to be read" * 9)
    check_refused(checks, "a file that is no database", atlas,
                  [*data, "--database", f"sqlite:{text}"], "atlas: ")
    status, printed, said = run(atlas, "--help")
    good = status == 0 and "usage: atlas" in printed and not said
    checks.check("atlas: --help", "" if good else printed + said)


def check_full_disk(checks, atlas, data_folder):
    if not os.path.exists("/dev/full"):
        return
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([atlas, "--json", "--data", str(data_folder), "--database",
                               "sqlite::memory:"], stdout=full, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=300)
    good = done.returncode == 1 and "cannot be written" in done.stderr
    checks.check("atlas: says that the output cannot be written", "" if good else done.stderr)


def check_runs(checks, atlas, data_folder, folder, data):
    """Two runs on one file; the document of the second, and where the file is."""
    path = folder / "atlas.db"
    documents = []
    for number in ("first", "second"):
        status, printed, said = run(atlas, "--json", "--data", data_folder, "--database",
                                    f"sqlite:{path}")
        checks.check(f"atlas: the {number} run", said if status or said else "")
        if status:
            checks.finish()
        documents.append(json.loads(printed))
        check_stored(checks, path, data)
    checks.check("atlas: two runs say the same",
                 "" if stable(documents[0]) == stable(documents[1]) else "they do not")
    return documents[1], path


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: run.py PROGRAMS DATA")
    programs, data_folder = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    atlas, blog = str(programs / "atlas"), str(programs / "blog")
    checks = Checks()
    data = Data(data_folder)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_blog(checks, blog, folder)
        document, path = check_runs(checks, atlas, data_folder, folder, data)
        check_counts(checks, document, data)
        check_answers(checks, document, data)
        check_tables(checks, atlas, data_folder, folder)
        check_bad_data(checks, atlas, data_folder, folder, path)
        check_bad_arguments(checks, atlas, data_folder, folder)
        check_full_disk(checks, atlas, data_folder)
    checks.finish()


main()
