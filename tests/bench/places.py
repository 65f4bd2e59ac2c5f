# SPDX-License-Identifier: MIT
"""Where the sides of a benchmark find their tables."""
import json
import os
import shutil


class Failure(Exception):
    pass


class Places:
    """Where the sides find their tables: files for SQLite, databases for a server."""

    def __init__(self, call):
        self.call = call
        self.templates = {}

    def template(self, rows, table):
        if (rows, table) not in self.templates:
            place = self.name(f"template{rows}{table}")
            self.fresh(place)
            self.call("tables", place)
            if rows:
                self.call("fill", place, rows, table)
            self.settle(place, table)
            self.templates[rows, table] = place
        return self.templates[rows, table]

    def of(self, case, side, table):
        """A side's own copy of a template; a new one if it is going to be written to."""
        template = self.template(table, case.rows)
        place = self.name(f"{side}{table}{case.rows}")
        if case.writes or place not in self.templates.values():
            self.copy(template, place, case.rows)
        if not case.writes:
            self.templates[place] = place
        elif place in self.templates:
            del self.templates[place]
        return place


class Files(Places):
    def __init__(self, call, folder):
        super().__init__(call)
        self.folder = folder

    def name(self, stem):
        return os.path.join(self.folder, f"{stem}.db")

    def fresh(self, place):
        for end in ("", "-wal", "-shm"):
            if os.path.exists(place + end):
                os.remove(place + end)

    def settle(self, place, table):
        if os.path.exists(place + "-wal"):
            raise Failure(f"{place} was left with a write-ahead log")

    def copy(self, template, place, table):
        """Synced, so that no checkpoint pays for the copying."""
        self.fresh(place)
        shutil.copyfile(template, place)
        with open(place, "rb+") as copied:
            os.fsync(copied.fileno())


class Databases(Places):
    """On a server: `url` names one in which databases may be made."""

    def __init__(self, call, url):
        super().__init__(call)
        self.url = url

    def name(self, stem):
        return self.url[:self.url.rindex("/")] + f"/ost_bench_{stem}"

    @staticmethod
    def database(place):
        return place[place.rindex("/") + 1:]

    def fresh(self, place):
        self.drop(place)
        self.call("sql", self.url, f"CREATE DATABASE {self.database(place)}")

    def drop(self, place):
        self.call("sql", self.url, f"DROP DATABASE IF EXISTS {self.database(place)}")

    def settle(self, place, table):
        pass

    def finish(self):
        for place in {*self.templates.values(), *self.copies}:
            self.drop(place)

    copies = ()


class PostgresDatabases(Databases):
    def settle(self, place, table):
        self.call("sql", place, f"ANALYZE {table}")

    def copy(self, template, place, table):
        self.copies = {*self.copies, place}
        self.drop(place)
        self.call("sql", self.url, f"CREATE DATABASE {self.database(place)} TEMPLATE "
                                   f"{self.database(template)}")


class MysqlDatabases(Databases):
    def copy(self, template, place, table):
        self.copies = {*self.copies, place}
        self.fresh(place)
        self.call("tables", place)
        self.call("sql", place, f"INSERT INTO {table} SELECT * FROM "
                                f"{self.database(template)}.{table}")

    def settle(self, place, table):
        self.call("sql", place, f"ANALYZE TABLE {table}")


class MongoDatabases(Databases):
    """Databases are made by their first use. `sql` takes commands."""

    def name(self, stem):
        address, _, options = self.url.partition("?")
        return (address[:address.rindex("/")] + f"/ost_bench_{stem}" +
                (f"?{options}" if options else ""))

    @staticmethod
    def database(place):
        return Databases.database(place.partition("?")[0])

    def fresh(self, place):
        self.drop(place)

    def drop(self, place):
        self.call("sql", place, json.dumps({"dropDatabase": 1}))

    def copy(self, template, place, table):
        self.copies = {*self.copies, place}
        self.fresh(place)
        self.call("tables", place)
        # To merge would be to set member by member, in the order of their names.
        merge = {"into": {"db": self.database(place), "coll": table}, "whenMatched": "fail"}
        self.call("sql", template, json.dumps(
            {"aggregate": table, "pipeline": [{"$merge": merge}], "cursor": {}}))


def places_of(backend, call, folder):
    if backend == "sqlite":
        return Files(call, folder)
    name, kind = {"postgres": ("OST_TEST_POSTGRES_URL", PostgresDatabases),
                  "mysql": ("OST_TEST_MYSQL_URL", MysqlDatabases),
                  "mongodb": ("OST_TEST_MONGODB_URL", MongoDatabases)}[backend]
    if not os.environ.get(name):
        raise Failure(f"{name} names no server; run.sh starts one")
    return kind(call, os.environ[name])
