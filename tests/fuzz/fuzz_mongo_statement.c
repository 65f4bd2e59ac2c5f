/* SPDX-License-Identifier: MIT */
/* Raw statements of MongoDB from outside: nothing crashes, what was read is a document, and no
 * value of a parameter stands where it could be a path. */
#include "mongo/statement.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context, (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ost_field key = {
        .name = "id", .column = "id", .type = OST_TYPE_INT64, .size = 8, .primary_key = true
    };
    static const ost_field *const keys[] = { &key };
    static const ost_table table = { .struct_size = sizeof table,
                                     .model = "item",
                                     .name = "items",
                                     .fields = &key,
                                     .field_count = 1,
                                     .key_count = 1,
                                     .keys = keys };
    const ost_shape shape = { .struct_size = sizeof shape, .kind = OST_DO_RAW, .table = &table };
    ost_backend backend = { .memory = { .resize = resize } };
    ost_parameter parameters[3];
    ost_error error;
    uint16_t flags = 0;
    ost_plan *plan = NULL;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < 3; i++)
        parameters[i] = (ost_parameter){ .source = OST_FROM_VALUE,
                                         .type = OST_TYPE_TEXT,
                                         .value = ost_value_text("$canary") };
    for (uint32_t count = 0; count <= 3; count++) {
        const ost_operation op = { .struct_size = sizeof op,
                                   .kind = OST_DO_RAW,
                                   .shape = &shape,
                                   .text = text,
                                   .text_size = strlen(text),
                                   .parameters = parameters,
                                   .parameter_count = count,
                                   .parameter_size = sizeof parameters[0] };
        ost_status status = ost__mongo_compile_raw(&backend, &op, &plan, &flags, &error);
        if (status == OST_OK) {
            assert(bson_validate(plan->raw->command, BSON_VALIDATE_UTF8, NULL));
            ost__mongo_discard(&backend, plan);
        } else {
            assert(!plan && error.message[0] != '\0' && !strchr(error.message, '\n'));
        }
    }
    free(text);
    return 0;
}
