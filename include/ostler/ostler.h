/* SPDX-License-Identifier: MIT */
/**
 * @file ostler.h
 * Everything that a program needs: declare a struct, store it, find it.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * int main(void)
 * {
 *     return puts(ost_status_name(OST_OK)) < 0;
 * }
 * @endcode
 */
#ifndef OSTLER_OSTLER_H
#define OSTLER_OSTLER_H

#include "ostler/call.h"
#include "ostler/conversion.h"
#include "ostler/db.h"
#include "ostler/expr.h"
#include "ostler/json.h"
#include "ostler/model.h"
#include "ostler/password.h"
#include "ostler/query.h"
#include "ostler/raw.h"
#include "ostler/schema.h"
#include "ostler/session.h"
#include "ostler/status.h"
#include "ostler/transaction.h"
#include "ostler/upsert.h"
#include "ostler/value.h"
#include "ostler/watch.h"

#endif
