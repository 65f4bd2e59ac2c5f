/* SPDX-License-Identifier: MIT */
/* Raw statements without a server: what is written for them, and what is refused. */
#include "plan_rig.h"

#include <math.h>

#include "mongo/statement.h"

static ost_parameter value_of(ost_value v, uint16_t type)
{
    return (ost_parameter){ .source = v.type == OST_TYPE_NONE ? OST_IS_NULL : OST_FROM_VALUE,
                            .type = type,
                            .value = v };
}

typedef struct statement {
    ost_operation op;
    ost_shape shape;
    ost_parameter parameters[4];
    ost_error error;
    ost_plan *plan;
    uint16_t flags;
} statement;

/* Over the items, with `count` parameters that are texts. */
static ost_status read_text(rig *r, statement *s, const char *text, size_t size, uint32_t count,
                            const char *value)
{
    *s = (statement){ .flags = 0xff };
    s->shape = (ost_shape){ .struct_size = sizeof s->shape, .kind = OST_DO_RAW, .table = r->items };
    for (uint32_t i = 0; i < count; i++)
        s->parameters[i] = value_of(ost_value_text(value), OST_TYPE_TEXT);
    s->op = (ost_operation){ .struct_size = sizeof s->op,
                             .kind = OST_DO_RAW,
                             .shape = &s->shape,
                             .text = text,
                             .text_size = size,
                             .parameters = s->parameters,
                             .parameter_count = count,
                             .parameter_size = sizeof s->parameters[0] };
    return ost__mongo_compile_raw(r->backend, &s->op, &s->plan, &s->flags, &s->error);
}

/* In what follows every ' stands for a ". */
static const char *quoted(const char *text)
{
    static char out[4096];
    (void)snprintf(out, sizeof out, "%s", text);
    for (char *c = out; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return out;
}

static void refuses(rig *r, ost_status status, const char *part, const char *text, uint32_t count)
{
    statement s;
    const char *given = quoted(text);
    ost_status found = read_text(r, &s, given, strlen(given), count, "v");
    if (found != status || !strstr(s.error.message, part))
        fail_msg("%s: %s: %s; not %s", text, ost_status_name(found), s.error.message, part);
    assert_null(s.plan);
}

/* With this text as the first parameter; `flags` are what is said of it. */
static void writes(rig *r, const char *text, uint32_t count, const char *value, uint16_t flags,
                   const char *expected)
{
    statement s;
    char *json, *c;
    const char *given = quoted(text);
    if (read_text(r, &s, given, strlen(given), count, value) != OST_OK)
        fail_msg("%s: %s", text, s.error.message);
    assert_int_equal(s.flags, flags);
    json = bson_as_relaxed_extended_json(s.plan->raw->command, NULL);
    for (c = json; *c; c++)
        *c = *c == '"' ? '\'' : *c;
    assert_string_equal(json, expected);
    bson_free(json);
    ost__mongo_discard(r->backend, s.plan);
}

/* ---- what is read ---- */

static void commands_and_pipelines_are_told_apart(void **state)
{
    rig *r = *state;
    writes(r, " { 'ping' : 1 } ", 0, NULL, 0, "{ 'ping' : 1 }");
    writes(r, "[]", 0, NULL, 0,
           "{ 'aggregate' : 'items', 'pipeline' : [  ], 'cursor' : { 'batchSize' : 16384 } }");
    writes(r, "{'aggregate': 'x', 'pipeline': []}", 0, NULL, 0,
           "{ 'aggregate' : 'x', 'pipeline' : [  ], 'cursor' : { 'batchSize' : 16384 } }");
    writes(r, "{'aggregate': 'x', 'pipeline': [], 'cursor': {}}", 0, NULL, 0,
           "{ 'aggregate' : 'x', 'pipeline' : [  ], 'cursor' : {  } }");
    /* Canonical and relaxed. */
    writes(r, "{'find': 'x', 'filter': {'a': {'$numberLong': '5'}, 'b': 5000000000}}", 0, NULL, 0,
           "{ 'find' : 'x', 'filter' : { 'a' : 5, 'b' : 5000000000 } }");
    writes(r,
           "{'find': 'x', 'filter': {'a': {'$date': '1970-01-01T00:00:00Z'}, 'b': "
           "{'$numberDecimal': '1.50'}, 'c': 9223372036854775807, 'd': -9223372036854775808}}",
           0, NULL, 0,
           "{ 'find' : 'x', 'filter' : { 'a' : { '$date' : '1970-01-01T00:00:00Z' }, 'b' : { "
           "'$numberDecimal' : '1.50' }, 'c' : 9223372036854775807, 'd' : -9223372036854775808 } "
           "}");
}

static void what_is_not_known_to_read_writes(void **state)
{
    static const char *const readers[] = {
        "{'find': 'x'}",
        "{'count': 'x'}",
        "{'distinct': 'x', 'key': 'a'}",
        "{'explain': {'delete': 'x', 'deletes': []}}",
        "{'listIndexes': 'x'}",
        "[{'$match': {'$out': 1}}]",
        "[{'$facet': {'$out': []}}]",
    };
    static const char *const writers[] = {
        "{'insert': 'x', 'documents': []}",
        "{'update': 'x'}",
        "{'delete': 'x'}",
        "{'Find': 'x'}",
        "{'findAndModify': 'x'}",
        "{'findandmodify': 'x'}",
        "{'drop': 'x'}",
        "{'create': 'x'}",
        "{'mapReduce': 'x'}",
        "{'bulkWrite': 1}",
        "{'neverHeardOf': 1}",
        "[{'$out': 'x'}]",
        "[{'$limit': 1}, {'$merge': {'into': 'x'}}]",
        "{'aggregate': 1, 'pipeline': [{'$out': {'db': 'a', 'coll': 'b'}}]}",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        statement s;
        const char *text = quoted(readers[i]);
        assert_int_equal(read_text(r, &s, text, strlen(text), 0, NULL), OST_OK);
        assert_int_equal(s.flags, 0);
        ost__mongo_discard(r->backend, s.plan);
    }
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        statement s;
        const char *text = quoted(writers[i]);
        assert_int_equal(read_text(r, &s, text, strlen(text), 0, NULL), OST_OK);
        assert_int_equal(s.flags, OST_FLAG_WRITES);
        ost__mongo_discard(r->backend, s.plan);
    }
}

static void what_is_no_json_is_refused(void **state)
{
    rig *r = *state;
    refuses(r, OST_MISUSE, "begins with {", "", 0);
    refuses(r, OST_MISUSE, "begins with {", "  5", 0);
    refuses(r, OST_MISUSE, "begins with {", "SELECT 1", 0);
    refuses(r, OST_MISUSE, "not closed", "{'a': [1, 2}", 0);
    refuses(r, OST_MISUSE, "not closed", "{", 0);
    refuses(r, OST_MISUSE, "does not end", "{'a: 1}", 0);
    refuses(r, OST_MISUSE, "does not end", "{'a\\", 0);
    refuses(r, OST_MISUSE, "does not end", "{'a\\'", 0);
    refuses(r, OST_MISUSE, "behind its end", "{'ping': 1} {'ping': 1}", 0);
    refuses(r, OST_MISUSE, "behind its end", "[] ]", 0);
    refuses(r, OST_MISUSE, "no Extended JSON", "{ping: 1}", 0);
    refuses(r, OST_MISUSE, "no Extended JSON", "{'ping': 1]", 0);
    refuses(r, OST_MISUSE, "no Extended JSON", "{'ping': 01}", 0);
    refuses(r, OST_MISUSE, "no Extended JSON", "{'ping': 1,}", 0);
    refuses(r, OST_MISUSE, "no Extended JSON", "{'ping': {'$oid': 'x'}}", 0);
    refuses(r, OST_MISUSE, "empty", "{}", 0);
    /* In keys as in texts. */
    refuses(r, OST_MISUSE, "U+0000", "{'a\\u0000b': 1}", 0);
    refuses(r, OST_MISUSE, "U+0000", "{'a': 'x\\u0000'}", 0);
    writes(r, "{'ping': '\\\\u0000'}", 0, NULL, 0, "{ 'ping' : '\\\\u0000' }");
    refuses(r, OST_RANGE, "64 bits", "{'ping': 9223372036854775808}", 0);
    refuses(r, OST_RANGE, "64 bits", "{'ping': -9223372036854775809}", 0);
    refuses(r, OST_RANGE, "64 bits", "{'ping': 99999999999999999999999}", 0);
}

static void keys_stand_once(void **state)
{
    rig *r = *state;
    refuses(r, OST_MISUSE, "key a twice", "{'find': 'x', 'filter': {'a': 1, 'b': 1, 'a': 1}}", 0);
    refuses(r, OST_MISUSE, "key find twice", "{'find': 'x', 'find': 'y'}", 0);
    refuses(r, OST_MISUSE, "key $a twice", "[{'$a': 1, '$a': 1}]", 0);
    refuses(r, OST_MISUSE, "key a twice", "{'ping': [[{'a': 1, '\\u0061': 2}]]}", 0);
}

static void depth_is_bounded(void **state)
{
    enum { DEEP = 200000 };
    rig *r = *state;
    static char text[2 * DEEP + 64];
    statement s;
    for (size_t n = 60; n < 70; n++) {
        size_t size = 0;
        for (size_t i = 0; i < n; i++)
            text[size++] = '[';
        for (size_t i = 0; i < n; i++)
            text[size++] = ']';
        ost_status status = read_text(r, &s, text, size, 0, NULL);
        assert_int_equal(status, n <= OST__MONGO_NESTED ? OST_OK : OST_TOO_LARGE);
        if (status == OST_OK)
            ost__mongo_discard(r->backend, s.plan);
    }
    for (int open = 0; open < 2; open++) {
        memset(text, open ? '{' : '[', DEEP);
        assert_int_equal(read_text(r, &s, text, DEEP, 0, NULL), OST_TOO_LARGE);
        memset(text + DEEP, open ? '}' : ']', DEEP);
        assert_int_equal(read_text(r, &s, text, 2 * (size_t)DEEP, 0, NULL), OST_TOO_LARGE);
    }
}

/* ---- parameters ---- */

static void numbers_of_parameters_are_checked(void **state)
{
    rig *r = *state;
    writes(r, "{'ping': 1, 'a': {'$ost': 1}, 'b': [{'$ost': 2}, {'$ost': {'$numberLong': '1'}}]}",
           2, "v", 0, "{ 'ping' : 1, 'a' : 'v', 'b' : [ 'v', 'v' ] }");
    writes(r, "{'ping': 1, 'a': {'$ost': 1}}", 1, NULL, 0, "{ 'ping' : 1, 'a' : null }");
    refuses(r, OST_MISUSE, "{\"$ost\": 1}, and 0 parameters", "{'ping': 1, 'a': {'$ost': 1}}", 0);
    refuses(r, OST_MISUSE, "{\"$ost\": 3}, and 2 parameters",
            "{'ping': 1, 'a': [{'$ost': 1}, {'$ost': 2}, {'$ost': 3}]}", 2);
    refuses(r, OST_MISUSE, "parameter 2 of a raw statement is not used",
            "{'ping': 1, 'a': [{'$ost': 1}, {'$ost': 3}]}", 3);
    refuses(r, OST_MISUSE, "parameter 1 of a raw statement is not used", "[]", 1);
    refuses(r, OST_MISUSE, "counted from 1", "{'ping': 1, 'a': {'$ost': 0}}", 1);
    refuses(r, OST_MISUSE, "counted from 1", "{'ping': 1, 'a': {'$ost': -1}}", 1);
    refuses(r, OST_MISUSE, "counted from 1", "{'ping': 1, 'a': {'$ost': '1'}}", 1);
    refuses(r, OST_MISUSE, "counted from 1", "{'ping': 1, 'a': {'$ost': 1.0}}", 1);
    refuses(r, OST_MISUSE, "counted from 1", "{'ping': 1, 'a': {'$ost': {'$ost': 1}}}", 1);
    refuses(r, OST_MISUSE, "parameters were given",
            "{'ping': 1, 'a': {'$ost': {'$numberLong': '4294967297'}}}", 1);
    refuses(r, OST_MISUSE, "counted from 1", "{'ping': 1, 'a': {'$ost': 1, 'b': 2}}", 1);
    refuses(r, OST_MISUSE, "whole value", "{'ping': 1, 'a': {'b': 2, '$ost': 1}}", 1);
    refuses(r, OST_MISUSE, "whole value", "{'$ost': 1}", 1);
    refuses(r, OST_MISUSE, "whole value", "{'ping': 1, '$ost': 1}", 1);
    refuses(r, OST_UNSUPPORTED, "code with a scope",
            "{'ping': {'$code': 'f', '$scope': {'a': {'$ost': 1}}}}", 1);
    /* In a key it is none. */
    refuses(r, OST_MISUSE, "not used", "{'ping': 1, '{\\u0022$ost\\u0022: 1}': 1}", 1);
}

/* A text that begins with $ is a path only where the program wrote it. */
static void fm47_texts_are_no_paths(void **state)
{
    rig *r = *state;
    writes(r,
           "{'find': 'x', 'filter': {'a': {'$ost': 1}, '$or': [{'b': {'$gt': {'$ost': 1}}}, "
           "{'$expr': {'$eq': ['$a', {'$ost': 1}]}}]}, 'projection': {'p': {'$ost': 1}}}",
           1, "$v", 0,
           "{ 'find' : 'x', 'filter' : { 'a' : '$v', '$or' : [ { 'b' : { '$gt' : '$v' } }, { "
           "'$expr' : { '$eq' : [ '$a', { '$literal' : '$v' } ] } } ] }, 'projection' : { 'p' : { "
           "'$literal' : '$v' } } }");
    writes(
        r,
        "[{'$match': {'a': {'$ost': 1}}}, {'$addFields': {'a': {'$ost': 1}, 'b': {'$literal': "
        "{'$ost': 1}}}}]",
        1, "$v", 0,
        "{ 'aggregate' : 'items', 'pipeline' : [ { '$match' : { 'a' : '$v' } }, { '$addFields' : "
        "{ 'a' : { '$literal' : '$v' }, 'b' : { '$literal' : '$v' } } } ], 'cursor' : { "
        "'batchSize' : 16384 } }");
    writes(
        r,
        "{'update': 'x', 'updates': [{'q': {'a': {'$ost': 1}}, 'u': {'$set': {'a': {'$ost': "
        "1}}}}, {'q': {}, 'u': [{'$set': {'a': {'$ost': 1}}}]}]}",
        1, "$v", OST_FLAG_WRITES,
        "{ 'update' : 'x', 'updates' : [ { 'q' : { 'a' : '$v' }, 'u' : { '$set' : { 'a' : '$v' } "
        "} }, { 'q' : {  }, 'u' : [ { '$set' : { 'a' : { '$literal' : '$v' } } } ] } ] }");
    writes(
        r,
        "[{'$lookup': {'from': 'x', 'let': {'a': {'$ost': 1}}, 'as': 'y', 'pipeline': "
        "[{'$match': {'$expr': {'$eq': ['$$a', {'$ost': 1}]}}}]}}]",
        1, "$v", 0,
        "{ 'aggregate' : 'items', 'pipeline' : [ { '$lookup' : { 'from' : 'x', 'let' : { 'a' : { "
        "'$literal' : '$v' } }, 'as' : 'y', 'pipeline' : [ { '$match' : { '$expr' : { '$eq' : [ "
        "'$$a', { '$literal' : '$v' } ] } } } ] } } ], 'cursor' : { 'batchSize' : 16384 } }");
}

static void fm47_options_take_no_paths(void **state)
{
    static const char *const options[] = {
        "{'create': 'x', 'validator': {'a': {'$ost': 1}}}",
        "{'bulkWrite': 1, 'ops': [{'insert': 0, 'document': {'a': {'$ost': 1}}}]}",
        "[{'$limit': {'$ost': 1}}]",
        "[{'$newStage': {'of': {'$ost': 1}}}]",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        statement s;
        const char *text = quoted(options[i]);
        assert_int_equal(read_text(r, &s, text, strlen(text), 1, "$v"), OST_MISUSE);
        assert_non_null(strstr(s.error.message, "begins with $"));
        assert_null(strstr(s.error.message, "$v"));
        assert_int_equal(read_text(r, &s, text, strlen(text), 1, "v"), OST_OK);
        ost__mongo_discard(r->backend, s.plan);
    }
}

static void fm47_no_value_becomes_a_name_or_code(void **state)
{
    static const char *const names[] = {
        "{'find': {'$ost': 1}}",
        "{'distinct': 'x', 'key': {'$ost': 1}}",
        "{'renameCollection': 'x', 'to': {'$ost': 1}}",
        "{'update': 'x', 'updates': [{'q': {}, 'u': {'$rename': {'a': {'$ost': 1}}}}]}",
        "{'findAndModify': 'x', 'update': {'$rename': {'a': {'$ost': 1}}}}",
        "[{'$unset': {'$ost': 1}}]",
        "[{'$unset': ['a', {'$ost': 1}]}]",
        "[{'$unwind': {'$ost': 1}}]",
        "[{'$unwind': {'path': {'$ost': 1}}}]",
        "[{'$count': {'$ost': 1}}]",
        "[{'$out': {'$ost': 1}}]",
        "[{'$merge': {'$ost': 1}}]",
        "[{'$merge': {'into': {'$ost': 1}}}]",
        "[{'$lookup': {'from': {'$ost': 1}}}]",
        "[{'$unionWith': {'$ost': 1}}]",
        "[{'$facet': {'a': [{'$lookup': {'from': {'$ost': 1}}}]}}]",
        "[{'$graphLookup': {'connectToField': {'$ost': 1}}}]",
        "[{'$geoNear': {'distanceField': {'$ost': 1}}}]",
        "[{'$project': {'a': {'$getField': {'$ost': 1}}}}]",
        "[{'$set': {'a': {'$getField': {'field': {'$ost': 1}}}}}]",
        "[{'$set': {'a': {'$map': {'as': {'$ost': 1}}}}}]",
        "[{'$project': {'a': {'$add': [1, {'$getField': {'$ost': 1}}]}}}]",
        "[{'$match': {'$where': {'$ost': 1}}}]",
        "{'find': 'x', 'filter': {'$and': [{'$where': {'$ost': 1}}]}}",
        "[{'$set': {'a': {'$function': {'body': {'$ost': 1}}}}}]",
        "[{'$group': {'_id': 1, 'a': {'$accumulator': {'merge': {'$ost': 1}}}}}]",
        "{'mapReduce': 'x', 'map': {'$ost': 1}}",
        "{'mapReduce': 'x', 'out': {'$ost': 1}}",
        "{'create': 'x', 'viewOn': {'$ost': 1}}",
        "[{'$bucketAuto': {'groupBy': {'$function': {'body': {'$ost': 1}}}}}]",
        "[{'$bucketAuto': {'output': {'a': {'$accumulator': {'init': {'$ost': 1}}}}}}]",
        "[{'$bucketAuto': {'groupBy': {'$getField': {'$ost': 1}}}}]",
        "[{'$fill': {'output': {'a': {'value': {'$function': {'body': {'$ost': 1}}}}}}}]",
        "[{'$fill': {'output': {'a': {'value': {'$getField': {'$ost': 1}}}}}}]",
        "[{'$fill': {'partitionByFields': [{'$ost': 1}]}}]",
        "[{'$densify': {'field': {'$ost': 1}}}]",
        "{'x': 1, 'a': {'$function': {'body': {'$ost': 1}}}}",
        "[{'$ost': 1}]",
        "{'aggregate': 'x', 'pipeline': {'$ost': 1}}",
        "{'update': 'x', 'updates': [{'$ost': 1}]}",
        "{'explain': {'find': {'$ost': 1}}}",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        refuses(r, OST_MISUSE, "stands where", names[i], 1);
    /* The arguments of functions are values. */
    writes(r, "[{'$set': {'a': {'$function': {'body': 'f', 'args': [{'$ost': 1}]}}}}]", 1, "v", 0,
           "{ 'aggregate' : 'items', 'pipeline' : [ { '$set' : { 'a' : { '$function' : { 'body' : "
           "'f', 'args' : [ 'v' ] } } } } ], 'cursor' : { 'batchSize' : 16384 } }");
}

static void integers_keep_their_width(void **state)
{
    static const int64_t list[] = { 1, -2 };
    rig *r = *state;
    statement s;
    const char *text = "{\"ping\": 1, \"a\": [{\"$ost\": 1}, {\"$ost\": 2}, {\"$ost\": 3}]}";
    char *json;
    assert_int_equal(read_text(r, &s, text, strlen(text), 3, "v"), OST_OK);
    ost__mongo_discard(r->backend, s.plan);
    s.parameters[0] = value_of(ost_value_int(7), OST_TYPE_OPTIONAL | OST_TYPE_INT32);
    s.parameters[1] = value_of(ost_value_int(7), OST_TYPE_INT64);
    s.parameters[2] = (ost_parameter){ .source = OST_FROM_LIST,
                                       .type = OST_TYPE_INT64,
                                       .list = list,
                                       .list_count = 2,
                                       .list_stride = sizeof list[0] };
    assert_int_equal(ost__mongo_compile_raw(r->backend, &s.op, &s.plan, &s.flags, &s.error),
                     OST_OK);
    json = bson_as_canonical_extended_json(s.plan->raw->command, NULL);
    assert_non_null(strstr(json, "[ { \"$numberInt\" : \"7\" }, { \"$numberLong\" : \"7\" }, [ { "
                                 "\"$numberLong\" : \"1\" }, { \"$numberLong\" : \"-2\" } ] ]"));
    bson_free(json);
    ost__mongo_discard(r->backend, s.plan);
    /* What no document can keep is not sent. */
    s.parameters[1] = value_of(ost_value_uint(UINT64_MAX), OST_TYPE_UINT64);
    assert_int_equal(ost__mongo_compile_raw(r->backend, &s.op, &s.plan, &s.flags, &s.error),
                     OST_RANGE);
    s.parameters[1] = value_of(ost_value_double(NAN), OST_TYPE_DOUBLE);
    assert_int_equal(ost__mongo_compile_raw(r->backend, &s.op, &s.plan, &s.flags, &s.error),
                     OST_RANGE);
    s.parameters[1] = value_of(ost_value_json((ost_json){ "{}" }), OST_TYPE_JSON);
    assert_int_equal(ost__mongo_compile_raw(r->backend, &s.op, &s.plan, &s.flags, &s.error),
                     OST_UNSUPPORTED);
}

/* ---- what would end what the library keeps ---- */

static void sessions_and_cursors_are_the_librarys(void **state)
{
    static const char *const commands[] = {
        "{'commitTransaction': 1}",
        "{'abortTransaction': 1}",
        "{'startSession': 1}",
        "{'endSessions': []}",
        "{'killSessions': []}",
        "{'killAllSessions': []}",
        "{'killAllSessionsByPattern': []}",
        "{'refreshSessions': []}",
        "{'logout': 1}",
        "{'getMore': 5, 'collection': 'x'}",
        "{'killCursors': 'x', 'cursors': []}",
        "{'authenticate': 1}",
        "{'saslStart': 1}",
        "{'saslContinue': 1}",
        "{'prepareTransaction': 1}",
        "{'coordinateCommitTransaction': 1}",
        "{'find': 'x', 'lsid': {}}",
        "{'find': 'x', 'txnNumber': 1}",
        "{'find': 'x', 'autocommit': false}",
        "{'find': 'x', 'startTransaction': true}",
        "{'insert': 'x', 'stmtId': 1}",
        "{'find': 'x', 'maxTimeMS': 0}",
        "{'find': 'x', 'tailable': true}",
        "{'find': 'x', 'awaitData': true}",
        "{'find': 'x', 'readConcern': {}}",
        "{'drop': 'x', 'writeConcern': {'w': 0}}",
        "{'find': 'x', '$db': 'admin'}",
        "{'find': 'x', '$readPreference': {}}",
        "[{'$changeStream': {}}]",
        "{'aggregate': 1, 'pipeline': [{'$changeStream': {}}]}",
    };
    rig *r = *state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        refuses(r, OST_UNSUPPORTED, "", commands[i], 0);
}

static void pipelines_need_a_collection(void **state)
{
    rig *r = *state;
    statement s;
    ost_table *items = r->items;
    r->items = NULL;
    assert_int_equal(read_text(r, &s, "[]", 2, 0, NULL), OST_MISUSE);
    assert_non_null(strstr(s.error.message, ".over"));
    assert_int_equal(read_text(r, &s, "{\"ping\": 1}", 11, 0, NULL), OST_OK);
    assert_string_equal(ost__mongo_plan_text(s.plan), "{\"ping\": 1}");
    ost__mongo_discard(r->backend, s.plan);
    r->items = items;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_CASE(commands_and_pipelines_are_told_apart),
        RIG_CASE(what_is_not_known_to_read_writes),
        RIG_CASE(what_is_no_json_is_refused),
        RIG_CASE(keys_stand_once),
        RIG_CASE(depth_is_bounded),
        RIG_CASE(numbers_of_parameters_are_checked),
        RIG_CASE(fm47_texts_are_no_paths),
        RIG_CASE(fm47_options_take_no_paths),
        RIG_CASE(fm47_no_value_becomes_a_name_or_code),
        RIG_CASE(integers_keep_their_width),
        RIG_CASE(sessions_and_cursors_are_the_librarys),
        RIG_CASE(pipelines_need_a_collection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
