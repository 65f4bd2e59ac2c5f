#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real database servers for the tests: PostgreSQL, MariaDB, PgBouncer in front of PostgreSQL, and
MongoDB, a replica set of one.

usage: services.py start   [--folder F] [--private] [--tls CERTIFICATE] [--set SETTING] [SERVER...]
       services.py stop    [--folder F] [SERVER...]
       services.py pause|resume|kill|restart [--folder F] SERVER
       services.py env     [--folder F]

SERVER is postgres, mariadb, pgbouncer or mongodb; `start` without one starts all. F is where they
keep everything; without it, the folder of OST_TEST_SERVICES.

start    Starts what does not answer yet, and returns when it does. Servers listen on 127.0.0.1 and
         on a unix socket, run as an unprivileged user, and stay until `stop`. F/env then holds
             OST_TEST_POSTGRES_URL, OST_TEST_MYSQL_URL, OST_TEST_PGBOUNCER_URL,
             OST_TEST_MONGODB_URL  the admin's URLs
             OST_TEST_CA        the certificate that signed theirs
             OST_TEST_SERVICES  F
         in the form of a shell. What the environment names already is used, not started, unless
         --private is given. --tls lets them show another certificate: wrong-host, self-signed or
         expired. --set NAME=VALUE or SERVER.NAME=VALUE changes a setting of a server, of the first
         one named if it does not say which. A server that was stopped keeps its data and its port.
stop     Stops the servers named and keeps their data; without a name all of them, with those that
         tests started under F/private, and removes their files from F.
pause    Stops each process of a server with SIGSTOP; resume lets them go on.
kill     Ends each of them with SIGKILL, as a crash would.
restart  Stops a server and starts it on the same port.
env      Prints F/env with `export` before each line.

Beside the server's certificate F/tls (or the folder of OST_TEST_CA) has client.pem and client.key,
with which the user `certified` gets in without a password; client-both.pem is both, for MongoDB,
which makes no such user by itself. Passwords are made for each folder.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

from certificates import CERTIFICATES, make_certificates
from kinds import ADMIN, COMMANDS, OPTIONS, SCHEMES, URLS, answers, prepare, templates_of
from machine import (Failure, family, free_port, listener, process, rights, send, stop_family,
                     wait_until)

READY_SECONDS = 60
STOP_SECONDS = 20
START_TRIES = 5
PLACE_MAX = 70  # a socket's path may have 107 bytes


class Folder:
    """What is known of the servers of a folder: state.json, under a lock."""

    def __init__(self, path):
        self.path = pathlib.Path(os.path.abspath(path))
        self.state = {"place": None, "servers": {}}

    @contextlib.contextmanager
    def locked(self):
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                self.state = json.loads((self.path / "state.json").read_text())
            yield self

    def save(self):
        fresh = self.path / "state.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(self.state, out, indent=1)
        os.replace(fresh, self.path / "state.json")

    @property
    def servers(self):
        return self.state["servers"]

    @property
    def place(self):
        """Where servers have their files: the folder, if all may enter it and its name is short."""
        if not self.state["place"]:
            os.chmod(self.path, 0o755)
            hidden = [parent for parent in self.path.parents
                      if not parent.stat().st_mode & stat.S_IXOTH]
            place = self.path
            if len(bytes(place)) > PLACE_MAX or (hidden and os.getuid() == 0):
                place = pathlib.Path(tempfile.mkdtemp(prefix="ostler-services-"))
                os.chmod(place, 0o755)
            self.state["place"] = str(place)
            self.save()
        return pathlib.Path(self.state["place"])

    def alive(self, name):
        known = self.servers.get(name)
        found = process(known["pid"]) if known and known.get("pid") else None
        return bool(found) and found[2] == known["since"]

    def pid(self, name):
        if name not in self.servers:
            raise Failure(f"{name} was never started in {self.path}")
        if not self.alive(name):
            raise Failure(f"{name} does not run")
        return self.servers[name]["pid"]


def launch(folder, name, port):
    """Starts a server on a port; says whether it came to answer there."""
    known = folder.servers[name]
    command = [str(word) for word in COMMANDS[name](folder, port, known)]
    with open(folder.path / f"{name}.log", "ab") as log:
        known["log_from"] = log.tell()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 cwd="/", start_new_session=True, **rights(name))
    found = process(child.pid)
    known.update(port=port, pid=child.pid, since=found[2] if found else 0)
    folder.save()
    # PgBouncer goes on without a port that somebody else has.
    wait_until(lambda: child.poll() is not None or listener(child.pid, port) == "other"
               or (listener(child.pid, port) == "own" and answers(name, port)), READY_SECONDS)
    child.returncode = child.poll() or 0  # no warning that it still runs
    if folder.alive(name) and listener(child.pid, port) == "own" and answers(name, port):
        prepare(folder, name, port)
        (folder.path / f"{name}.pid").write_text(f"{child.pid}\n")
        return True
    if folder.alive(name):
        end(folder, name, signal.SIGKILL)
    return False


def bring_up(folder, name):
    known = folder.servers[name]
    kept = known.get("port")
    for _ in range(START_TRIES):
        if launch(folder, name, kept or free_port()):
            return
    with open(folder.path / f"{name}.log", "rb") as log:
        log.seek(known["log_from"])
        last = log.read().decode(errors="replace").strip().splitlines()[-12:]
    raise Failure(f"{name} does not start:\n" + "\n".join(last))


def end(folder, name, number):
    """Ends a server: all of it by SIGKILL, or its first process, which ends the others."""
    known = folder.servers[name]
    members = stop_family(known["pid"]) if number == signal.SIGKILL else family(known["pid"])
    for member in members:
        send(member, signal.SIGKILL if number == signal.SIGKILL else signal.SIGCONT)
    if number != signal.SIGKILL:
        send(known["pid"], number)
    gone = wait_until(lambda: not any(process(member) for member in members), STOP_SECONDS)
    if not gone and number != signal.SIGKILL:
        end(folder, name, signal.SIGKILL)
    elif not gone:
        raise Failure(f"{name} does not end, process {known['pid']}")
    known["pid"] = None
    folder.save()
    with contextlib.suppress(FileNotFoundError):
        (folder.path / f"{name}.pid").unlink()


def bring_down(folder, name):
    if folder.alive(name):
        end(folder, name, signal.SIGINT if name == "postgres" else signal.SIGTERM)


# Commands

def own_url(folder, name):
    port = folder.servers.get(name, {}).get("port")
    if not port:
        return None
    return f"{SCHEMES[name]}://{ADMIN}:{folder.state['password']}@127.0.0.1:{port}/{ADMIN}" \
        + OPTIONS.get(name, "")


def given_url(folder, name, options):
    """The URL of a server that is not ours."""
    url = os.environ.get(URLS[name])
    return None if options.private or not url or url == own_url(folder, name) else url


def write_env(folder, given):
    lines = {URLS[name]: given.get(name) or own_url(folder, name) for name in URLS}
    lines["OST_TEST_CA"] = str(folder.place / "tls" / "ca.pem")
    lines["OST_TEST_SERVICES"] = str(folder.path)
    fresh = folder.path / "env.new"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        for name, value in lines.items():
            if value:
                out.write(f"{name}='{value}'\n" if "'" not in value
                          else f"{name}={shlex.quote(value)}\n")
    os.replace(fresh, folder.path / "env")


def settings_of(options, name, names):
    """The settings that --set means for one server."""
    settings = {}
    for text in options.set:
        key, equals, value = text.partition("=")
        server, dot, rest = key.partition(".")
        if not equals:
            raise Failure(f"--set takes NAME=VALUE, not {text}")
        if not dot or server not in URLS:
            server, rest = names[0], key
        if server == name:
            settings[rest] = value
    return settings


def start(folder, options):
    names = options.servers or list(URLS)
    given = {name: url for name in names if (url := given_url(folder, name, options))}
    wanted = [name for name in URLS if name in names and name not in given]
    if "pgbouncer" in wanted and "postgres" not in wanted:
        url = given_url(folder, "postgres", options)
        given.update({"postgres": url} if url else {})
        wanted = wanted if url else ["postgres", *wanted]
    make_certificates(folder.place / "tls")
    templates_of(folder)
    for name in wanted:
        before = folder.servers.get(name, {"tls": "good", "settings": {}})
        known = dict(before, tls=options.tls or before["tls"],
                     settings={**before["settings"], **settings_of(options, name, names)})
        if name == "pgbouncer":
            known["behind"] = given.get("postgres") or own_url(folder, "postgres")
        folder.servers[name] = known
        if known == before and folder.alive(name) and answers(name, known["port"]):
            continue
        bring_down(folder, name)
        bring_up(folder, name)
    write_env(folder, given)


def remove_all(folder):
    """Removes what lies in a folder because of us, and the folder if that is all."""
    place = folder.state["place"]
    for where in {pathlib.Path(place or folder.path), folder.path}:
        for pattern in ("templates", "tls", *URLS, "private", "*.pid", "*.log", "env",
                        "state.json", "lock"):
            for path in where.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            where.rmdir()


def stop(folder, options):
    if options.servers:
        for name in options.servers:
            if name in folder.servers:
                bring_down(folder, name)
        return
    for state in folder.path.glob("private/*/state.json"):
        with Folder(state.parent).locked() as private:
            stop(private, options)
    for name in folder.servers:
        if folder.alive(name):
            end(folder, name, signal.SIGKILL)
    remove_all(folder)


def pause(folder, options):
    stop_family(folder.pid(options.servers[0]))


def resume(folder, options):
    for member in family(folder.pid(options.servers[0])):
        send(member, signal.SIGCONT)


def kill(folder, options):
    folder.pid(options.servers[0])
    end(folder, options.servers[0], signal.SIGKILL)


def restart(folder, options):
    name = options.servers[0]
    if name not in folder.servers:
        raise Failure(f"{name} was never started in {folder.path}")
    bring_down(folder, name)
    bring_up(folder, name)


def env(folder, _options):
    for line in (folder.path / "env").read_text().splitlines():
        print(f"export {line}")


ACTIONS = {"start": start, "stop": stop, "pause": pause, "resume": resume, "kill": kill,
           "restart": restart, "env": env}


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n\n")[0])
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("--folder", default=os.environ.get("OST_TEST_SERVICES"))
    parser.add_argument("--private", action="store_true")
    parser.add_argument("--tls", choices=CERTIFICATES)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("servers", nargs="*")
    options = parser.parse_intermixed_args()
    wrong = [name for name in options.servers if name not in URLS]
    if wrong:
        parser.error(f"there is no server {wrong[0]}")
    if not options.folder:
        parser.error("--folder is missing")
    if options.action in ("pause", "resume", "kill", "restart") and len(options.servers) != 1:
        parser.error(f"{options.action} takes one server")
    if options.action == "stop" and not os.path.isdir(options.folder):
        return
    try:
        with Folder(options.folder).locked() as folder:
            ACTIONS[options.action](folder, options)
    except (Failure, OSError) as problem:
        sys.exit(f"services.py: {problem}")


main()
