-- SPDX-License-Identifier: MIT
-- A shop's file as others make them: names with spaces, key words, columns without a kind, numbers
-- as REAL and NUMERIC, times to the second and as seconds, columns that ignore case.
PRAGMA journal_mode = DELETE;

CREATE TABLE "Order Lines" (
    "select"      INTEGER PRIMARY KEY AUTOINCREMENT,
    "unit price"  REAL NOT NULL,
    qty           NUMERIC,
    "group"       VARCHAR(20) COLLATE NOCASE,
    "Remark"      TEXT COLLATE NOCASE,
    "created at"  DATETIME NOT NULL DEFAULT '2000-01-01 00:00:00',
    paid          INTEGER,
    "ship-by?" DATE,
    "extra one"   BLOB DEFAULT x'0102',
    "extra ""two""",
    changes       INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX "lines by group" ON "Order Lines" ("group");
CREATE TRIGGER count_changes AFTER UPDATE OF "unit price" ON "Order Lines"
BEGIN
    UPDATE "Order Lines" SET changes = changes + 1 WHERE "select" = NEW."select";
END;

INSERT INTO "Order Lines"
    ("select", "unit price", qty, "group", "Remark", "created at", paid, "ship-by?", "extra ""two""")
VALUES
    (1, 0.1,       1,       'Toys',  'First',  '2024-02-29 12:30:15', 1709210000, '2024-03-01', 'kept'),
    (2, 0.2,       2.5,     'toys',  'first',  '2024-02-29 12:30:16', NULL,       NULL,         7),
    (3, 19.9,      NULL,    'BOOKS', NULL,     '1999-12-31 23:59:59', 946684799,  '1999-12-31', NULL),
    (4, 5,         '12.345', 'books', 'Ärger', '2024-03-01 00:00:00', 1709251200, '2024-03-01', x'ff'),
    (5, 1234567.89, 0,      NULL,    '',       '1969-07-20 20:17:40', -14182940,  '1969-07-21', 1.5),
    (6, -0.3,      -2,      'Games', 'first ', '2024-02-29 12:30:15', 1709210000, '2024-02-29', NULL);

CREATE TABLE customer (
    Name   TEXT PRIMARY KEY COLLATE NOCASE,
    credit DECIMAL(10, 2),
    since  TEXT
) WITHOUT ROWID;
INSERT INTO customer VALUES ('alice', 10.05, '2001-02-03'), ('Bob', 0.7, NULL), ('carol', 3, NULL);

CREATE VIEW "dear lines" AS SELECT "select", "unit price" FROM "Order Lines" WHERE "unit price" > 1;
