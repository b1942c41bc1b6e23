#include "host/probe/selector.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVER_PORT = 7184 }; /* of the ST-LINK server (reference: probe protocols, section 3) */

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

/* ---- USB ---- */

static bool parse_usb_path(
    const char *text, const char *path, struct selector *selector, struct error *err)
{
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof selector->usb_path || !isdigit((unsigned char)path[0]) ||
        strspn(path, "0123456789-.") != length) {
        (void)error_set(err, ERROR_USAGE, "-p %s: expected usb:BUS-PATH, such as usb:1-4.2", text);
        error_set_hint(err, "`xflash list` shows the place of each probe");
        return false;
    }
    memcpy(selector->usb_path, path, length);
    return true;
}

/* Four hexadecimal digits. */
static bool parse_id(const char *text, uint16_t *id)
{
    char digits[5] = "";
    size_t i = 0;

    for (i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)text[i])) {
            return false;
        }
        digits[i] = text[i];
    }
    *id = (uint16_t)strtoul(digits, NULL, 16);
    return true;
}

static bool parse_serial(
    const char *text, const char *serial, struct selector *selector, struct error *err)
{
    if (serial[0] == '\0' || strlen(serial) >= sizeof selector->serial) {
        return error_set(err, ERROR_USAGE,
            "-p %.200s: expected a serial number or its end, VID:PID[:SERIAL], usb:BUS-PATH, "
            "tcp:HOST:PORT or sim:NAME",
            text);
    }
    (void)snprintf(selector->serial, sizeof selector->serial, "%s", serial);
    return true;
}

/* VID:PID[:SERIAL], or a serial number, which may hold colons. */
static bool parse_ids_or_serial(
    const char *text, const char *rest, struct selector *selector, struct error *err)
{
    bool has_ids = parse_id(rest, &selector->vid) && rest[4] == ':' &&
                   parse_id(rest + 5, &selector->pid) && (rest[9] == '\0' || rest[9] == ':');

    if (!has_ids) {
        selector->vid = 0;
        selector->pid = 0;
        return parse_serial(text, rest, selector, err);
    }
    selector->has_ids = true;
    return rest[9] == '\0' || parse_serial(text, rest + 10, selector, err);
}

static const char *skip_link(const char *text, struct selector *selector)
{
    static const struct {
        const char *prefix;
        enum selector_link link;
    } links[] = {{"auto:", SELECTOR_LINK_AUTO}, {"libusb:", SELECTOR_LINK_LIBUSB},
        {"libstlink:", SELECTOR_LINK_LIBSTLINK}};
    size_t i = 0;

    for (i = 0; i < sizeof links / sizeof links[0]; i++) {
        size_t length = strlen(links[i].prefix);

        if (strncmp(text, links[i].prefix, length) == 0) {
            selector->link = links[i].link;
            return text + length;
        }
    }
    return text;
}

static bool parse_usb(const char *text, struct selector *selector, struct error *err)
{
    const char *rest = skip_link(text, selector);

    selector->kind = SELECTOR_USB;
    if (rest != text && rest[0] == '\0') {
        return true; /* "libstlink:", the only probe there is */
    }
    if (strncmp(rest, "usb:", 4) == 0) {
        return parse_usb_path(text, rest + 4, selector, err);
    }
    return parse_ids_or_serial(text, rest, selector, err);
}

bool selector_parse(const char *text, struct selector *selector, struct error *err)
{
    memset(selector, 0, sizeof *selector);
    if (text == NULL) {
        selector->kind = SELECTOR_USB;
        return true;
    }
    if (strncmp(text, "sim:", 4) == 0) {
        return parse_sim(text, text + 4, selector, err);
    }
    if (strncmp(text, "tcp:", 4) == 0) {
        return parse_tcp(text, text + 4, selector, err);
    }
    return parse_usb(text, selector, err);
}
