# SPDX-License-Identifier: MIT
"""Runs the blog, and looks at what it leaves in its database with another program."""

import os
import re
import sqlite3
import subprocess

from checks import ROOT

SOURCES = ROOT / "examples" / "blog"
PRINTED = ROOT / "examples" / "blog.txt"
PASSWORDS = ("notes on the engine", "a moth in the relay", "enchantress of number")


def run(blog, *arguments):
    """Status, standard output and standard error."""
    done = subprocess.run([blog, *map(str, arguments)], capture_output=True, encoding="utf-8",
                          check=False, timeout=60, env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stdout, done.stderr


def check_runs(checks, blog, path):
    """The second run finds what the first one left."""
    expected = PRINTED.read_text(encoding="utf-8")
    for number in ("first", "second"):
        status, printed, said = run(blog, f"sqlite:{path}")
        checks.check(f"blog: the {number} run", said if status or said else "")
        checks.check(f"blog: the {number} run prints examples/blog.txt",
                     "" if printed == expected else printed)


def check_stored(checks, path):
    with sqlite3.connect(path) as database:
        users = database.execute("SELECT name, email, password, left_at IS NOT NULL "
                                 "FROM blog_users ORDER BY id").fetchall()
        posts = database.execute("SELECT slug, author, published_at IS NOT NULL FROM blog_posts "
                                 "ORDER BY slug").fetchall()
    got = [(name, email, left) for name, email, _, left in users]
    checks.check("blog: who has left is kept, and the address is used again", "" if got == [
        ("ada", "ada@example.org", 1), ("grace", "grace@example.org", 0),
        ("ada", "ada@example.org", 0)] else repr(got))
    bad = [name for name, _, password, _ in users
           if not re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", password)]
    checks.check("blog: stores hashes", ", ".join(bad))
    stored = b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))
    found = [password for password in PASSWORDS if password.encode() in stored]
    checks.check("blog: stores no password", ", ".join(found))
    checks.check("blog: posts", "" if posts == [
        ("a-letter-to-babbage", "nobody", 0), ("on-engines", "nobody", 1),
        ("on-engines-2", "nobody", 1), ("the-first-bug", "grace", 1),
        ("words-for-machines", "grace", 1)] else repr(posts))


def check_refused(checks, blog, folder):
    text = folder / "text.db"
    text.write_text("this is not a database, though it is long enough for a header to be read" * 9)
    for name, arguments, word, expected in (
            ("an option", ["--help"], "usage: blog", 2),
            ("two databases", ["sqlite::memory:", "sqlite::memory:"], "usage: blog", 2),
            ("an unknown scheme", ["paper:blog"], "paper", 1),
            ("a file that is no database", [f"sqlite:{text}"], "not a database", 1),
            ("a folder that is not there", [f"sqlite:{folder}/no/blog.db"], "blog: ", 1)):
        status, printed, said = run(blog, *arguments)
        good = status == expected and not printed and word in said
        checks.check(f"blog: refuses {name}", "" if good else f"{status}: {said}{printed}")
    if os.path.exists("/dev/full"):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([blog], stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False, timeout=60)
        good = done.returncode == 1 and "cannot be written" in done.stderr
        checks.check("blog: says that the output cannot be written", "" if good else done.stderr)


def check_one_source(checks):
    """Of all its sources only the list of drivers names a database."""
    names = re.compile("sqlite|postgres|mysql|maria|mongo", re.IGNORECASE)
    named = [path.name for path in sorted(SOURCES.glob("*.[ch]"))
             if path.name != "main.c" and names.search(path.read_text(encoding="utf-8"))]
    checks.check("blog: is one source for every database", ", ".join(named))


def check_blog(checks, blog, folder):
    path = folder / "blog.db"
    check_runs(checks, blog, path)
    check_stored(checks, path)
    check_refused(checks, blog, folder)
    check_one_source(checks)
