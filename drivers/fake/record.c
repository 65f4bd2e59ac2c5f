/* SPDX-License-Identifier: MIT */
#include "fake/inside.h"

#include <string.h>

static const char *const kind_names[] = {
    "BEGIN",  "COMMIT",   "ROLLBACK", "SAVEPOINT",     "RELEASE", "ROLLBACK TO",
    "SELECT", "INSERT",   "UPDATE",   "DELETE",        "UPSERT",  "RAW",
    "DDL",    "DESCRIBE", "EXPLAIN",  "ADVISORY LOCK",
};

const char *ost_fake_kind_name(uint16_t kind)
{
    return kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind] : "?";
}

bool ost__fake_grow(const ost__memory *m, void **items, size_t *capacity, size_t count, size_t size,
                    size_t most)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity : 16, bytes;
    if (*capacity && !ost__size_mul(wanted, 2, &wanted))
        return false;
    if (wanted > most)
        wanted = most;
    if (wanted <= count || !ost__size_mul(wanted, size, &bytes))
        return false;
    void *grown = ost__realloc(m, *items, *capacity * size, bytes);
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

/* ---- the log ---- */

void ost__fake_note(ost_fake *f, const ost_fake_entry *entry)
{
    ost__fake_lock(f);
    void *log = f->log;
    bool room = ost__fake_grow(&f->memory, &log, &f->log_capacity, f->log_count, sizeof *f->log,
                               OST__FAKE_LOG_MAX);
    f->log = log;
    if (room)
        f->log[f->log_count++] = *entry;
    else
        f->counts.log_dropped++;
    ost__fake_unlock(f);
}

void ost__fake_note_point(ost_fake *f, const ost_connection *c, uint16_t point, ost_status status,
                          const char *text)
{
    ost_fake_entry entry = {
        .point = point,
        .kind = UINT16_MAX,
        .status = (uint16_t)status,
        .connection = c ? c->number : 0,
        .batch = c ? c->batch_number : 0,
    };
    ost__copy_text(entry.text, sizeof entry.text, text);
    ost__fake_note(f, &entry);
}

size_t ost_fake_log_count(ost_fake *f)
{
    ost__fake_lock(f);
    size_t count = f->log_count;
    ost__fake_unlock(f);
    return count;
}

bool ost_fake_log_at(ost_fake *f, size_t index, ost_fake_entry *out)
{
    ost__fake_lock(f);
    bool there = index < f->log_count;
    if (there)
        *out = f->log[index];
    ost__fake_unlock(f);
    return there;
}

void ost_fake_forget_log(ost_fake *f)
{
    ost__fake_lock(f);
    f->log_count = 0;
    ost__fake_unlock(f);
}

/* ---- counts and violations ---- */

void ost_fake_counted(ost_fake *f, ost_fake_counts *out)
{
    ost__fake_lock(f);
    *out = f->counts;
    ost__fake_unlock(f);
    out->abandons = atomic_load(&f->abandons);
}

void ost__fake_violate(ost_fake *f, const ost_connection *c, const char *what, const char *about)
{
    char text[OST__FAKE_VIOLATION_SIZE];
    if (c)
        ost__print(text, sizeof text, "connection %u, batch %llu: %s%s%s", (unsigned)c->number,
                   (unsigned long long)c->batch_number, what, *about ? ": " : "", about);
    else
        ost__print(text, sizeof text, "%s%s%s", what, *about ? ": " : "", about);
    ost__fake_lock(f);
    f->counts.violations++;
    void *violations = f->violations;
    bool room = ost__fake_grow(&f->memory, &violations, &f->violation_capacity, f->violation_count,
                               sizeof *f->violations, OST__FAKE_VIOLATIONS_MAX);
    f->violations = violations;
    if (room)
        memcpy(f->violations[f->violation_count++], text, sizeof text);
    ost__fake_unlock(f);
}

size_t ost_fake_violation_count(ost_fake *f)
{
    ost__fake_lock(f);
    size_t count = (size_t)f->counts.violations;
    ost__fake_unlock(f);
    return count;
}

bool ost_fake_violation_at(ost_fake *f, size_t index, char out[256])
{
    ost__fake_lock(f);
    bool there = index < f->violation_count;
    if (there)
        memcpy(out, f->violations[index], OST__FAKE_VIOLATION_SIZE);
    ost__fake_unlock(f);
    return there;
}

void ost_fake_forget_violations(ost_fake *f)
{
    ost__fake_lock(f);
    f->violation_count = 0;
    f->counts.violations = 0;
    ost__fake_unlock(f);
}

/* ---- units ---- */

size_t ost__fake_unit_begun(ost_fake *f)
{
    size_t unit = 0;
    ost__fake_lock(f);
    void *verdicts = f->verdicts;
    bool room =
        ost__fake_grow(&f->memory, &verdicts, &f->verdict_capacity, f->unit_count, 1, SIZE_MAX);
    f->verdicts = verdicts;
    if (room) {
        f->verdicts[f->unit_count++] = OST_VERDICT_UNKNOWN;
        unit = f->unit_count;
    }
    ost__fake_unlock(f);
    return unit;
}

void ost__fake_unit_ended(ost_fake *f, size_t unit, enum ost_verdict verdict)
{
    ost__fake_lock(f);
    if (unit > 0 && unit <= f->unit_count)
        f->verdicts[unit - 1] = (uint8_t)verdict;
    ost__fake_unlock(f);
}

enum ost_verdict ost__fake_unit_verdict(ost_fake *f, size_t unit)
{
    enum ost_verdict verdict = OST_VERDICT_UNKNOWN;
    ost__fake_lock(f);
    if (unit > 0 && unit <= f->unit_count)
        verdict = (enum ost_verdict)f->verdicts[unit - 1];
    ost__fake_unlock(f);
    return verdict;
}

void ost_fake_kill(ost_fake *f, uint16_t death)
{
    ost__fake_lock(f);
    for (ost_connection *c = f->connections; c; c = c->next) {
        if (atomic_load(&c->closed))
            continue;
        atomic_store(&c->killed_silently, death == OST_FAKE_DIES_SILENTLY);
        atomic_store(&c->killed, true);
    }
    ost__fake_unlock(f);
}
