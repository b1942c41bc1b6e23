#include "host/probe/selector.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVER_PORT = 7184 }; /* of the ST-LINK server (reference: probe protocols, section 3) */

static const char *const doors_hint = "-p sim:NAME is a virtual board (`xflash sim list` shows "
                                      "their names), -p tcp:HOST:PORT an ST-LINK server";

static bool is_name(const char *text, size_t length)
{
    size_t i = 0;

    for (i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("._-", text[i]) == NULL) {
            return false;
        }
    }
    return length > 0 && text[0] != '.' && text[0] != '-';
}

static bool parse_sim(
    const char *text, const char *name, struct selector *selector, struct error *err)
{
    size_t name_length = strcspn(name, "#");
    const char *instance = name + name_length;

    if (!is_name(name, name_length) || name_length >= sizeof selector->sim_name ||
        strlen(name) >= sizeof selector->sim_instance ||
        (*instance == '#' && !is_name(instance + 1, strlen(instance + 1)))) {
        return error_set(err, ERROR_USAGE, "-p %s: expected sim:NAME or sim:NAME#INSTANCE", text);
    }
    selector->kind = SELECTOR_SIM;
    memcpy(selector->sim_name, name, name_length);
    (void)snprintf(selector->sim_instance, sizeof selector->sim_instance, "%s", name);
    return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    char *end = NULL;

    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    value = strtoul(text, &end, 10);
    if (*end != '\0' || value == 0 || value > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

static bool parse_tcp(
    const char *text, const char *address, struct selector *selector, struct error *err)
{
    const char *colon = strrchr(address, ':');
    size_t host_length = colon != NULL ? (size_t)(colon - address) : strlen(address);

    selector->kind = SELECTOR_TCP;
    selector->tcp.port = SERVER_PORT;
    if (!is_name(address, host_length) || host_length >= sizeof selector->tcp.host ||
        (colon != NULL && !parse_port(colon + 1, &selector->tcp.port))) {
        return error_set(err, ERROR_USAGE, "-p %s: expected tcp:HOST:PORT", text);
    }
    memcpy(selector->tcp.host, address, host_length);
    return true;
}

bool selector_parse(const char *text, struct selector *selector, struct error *err)
{
    memset(selector, 0, sizeof *selector);
    if (text == NULL) {
        (void)error_set(err, ERROR_NO_PROBE,
            "no probe was chosen, and this version does not look for probes on USB");
        error_set_hint(err, "%s", doors_hint);
        return false;
    }
    if (strncmp(text, "sim:", 4) == 0) {
        return parse_sim(text, text + 4, selector, err);
    }
    if (strncmp(text, "tcp:", 4) == 0) {
        return parse_tcp(text, text + 4, selector, err);
    }
    /* A serial number, VID:PID or usb:BUS-PATH. */
    (void)error_set(err, ERROR_USAGE, "-p %s: probes on USB come with a later version", text);
    error_set_hint(err, "%s", doors_hint);
    return false;
}
