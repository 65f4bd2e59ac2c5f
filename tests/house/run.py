# SPDX-License-Identifier: MIT
"""The rules of the house that a program can check. Each is a function that lists what breaks it."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from checks import ROOT, Checks, each, run, tree_files, without_comments

# What a folder may include beside itself. Includes go one way.
BASE, MODEL, QUERY = "src/base", "src/model", "src/query"
LAYERS = {
    "src/base": [],
    "src/model": [BASE],
    "src/query": [BASE, MODEL],
    "src/sql": [BASE, MODEL, QUERY],
    "src/pool": [BASE, MODEL, QUERY],
    "src/cache": [BASE, MODEL, QUERY],
    "src/session": [BASE, MODEL, QUERY, "src/pool", "src/cache"],
    "src/schema": [BASE, MODEL, QUERY, "src/pool", "src/cache", "src/session"],
    "src/cli": [BASE, MODEL, QUERY, "src/pool", "src/cache", "src/session", "src/schema"],
    "drivers/*": [BASE, "src/sql"],
}
CORE = ("src/base/", "src/model/", "src/query/", "src/pool/", "src/session/", "src/schema/")
DRIVER_NAMES = re.compile(r"sqlite|postgres|libpq|mysql|mariadb|mongo|bson", re.IGNORECASE)
ALLOCATION = re.compile(r"(?<![\w.>])(?:malloc|calloc|realloc|reallocarray|free|strn?dup)\s*\(")
ALLOCATION_HOME = "src/base/memory.c"
BANNED = re.compile(r"(?<![\w.>])(?:strcpy|strcat|strncat|v?sprintf|strtok|ato[ifl]|atoll|gets"
                    r"|setlocale|alloca|system|abort|exit|longjmp)\s*\(")
PRINTING = re.compile(r"(?<![\w.>])(?:v?printf|v?fprintf|puts|fputs|putchar|perror)\s*\(")
LOGGER = re.compile(r"src/(?:session|pool)/log\.c")

MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root|farm|home|Users)/")
HOSTS = re.compile(r'(?<!xmlns=")https?' + r"://")
GENERATED = re.compile(r"(^|/)(build|__pycache__|CMakeFiles|\.cache)/|CMakeCache\.txt$"
                       r"|compile_commands\.json$|\.(o|a|so|d|pyc|gcda|gcno|db|db-wal|db-shm|log)$")

MAX_LINE, MAX_FILE, MAX_FUNCTION = 100, 600, 70
SOURCES = (".c", ".h")
SCRIPTS = (".py", ".sh", ".cmake")


def text_of(path):
    return (ROOT / path).read_text(errors="replace")


def matches(pattern, path, text):
    """Each line of a text that a pattern is found on, with its place."""
    return [f"{path}:{number}: {line.strip()[:90]}"
            for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def code_under(*folders):
    """Sources under folders of the tree, each with its text without comments."""
    return [(path, without_comments(text_of(path))) for path in tree_files(*SOURCES)
            if str(path).startswith(folders)]


def layer_of(path):
    parts = path.parts
    return f"{parts[0]}/{parts[1]}" if len(parts) > 2 else None


def layer_of_include(path, name):
    """The layer that an include names, None for public and foreign headers."""
    for parent in (path.parent, pathlib.PurePosixPath("src"), pathlib.PurePosixPath("drivers")):
        if (ROOT / parent / name).is_file():
            return layer_of(parent / name)
    return None


def reached_from(header):
    """Public headers that a public header brings along, itself among them."""
    reached, left = set(), [header]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            text = text_of(f"include/{name}")
            left += re.findall(r'^#include "(ostler/[^"]+)"', text, re.MULTILINE)
    return reached


def wrong_includes():
    problems = []
    for_drivers = reached_from("ostler/driver.h")
    for path, code in code_under("src/", "drivers/"):
        layer = layer_of(path)
        driver = path.parts[0] == "drivers"
        allowed = LAYERS.get("drivers/*" if driver else layer)
        if allowed is None:
            problems.append(f"{path}: this folder has no place among the layers")
            continue
        for name in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', code, re.MULTILINE):
            target = layer_of_include(path, name)
            if target and target != layer and target not in allowed:
                problems.append(f'{path}: "{name}": {layer} may not include {target}')
            if driver and name.startswith("ostler/") and name not in for_drivers:
                problems.append(f'{path}: "{name}": a driver includes ostler/driver.h')
    return problems


def without_sentences(code):
    """Code without those strings that are more than a name."""
    def name_alone(found):
        return found.group(0) if re.fullmatch(r"[\w:/]*", found.group(1)) else '""'

    return re.sub(r'"((?:\\.|[^"\\\n])*)"', name_alone, code)


def core_names_no_driver():
    """A sentence for people may name one, such as "use one such as sqlite:file.db"."""
    return [row for path, code in code_under(*CORE)
            for row in matches(DRIVER_NAMES, path, without_sentences(code))]


def allocation():
    return [row for path, code in code_under("src/", "drivers/") if str(path) != ALLOCATION_HOME
            for row in matches(ALLOCATION, path, without_comments(code, keep_strings=False))]


def banned_functions():
    problems = []
    for path, code in code_under("src/", "drivers/"):
        code = without_comments(code, keep_strings=False)
        problems += matches(BANNED, path, code)
        if not LOGGER.fullmatch(str(path)):
            problems += matches(PRINTING, path, code)
    return problems


def spdx():
    problems = []
    for path in tree_files(*SOURCES):
        if not text_of(path).startswith("/* SPDX-License-Identifier: MIT */\n"):
            problems.append(f"{path}: does not start with the SPDX line")
    named = [path for path in tree_files() if path.suffix in SCRIPTS or str(path) == ".ci/run"
             or path.name == "CMakeLists.txt"]
    for path in named:
        if "# SPDX-License-Identifier: MIT" not in text_of(path).splitlines()[:2]:
            problems.append(f"{path}: has no SPDX line on top")
    return problems


def code_width(path, line):
    """Width of a line. In a public header the comment behind a declaration may be longer."""
    if path.parts[0] == "include":
        line = "" if line.startswith((" *", "/**")) else re.sub(r"\s*/\*\*.*\*/\s*\\?$", "", line)
        line = "" if line.lstrip().startswith("/**") else line
    return len(line)


def lengths():
    problems = []
    for path in tree_files(*SOURCES, *SCRIPTS):
        lines = text_of(path).splitlines()
        if len(lines) > MAX_FILE:
            problems.append(f"{path}: {len(lines)} lines, more than {MAX_FILE}")
        for number, line in enumerate(lines, 1):
            if code_width(path, line) > MAX_LINE:
                problems.append(f"{path}:{number}: {len(line)} columns, more than {MAX_LINE}")
    return problems


def functions(lines):
    """First line, name and length of each function: its body's braces stand alone in column one."""
    opened = None
    for number, line in enumerate(lines):
        if line == "{":
            opened = number
            while opened > 0 and re.match(r"[\w* ]|\s+\S", lines[opened - 1]) \
                    and not lines[opened - 1].rstrip().endswith((";", "}", "*/")):
                opened -= 1
        elif line == "}" and opened is not None:
            head = " ".join(lines[opened:number])
            name = re.search(r"(\w+)\s*\(", head)
            yield opened + 1, name.group(1) if name else "?", number - opened + 1
            opened = None


def long_functions():
    problems = []
    for path in tree_files(*SOURCES):
        for line, name, length in functions(text_of(path).splitlines()):
            if length > MAX_FUNCTION:
                problems.append(f"{path}:{line}: {name} has {length} lines, over {MAX_FUNCTION}")
    return problems


def form():
    listed = (ROOT / "tests/house/unformatted.txt").read_text().splitlines()
    left_out = {line for line in listed if line and not line.startswith("#")}
    problems = [f"tests/house/unformatted.txt: no file {name}" for name in sorted(left_out)
                if not (ROOT / name).is_file()]
    paths = [path for path in tree_files(*SOURCES) if str(path) not in left_out]
    groups = [paths[start::4] for start in range(4) if paths[start::4]]
    command = ["clang-format-14", "--dry-run", "-Werror"]
    for _, said in each(lambda group: run(command + group), groups):
        places = re.findall(r"^(\S+:\d+):\d+: error: code should", said, re.MULTILINE)
        problems += [f"{place}: run clang-format-14 -i" for place in dict.fromkeys(places)]
    return problems


def machine_paths():
    return [row for path in tree_files() for row in matches(MACHINE_PATHS, path, text_of(path))]


def hosts():
    paths = [path for path in tree_files() if path.suffix in SCRIPTS
             or path.name == "CMakeLists.txt" or path.parts[0] in (".ci", "cmake")]
    return [row for path in paths for row in matches(HOSTS, path, text_of(path))]


def generated():
    return [f"{path}: generated, not written" for path in tree_files()
            if GENERATED.search(str(path))]


RULES = {
    "includes go one way": wrong_includes,
    "the core names no driver": core_names_no_driver,
    "allocation in src/base/memory.c alone": allocation,
    "no banned functions": banned_functions,
    "SPDX lines": spdx,
    "lengths of lines and files": lengths,
    "lengths of functions": long_functions,
    "clang-format": form,
    "no paths of a machine": machine_paths,
    "no hosts in scripts": hosts,
    "nothing generated": generated,
}


def main():
    checks = Checks()
    for name, rule in RULES.items():
        checks.check(f"house: {name}", "\n".join(rule()))
    checks.finish()


main()
