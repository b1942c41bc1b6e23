/* From a selector to one entry of the list, or to a sentence that tells how to choose. */
#include "host/probe/probe_list.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_PROBES = 16 };

static bool is_same_letter(char left, char right)
{
    return (toupper)((unsigned char)left) == (toupper)((unsigned char)right);
}

static bool ends_with(const char *text, const char *end)
{
    size_t text_length = strlen(text);
    size_t end_length = strlen(end);
    size_t i = 0;

    if (end_length > text_length) {
        return false;
    }
    text += text_length - end_length;
    while (i < end_length && is_same_letter(text[i], end[i])) {
        i++;
    }
    return i == end_length;
}

static bool matches(const struct probe_entry *entry, const struct selector *selector, bool whole)
{
    const struct usb_device *device = &entry->device;

    if (selector->has_ids && (selector->vid != device->vid || selector->pid != device->pid)) {
        return false;
    }
    if (selector->usb_path[0] != '\0' && strcmp(selector->usb_path, device->path) != 0) {
        return false;
    }
    return ends_with(entry->serial, selector->serial) &&
           (!whole || strlen(entry->serial) == strlen(selector->serial));
}

static bool names_nothing(const struct selector *selector)
{
    return selector->serial[0] == '\0' && selector->usb_path[0] == '\0' && !selector->has_ids;
}

static size_t collect_matches(const struct probe_list *list, const struct selector *selector,
    bool whole, const struct probe_entry *found[PROBE_LIST_MAX])
{
    size_t count = 0;
    size_t i = 0;

    for (i = 0; i < list->count; i++) {
        if (matches(&list->entries[i], selector, whole)) {
            found[count++] = &list->entries[i];
        }
    }
    return count;
}

/* The entries meant; returns how many. Those whose whole serial number it is come first. */
static size_t collect(const struct probe_list *list, const struct selector *selector,
    const struct probe_entry *found[PROBE_LIST_MAX])
{
    size_t count = 0;

    if (selector->serial[0] != '\0') {
        count = collect_matches(list, selector, true, found);
    }
    return count > 0 ? count : collect_matches(list, selector, false, found);
}

/* Nobody who says nothing means a probe that cannot be used, when there is another. */
static size_t drop_unsupported(const struct probe_entry *found[PROBE_LIST_MAX], size_t count)
{
    size_t kept = 0;
    size_t i = 0;

    for (i = 0; i < count; i++) {
        if (found[i]->state != PROBE_STATE_UNSUPPORTED) {
            found[kept++] = found[i];
        }
    }
    return kept > 0 ? kept : count;
}

static void add_options(struct error *err, const struct probe_entry *const *found, size_t count)
{
    size_t shown = count < SHOWN_PROBES ? count : SHOWN_PROBES;
    bool shares = false;
    size_t i = 0;

    for (i = 0; i < shown; i++) {
        size_t used = strlen(err->message);
        const struct probe_entry *entry = found[i];

        (void)snprintf(err->message + used, sizeof err->message - used,
            "\n  -p %-26s %s, usb:%s%s%s", entry->select, entry->kind, entry->device.path,
            entry->state == PROBE_STATE_FREE ? "" : ", ",
            entry->state == PROBE_STATE_FREE ? "" : probe_state_name(entry->state));
        shares = shares || (entry->shares_serial && entry->serial[0] != '\0');
    }
    if (shares) {
        size_t used = strlen(err->message);

        (void)snprintf(err->message + used, sizeof err->message - used,
            "\n  (probes with the same serial number are told apart by their place on USB)");
    }
}

static void point_all(const struct probe_list *list, const struct probe_entry *all[PROBE_LIST_MAX])
{
    size_t i = 0;

    for (i = 0; i < list->count; i++) {
        all[i] = &list->entries[i];
    }
}

static bool fail_none(const struct probe_list *list, const char *text, struct error *err)
{
    const struct probe_entry *all[PROBE_LIST_MAX];

    if (list->count == 0) {
        (void)error_set(err, ERROR_NO_PROBE, "no debug probe found on USB%s%s",
            text != NULL ? " for -p " : "", text != NULL ? text : "");
        error_set_hint(err, "plug one in (`xflash list` shows what there is); -p sim:NAME is a "
                            "virtual board, -p tcp:HOST:PORT an ST-LINK server");
        return false;
    }
    point_all(list, all);
    (void)error_set(err, ERROR_NO_PROBE, "no probe matches -p %s; there %s", text,
        list->count == 1 ? "is" : "are");
    add_options(err, all, list->count);
    return false;
}

static bool fail_several(
    const struct probe_entry *const *found, size_t count, const char *text, struct error *err)
{
    if (text != NULL) {
        (void)error_set(
            err, ERROR_SEVERAL_PROBES, "%zu probes match -p %s: choose one", count, text);
    } else {
        (void)error_set(err, ERROR_SEVERAL_PROBES, "there are %zu debug probes: choose one", count);
    }
    add_options(err, found, count);
    error_set_hint(err, "-p %s", found[0]->select);
    return false;
}

/* Names the reason why a chosen probe cannot be used. */
static bool check_state(const struct probe_entry *entry, struct error *err)
{
    switch (entry->state) {
    case PROBE_STATE_NO_PERMISSION:
        return probe_text_fail_permission(&entry->device, entry->name, err);
    case PROBE_STATE_BOOTLOADER:
        (void)error_set(err, ERROR_PROBE_ABILITY,
            "the probe %s is in its bootloader, waiting for new firmware", entry->name);
        error_set_hint(err, "plug it out and in; if it stays so, end the update with ST's "
                            "STSW-LINK007");
        return false;
    case PROBE_STATE_UNSUPPORTED:
        (void)error_set(err, ERROR_PROBE_ABILITY,
            "the probe %s is of a kind xflash does not speak to", entry->name);
        error_set_hint(err, "an ST-LINK V2, V2-1 or V3, or a CMSIS-DAP probe");
        return false;
    case PROBE_STATE_FREE:
    case PROBE_STATE_BUSY:
    case PROBE_STATE_FAILED:
    case PROBE_STATE_COUNT:
        break;
    }
    return true;
}

bool probe_list_choose(const struct probe_list *list, const struct selector *selector,
    const char *text, const struct probe_entry **entry, struct error *err)
{
    const struct probe_entry *found[PROBE_LIST_MAX];
    size_t count = collect(list, selector, found);

    *entry = NULL;
    if (names_nothing(selector)) {
        count = drop_unsupported(found, count);
    }
    if (count == 0) {
        return fail_none(list, text, err);
    }
    if (count > 1) {
        return fail_several(found, count, text, err);
    }
    if (!check_state(found[0], err)) {
        return false;
    }
    *entry = found[0];
    return true;
}
