# SPDX-License-Identifier: MIT
"""Processes, ports, users and programs of the machine that test servers run on."""

import contextlib
import glob
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time

PORTS = (20000, 32000)  # below those that connections going out are given
PACKAGES = {"postgres": "postgresql", "mariadb": "mariadb-server", "pgbouncer": "pgbouncer"}
ACCOUNTS = {"postgres": ("postgres",), "mariadb": ("mysql",), "pgbouncer": ("postgres", "nobody"),
            "mongodb": ("mongodb", "nobody")}


class Failure(Exception):
    """A sentence for whoever called."""


def process(pid):
    """State, parent and start of a process; None if there is none, or only its corpse."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else (fields[0], int(fields[1]), int(fields[19]))


def family(pid):
    """A process and all that descend from it, the process first."""
    children = {}
    for entry in os.listdir("/proc"):
        found = process(entry) if entry.isdigit() else None
        if found:
            children.setdefault(found[1], []).append(int(entry))
    members, left = [], [pid]
    while left:
        members.append(left.pop())
        left += children.get(members[-1], [])
    return members


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def stop_family(pid):
    """SIGSTOP to a family. It is looked at again until nobody new was born meanwhile."""
    stopped = set()
    while True:
        born = [member for member in family(pid) if member not in stopped]
        if not born:
            return stopped
        for member in born:
            send(member, signal.SIGSTOP)
        stopped.update(born)


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def listener(pid, port):
    """Who listens on a port: this process ("own"), somebody who came first ("other"), nobody."""
    rows = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
    listening = {f"socket:[{fields[9]}]" for fields in rows
                 if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port}
    with contextlib.suppress(OSError):
        for entry in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{entry}") in listening:
                    return "own"
    return "other" if listening else None


def free_port():
    while True:
        port = random.SystemRandom().randrange(*PORTS)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def account(name):
    """The user that runs a server; None: whoever runs this."""
    if os.getuid() != 0:
        return None
    for user in ACCOUNTS[name]:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(user)
    raise Failure(f"{name} does not run as root, and there is no user {ACCOUNTS[name][0]}")


def rights(name):
    who = account(name)
    return {} if who is None else {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def give(path, name, mode):
    """Makes a file or folder a server's own."""
    os.chmod(path, mode)
    who = account(name)
    if who is not None:
        os.chown(path, who.pw_uid, who.pw_gid)


def folder_of(path, name):
    path.mkdir(parents=True, exist_ok=True)
    give(path, name, 0o750)
    return path


def program(name, server):
    """A server's program: PostgreSQL's newest version, others from where servers are."""
    places = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True,
                    key=lambda place: [int(part) for part in place.split("/")[4].split(".")])
    places += os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/usr/libexec", "/usr/bin"]
    found = shutil.which(name, path=":".join(places))
    if not found:
        raise Failure(f"there is no {name}; install the package {PACKAGES[server]}")
    return found


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          cwd="/", errors="replace", **options)
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-10:])
        raise Failure(f"{' '.join(map(str, command))} failed:\n{last}")
