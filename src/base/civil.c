/* SPDX-License-Identifier: MIT */
#include "base/civil.h"
#include "base/buffer.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)
#define FIRST_TIME (-62135596800 * SECOND)
#define LAST_TIME (253402300800 * SECOND - 1)
#define FIRST_DAY (-719162)
#define LAST_DAY 2932896

typedef struct civil_day {
    int64_t year;
    uint32_t month, day;
} civil_day;

typedef struct clock_time {
    uint32_t hour, minute, second, micro;
} clock_time;

/* Both ways count in eras of 400 years that begin on a first of March, so that the leap day is the
 * last of its year (Howard Hinnant, chrono-compatible low-level date algorithms). */
static int64_t days_of(int64_t year, uint32_t month, uint32_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    uint32_t year_of_era = (uint32_t)(year - era * 400);
    uint32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    uint32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

static civil_day civil_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    uint32_t day_of_era = (uint32_t)(days - era * 146097);
    uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t shifted = (5 * day_of_year + 2) / 153;
    civil_day c = { .month = shifted < 10 ? shifted + 3 : shifted - 9 };
    c.day = day_of_year - (153 * shifted + 2) / 5 + 1;
    c.year = (int64_t)year_of_era + era * 400 + (c.month <= 2);
    return c;
}

static bool day_exists(int64_t year, uint32_t month, uint32_t day)
{
    static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= (month == 2 && leap ? 29U : lengths[month - 1]);
}

OST__HOT bool ost__time_in_range(ost_time t)
{
    return t.microseconds >= FIRST_TIME && t.microseconds <= LAST_TIME;
}

bool ost__date_in_range(ost_date d)
{
    return d.days >= FIRST_DAY && d.days <= LAST_DAY;
}

/* The two last digits of a number below 10000. */
static inline void put2(char *out, uint32_t n)
{
    static const char digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";
    memcpy(out, digits + n % 100 * 2, 2);
}

static void put_day(char *out, civil_day c)
{
    uint32_t year = (uint32_t)c.year;
    put2(out, year / 100);
    put2(out + 2, year);
    out[4] = '-';
    put2(out + 5, c.month);
    out[7] = '-';
    put2(out + 8, c.day);
}

static void put_clock(char *out, uint32_t seconds)
{
    put2(out, seconds / 3600);
    out[2] = ':';
    put2(out + 3, seconds / 60 % 60);
    out[5] = ':';
    put2(out + 6, seconds % 60);
}

static void put_micro(char *out, uint32_t micro)
{
    put2(out, micro / 10000);
    put2(out + 2, micro / 100);
    put2(out + 4, micro);
}

/* Splits an instant into days since 1970 (rounded down) and the microseconds since midnight. */
static int64_t split_days(ost_time t, int64_t *rest)
{
    int64_t days = t.microseconds / DAY;
    int64_t left = t.microseconds % DAY;
    if (left < 0) {
        left += DAY;
        days--;
    }
    *rest = left;
    return days;
}

void ost__time_to_seconds(ost_time t, char *out)
{
    int64_t rest;
    put_day(out, civil_of(split_days(t, &rest)));
    out[10] = ' ';
    put_clock(out + 11, (uint32_t)(rest / SECOND));
}

void ost__time_to_stored(ost_time t, char *out)
{
    int64_t rest;
    put_day(out, civil_of(split_days(t, &rest)));
    out[10] = ' ';
    put_clock(out + 11, (uint32_t)(rest / SECOND));
    out[19] = '.';
    put_micro(out + 20, (uint32_t)(rest % SECOND));
}

ost_time ost__time_round_seconds(ost_time t)
{
    int64_t rest;
    if (!ost__time_in_range(t))
        return t;
    split_days(t, &rest);
    int64_t micro = rest % SECOND;
    t.microseconds += micro >= SECOND / 2 ? SECOND - micro : -micro;
    return t;
}

void ost__date_to_stored(ost_date d, char *out)
{
    put_day(out, civil_of(d.days));
}

/* Two digits; *wrong becomes non-zero if they are none. */
static uint32_t get2(const char *p, uint32_t *wrong)
{
    uint32_t tens = (uint32_t)(unsigned char)p[0] - '0', ones = (uint32_t)(unsigned char)p[1] - '0';
    *wrong |= (uint32_t)(tens > 9) | (uint32_t)(ones > 9);
    return tens * 10 + ones;
}

/* Reads "YYYY-MM-DD", 10 bytes. */
static bool get_day(const char *p, int64_t *out)
{
    uint32_t wrong = 0;
    uint32_t year = get2(p, &wrong) * 100 + get2(p + 2, &wrong);
    uint32_t month = get2(p + 5, &wrong), day = get2(p + 8, &wrong);
    if (wrong || p[4] != '-' || p[7] != '-' || !day_exists(year, month, day))
        return false;
    *out = days_of(year, month, day);
    return true;
}

static ost_time join(int64_t days, clock_time c)
{
    int64_t seconds = (int64_t)c.hour * 3600 + c.minute * 60 + c.second;
    return (ost_time){ days * DAY + seconds * SECOND + c.micro };
}

static bool clock_exists(clock_time c)
{
    return c.hour < 24 && c.minute < 60 && c.second < 60;
}

/*
 * Eight bytes at once: where `form` has '0' there must be a digit, elsewhere the very byte. Byte i
 * of the result is the number that the digits i and i + 1 make. *wrong keeps a high bit if anything
 * does not fit: a digit's distance from '0' overflows when 0x76 is added to more than 9, another
 * byte's when 0x7f is added to more than 0.
 */
static inline uint64_t get_word(const char *p, uint64_t form, uint64_t limits, uint64_t *wrong)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    x ^= form;
    *wrong |= (x | (x + limits)) & 0x8080808080808080U;
    return x * 10 + (x >> 8);
}

static inline uint32_t byte_of(uint64_t word, int i)
{
    return (uint32_t)(word >> (8 * i)) & 0xff;
}

/* Reads "YYYY-MM-DD HH:MM:SS.ffffff", 26 bytes. */
static bool get_own_form(const char *p, ost_time *out)
{
    uint64_t bad = 0;
    uint32_t wrong = 0;
    uint64_t a = get_word(p, 0x2d30302d30303030U, 0x7f76767f76767676U, &bad);      /* YYYY-MM- */
    uint64_t b = get_word(p + 8, 0x30303a3030203030U, 0x76767f76767f7676U, &bad);  /* DD HH:MM */
    uint64_t c = get_word(p + 16, 0x303030302e30303aU, 0x767676767f76767fU, &bad); /* :SS.ffff */
    uint32_t last = get2(p + 24, &wrong);
    uint32_t year = byte_of(a, 0) * 100 + byte_of(a, 2), month = byte_of(a, 5);
    clock_time t = { byte_of(b, 3), byte_of(b, 6), byte_of(c, 1),
                     byte_of(c, 4) * 10000 + byte_of(c, 6) * 100 + last };
    if (bad || wrong || !clock_exists(t) || !day_exists(year, month, byte_of(b, 0)))
        return false;
    *out = join(days_of(year, month, byte_of(b, 0)), t);
    return true;
}

/* Reads the digits of a fraction; more than six only if the rest are zeros, for nothing is cut. */
static bool get_fraction(const char **at, const char *end, uint32_t *micro)
{
    const char *p = *at;
    uint32_t scale = 100000, value = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        uint32_t digit = (uint32_t)(*p - '0');
        if (scale == 0 && digit != 0)
            return false;
        value += digit * scale;
        scale /= 10;
    }
    if (p == *at)
        return false;
    *at = p;
    *micro = value;
    return true;
}

/* Reads "HH:MM[:SS[.f]]". A leap second has no number of its own since 1970 and is refused. */
static bool get_clock(const char **at, const char *end, clock_time *out)
{
    const char *p = *at;
    uint32_t wrong = 0;
    clock_time c = { 0 };
    if (end - p < 5 || p[2] != ':')
        return false;
    c.hour = get2(p, &wrong);
    c.minute = get2(p + 3, &wrong);
    p += 5;
    if (end - p >= 3 && p[0] == ':') {
        c.second = get2(p + 1, &wrong);
        p += 3;
        if (p < end && *p == '.') {
            p++;
            if (!get_fraction(&p, end, &c.micro))
                return false;
        }
    }
    if (wrong || !clock_exists(c))
        return false;
    *at = p;
    *out = c;
    return true;
}

bool ost__time_from_stored(const char *text, size_t size, ost_time *out)
{
    int64_t days;
    clock_time c;
    if (size == OST__TIME_STORED_SIZE && get_own_form(text, out))
        return true;
    if (size < 16 || !get_day(text, &days) || (text[10] != ' ' && text[10] != 'T'))
        return false;
    const char *p = text + 11, *end = text + size;
    if (!get_clock(&p, end, &c))
        return false;
    if (p < end && *p == 'Z')
        p++;
    if (p != end)
        return false;
    *out = join(days, c);
    return true;
}

bool ost__date_from_stored(const char *text, size_t size, ost_date *out)
{
    int64_t days;
    if (size != OST__DATE_STORED_SIZE || !get_day(text, &days))
        return false;
    out->days = (int32_t)days;
    return true;
}

/* Reads "Z" or "+HH:MM" up to the end; minutes east of UTC. */
static bool get_zone(const char *p, const char *end, int32_t *out)
{
    uint32_t wrong = 0;
    *out = 0;
    if (end - p == 1 && (*p == 'Z' || *p == 'z'))
        return true;
    if (end - p != 6 || (p[0] != '+' && p[0] != '-') || p[3] != ':')
        return false;
    uint32_t hours = get2(p + 1, &wrong), minutes = get2(p + 4, &wrong);
    if (wrong || hours > 23 || minutes > 59)
        return false;
    int32_t east = (int32_t)(hours * 60 + minutes);
    *out = p[0] == '-' ? -east : east;
    return true;
}

bool ost_time_parse(const char *rfc3339, ost_time *out)
{
    int64_t days;
    int32_t zone;
    clock_time c;
    size_t size = rfc3339 ? strnlen(rfc3339, 64) : 0;
    if (size < 20 || size > 63 || !get_day(rfc3339, &days))
        return false;
    if (rfc3339[10] != 'T' && rfc3339[10] != 't' && rfc3339[10] != ' ')
        return false;
    const char *p = rfc3339 + 11, *end = rfc3339 + size;
    if (rfc3339[16] != ':' || !get_clock(&p, end, &c) || !get_zone(p, end, &zone))
        return false;
    ost_time t = join(days, c);
    t.microseconds -= zone * 60 * SECOND;
    if (!ost__time_in_range(t))
        return false;
    *out = t;
    return true;
}

/* Any day at all: a year that four digits cannot hold has a sign (ISO 8601, expanded form). */
static size_t print_day(int64_t days, char *out)
{
    civil_day c = civil_of(days);
    char year[32], *p = out;
    bool negative = c.year < 0;
    size_t length = ost__print_int(negative ? -c.year : c.year, year);
    if (negative || c.year > 9999)
        *p++ = negative ? '-' : '+';
    for (size_t i = length; i < 4; i++)
        *p++ = '0';
    memcpy(p, year, length);
    p += length;
    *p++ = '-';
    put2(p, c.month);
    p[2] = '-';
    put2(p + 3, c.day);
    p[5] = '\0';
    return (size_t)(p + 5 - out);
}

size_t ost_time_print(ost_time t, char *out)
{
    int64_t rest;
    int64_t days = split_days(t, &rest);
    char *p = out + print_day(days, out);
    p[0] = 'T';
    put_clock(p + 1, (uint32_t)(rest / SECOND));
    p[9] = '.';
    put_micro(p + 10, (uint32_t)(rest % SECOND));
    p[16] = 'Z';
    p[17] = '\0';
    return (size_t)(p + 17 - out);
}

int ost_time_compare(ost_time a, ost_time b)
{
    return (a.microseconds > b.microseconds) - (a.microseconds < b.microseconds);
}

bool ost_date_parse(const char *text, ost_date *out)
{
    if (text == NULL)
        return false;
    return ost__date_from_stored(text, strnlen(text, OST__DATE_STORED_SIZE + 1), out);
}

size_t ost_date_print(ost_date d, char *out)
{
    return print_day(d.days, out);
}

bool ost_date_of(int year, int month, int day, ost_date *out)
{
    if (month < 1 || day < 1 || !day_exists(year, (uint32_t)month, (uint32_t)day))
        return false;
    out->days = (int32_t)days_of(year, (uint32_t)month, (uint32_t)day);
    return true;
}
