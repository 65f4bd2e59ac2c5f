# SPDX-License-Identifier: MIT
"""What there is to know of each kind of server: its settings, its files, its command."""

import contextlib
import fcntl
import json
import os
import pathlib
import secrets
import shutil
import socket
import struct
import tempfile
import time
import urllib.parse

import mongo
from certificates import make_brief
from machine import folder_of, give, program, rights, run, wait_until

ADMIN = "ostler"
URLS = {"postgres": "OST_TEST_POSTGRES_URL", "mariadb": "OST_TEST_MYSQL_URL",
        "pgbouncer": "OST_TEST_PGBOUNCER_URL", "mongodb": "OST_TEST_MONGODB_URL"}
SCHEMES = {"postgres": "postgresql", "mariadb": "mysql", "pgbouncer": "postgresql",
           "mongodb": "mongodb"}
OPTIONS = {"mongodb": "?authSource=admin"}

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1", "max_connections": "60", "shared_buffers": "32MB",
    "fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0",
    "max_wal_size": "256MB", "jit": "off", "timezone": "<+03>-03", "log_timezone": "UTC",
    "ssl": "on", "password_encryption": "scram-sha-256",
}
POSTGRES_HBA = """\
hostssl all certified 127.0.0.1/32 cert
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""
# Tests prove that drivers set character set, SQL mode and time zone themselves: these are others.
MARIADB_SETTINGS = {
    "bind-address": "127.0.0.1", "max-connections": "100", "sql-mode": "", "local-infile": "1",
    "character-set-server": "latin1", "collation-server": "latin1_swedish_ci",
    "max-allowed-packet": "16M", "default-time-zone": "+03:00", "skip-log-bin": None,
    "skip-name-resolve": None, "performance-schema": "off", "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "48M", "innodb-flush-method": "nosync", "innodb-doublewrite": "0",
    "innodb-flush-log-at-trx-commit": "2", "innodb-use-native-aio": "0", "key-buffer-size": "1M",
}
PGBOUNCER_SETTINGS = {
    "listen_addr": "127.0.0.1", "auth_type": "scram-sha-256", "pool_mode": "transaction",
    "max_client_conn": "200", "default_pool_size": "10", "server_idle_timeout": "5",
    "server_login_retry": "1", "query_wait_timeout": "20",
    "client_tls_sslmode": "allow", "admin_users": ADMIN,
}

# An empty replSet makes a server that is alone, without transactions.
MONGODB_SETTINGS = {
    "bind_ip": "127.0.0.1", "replSet": "ostler", "oplogSize": "64", "wiredTigerCacheSizeGB": "1",
    "tlsMode": "allowTLS", "quiet": None, "nounixsocket": None,
    "tlsAllowConnectionsWithoutCertificates": None,
    "setParameter.enableTestCommands": "1", "setParameter.ttlMonitorSleepSecs": "1",
    "setParameter.diagnosticDataCollectionEnabled": "false",
    # The files of a dropped collection go after seconds, not five minutes: there are thousands.
    "setParameter.minSnapshotHistoryWindowInSeconds": "5",
    "setParameter.shutdownTimeoutMillisForSignaledShutdown": "100",
}
BRIEF_SECONDS = 8  # mongod refuses to start with a certificate that has expired already


# Templates: what a fresh server's data folder is copied from.

def templates_of(folder):
    """Those of OST_TEST_SERVICES if there are any, so that a server of a test's own starts fast.
    They come with a password, which the folder then keeps."""
    state, shared = folder.state, os.environ.get("OST_TEST_SERVICES")
    if not state.get("templates") and shared and (pathlib.Path(shared) / "state.json").exists():
        other = json.loads((pathlib.Path(shared) / "state.json").read_text())
        if other.get("templates"):
            state.update(templates=other["templates"], password=other["password"])
    if not state.get("templates") or not os.path.isdir(state["templates"]):
        state["templates"] = str(folder.place / "templates")
        state.setdefault("password", secrets.token_hex(12))
        os.makedirs(state["templates"], exist_ok=True)
        os.chmod(state["templates"], 0o755)
    folder.save()
    return pathlib.Path(state["templates"])


def make_postgres(data, password):
    who = rights("postgres")
    secret = data.parent / "secret"
    secret.write_text(password)
    give(secret, "postgres", 0o600)
    run([program("initdb", "postgres"), "--pgdata", data, "--username", ADMIN, "--pwfile", secret,
         "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
         "--no-instructions"], **who)
    secret.unlink()
    (data / "pg_hba.conf").write_text(POSTGRES_HBA)
    run([program("postgres", "postgres"), "--single", "-D", data, "-c", "fsync=off", "postgres"],
        input=f"CREATE DATABASE {ADMIN}\nCREATE ROLE certified LOGIN\n", **who)


def make_mariadb(data, _password):
    plain = [f"--{name}={MARIADB_SETTINGS[name]}" for name in MARIADB_SETTINGS
             if name.startswith("innodb")]
    run([program("mariadb-install-db", "mariadb"), "--no-defaults", f"--datadir={data}",
         "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
         *plain], **rights("mariadb"))


def data_of(folder, name, make):
    """A server's data folder, copied from a template that is made when it is not there."""
    home = folder_of(folder.place / name, name)
    data = home / "data"
    if data.exists():
        return data
    templates = templates_of(folder)
    with open(templates / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (templates / name).exists():
            fresh = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=templates))
            give(fresh, name, 0o700)
            make(fresh / "data", folder.state["password"])
            os.rename(fresh, templates / name)
    copy = home / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    run(["cp", "-a", "--sparse=always", templates / name / "data", copy])
    os.rename(copy, data)
    return data


# Each server: files and command

def certificate_files(folder, name, word):
    """The certificate and key as the server may read them."""
    home, tls = folder_of(folder.place / name, name), folder.place / "tls"
    for source, target in ((f"{word}.pem", "tls.pem"), (f"{word}.key", "tls.key"),
                           ("ca.pem", "ca.pem")):
        shutil.copyfile(tls / source, home / target)
        give(home / target, name, 0o600)
    return home


def postgres_command(folder, port, known):
    data = data_of(folder, "postgres", make_postgres)
    home = certificate_files(folder, "postgres", known["tls"])
    # Left by a crash. Its process may be gone and still have a number, where nobody reaps.
    for left in (data / "postmaster.pid", home / f".s.PGSQL.{port}.lock"):
        left.unlink(missing_ok=True)
    settings = dict(POSTGRES_SETTINGS, port=port, unix_socket_directories=home,
                    ssl_cert_file=home / "tls.pem", ssl_key_file=home / "tls.key",
                    ssl_ca_file=home / "ca.pem")
    settings.update(known["settings"])
    return [program("postgres", "postgres"), "-D", data,
            *(word for key, value in settings.items() for word in ("-c", f"{key}={value}"))]


def mariadb_command(folder, port, known):
    data = data_of(folder, "mariadb", make_mariadb)
    home = certificate_files(folder, "mariadb", known["tls"])
    first, password = home / "first.sql", folder.state["password"]
    first.write_text("\n".join((
        f"CREATE DATABASE IF NOT EXISTS {ADMIN};",
        f"CREATE USER IF NOT EXISTS {ADMIN}@'%' IDENTIFIED VIA mysql_native_password "
        f"USING PASSWORD('{password}');",
        f"GRANT ALL ON *.* TO {ADMIN}@'%' WITH GRANT OPTION;",
        "CREATE USER IF NOT EXISTS certified@'%' REQUIRE X509;",
        f"GRANT ALL ON {ADMIN}.* TO certified@'%';",
        "DELETE FROM mysql.global_priv WHERE User = 'root';", "FLUSH PRIVILEGES;", "")))
    give(first, "mariadb", 0o600)
    temporary = folder_of(home / "tmp", "mariadb")
    settings = dict(MARIADB_SETTINGS)
    settings.update({"port": port, "datadir": data, "socket": home / "socket", "tmpdir": temporary,
                     "pid-file": home / "pid", "init-file": first, "ssl-ca": home / "ca.pem",
                     "ssl-cert": home / "tls.pem", "ssl-key": home / "tls.key"})
    settings.update(known["settings"])
    return [program("mariadbd", "mariadb"), "--no-defaults",
            *(f"--{key}" if value is None else f"--{key}={value}"
              for key, value in settings.items())]


def pgbouncer_command(folder, port, known):
    home = certificate_files(folder, "pgbouncer", known["tls"])
    behind = urllib.parse.urlsplit(known["behind"])
    users = home / "users"
    users.write_text(f'"{urllib.parse.unquote(behind.username or ADMIN)}" '
                     f'"{urllib.parse.unquote(behind.password or "")}"\n')
    settings = dict(PGBOUNCER_SETTINGS, listen_port=port, unix_socket_dir=home, auth_file=users,
                    client_tls_cert_file=home / "tls.pem", client_tls_key_file=home / "tls.key",
                    client_tls_ca_file=home / "ca.pem")
    settings.update(known["settings"])
    file = home / "pgbouncer.ini"
    file.write_text(f"[databases]\n* = host={behind.hostname} port={behind.port or 5432}\n"
                    "[pgbouncer]\n"
                    + "".join(f"{key} = {value}\n" for key, value in settings.items()))
    for path in (users, file):
        give(path, "pgbouncer", 0o600)
    return [program("pgbouncer", "pgbouncer"), file]


def mongodb_command(folder, port, known):
    home = certificate_files(folder, "mongodb", known["tls"])
    data = folder_of(home / "data", "mongodb")
    if known["tls"] == "expired":
        known["until"] = make_brief(folder.place / "tls", BRIEF_SECONDS)
        certificate_files(folder, "mongodb", "brief")
    both, key = home / "both.pem", home / "key"
    both.write_text((home / "tls.pem").read_text() + (home / "tls.key").read_text())
    key.write_text(folder.state["password"] + "\n")
    for path in (both, key):
        give(path, "mongodb", 0o600)
    settings = dict(MONGODB_SETTINGS, port=port, dbpath=data, keyFile=key,
                    tlsCertificateKeyFile=both, tlsCAFile=home / "ca.pem")
    settings.update(known["settings"])
    words = [mongo.mongod(templates_of(folder))]
    for name, value in settings.items():
        kind, dot, parameter = name.partition(".")
        if value is None:
            words.append(f"--{name}")
        elif dot:
            words += [f"--{kind}", f"{parameter}={value}"]
        elif value != "":
            words += [f"--{name}", value]
    return words


def prepare(folder, name, port):
    """What is left to do once a server answers; done already, it changes nothing."""
    if name == "mongodb":
        known = folder.servers[name]
        replica_set = {**MONGODB_SETTINGS, **known["settings"]}["replSet"]
        mongo.prepare(port, ADMIN, folder.state["password"], replica_set)
        wait_until(lambda: time.time() > known.get("until", 0), 2 * BRIEF_SECONDS)


COMMANDS = {"postgres": postgres_command, "mariadb": mariadb_command,
            "pgbouncer": pgbouncer_command, "mongodb": mongodb_command}


def answers(name, port):
    """Whether a server lets a client begin to log in."""
    if name == "mongodb":
        return mongo.hello(port).get("ok") == 1
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=3) as client:
            if name == "mariadb":
                return client.recv(5)[4:] == b"\n"
            words = b"\0".join((b"user", ADMIN.encode(), b"database", ADMIN.encode(), b"", b""))
            client.sendall(struct.pack("!II", 8 + len(words), 3 << 16) + words)
            return client.recv(1) == b"R"
    return False
