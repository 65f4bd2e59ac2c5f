/* SPDX-License-Identifier: MIT */
/* URLs from outside: nothing crashes, and what was parsed is whole. */
#include "base/url.h"

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

static void check_parsed(const ost__url *u, const char *text)
{
    assert(u->scheme[0] != '\0' && ost__url_has_scheme(text, u->scheme));
    assert(u->path);
    assert(u->option_count <= OST__URL_OPTIONS_MAX);
    for (uint32_t i = 0; i < u->option_count; i++)
        assert(ost__url_option(u, u->options[i].name) == u->options[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ost__memory memory = { .resize = resize };
    ost__url url;
    ost_error error;
    char redacted[64];
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    ost__url_redact(text, redacted, sizeof redacted);
    assert(strlen(redacted) < sizeof redacted);
    if (ost__url_parse(&memory, text, &url, &error) == OST_OK) {
        check_parsed(&url, text);
        ost__url_finish(&memory, &url);
    } else {
        assert(error.message[0] != '\0');
    }
    free(text);
    return 0;
}
