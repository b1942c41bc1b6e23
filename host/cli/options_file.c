/* xflash.json: the nearest one upward from the current folder, then the user's. */
#include "host/base/os.h"
#include "host/base/text.h"
#include "host/board/json.h"
#include "host/cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *find_upward(const char *name)
{
    char *folder = os_current_directory();
    char *found = NULL;

    while (folder != NULL && found == NULL) {
        char *path = text_format("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
        char *slash = strrchr(folder, '/');

        if (path != NULL && os_file_exists(path)) {
            found = path;
            break;
        }
        free(path);
        if (slash == NULL || strcmp(folder, "/") == 0) {
            break;
        }
        slash[slash == folder ? 1 : 0] = '\0';
    }
    free(folder);
    return found;
}

static void complain_unknown(const struct json_value *member, const char *key)
{
    const char *names[OPTION_COUNT + 1];
    const char *nearest = NULL;

    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        names[id] = option_spec((enum option_id)id)->name;
    }
    names[OPTION_COUNT] = NULL;
    nearest = json_nearest(key, names);
    if (nearest != NULL) {
        json_complain(member, "unknown key, did you mean \"%s\"?", nearest);
    } else {
        json_complain(member, "unknown key (xflash help options lists them)");
    }
}

/* Consent and the choice not to verify belong to the person at the command line. */
static bool is_refused(enum option_id id, const char *text)
{
    return option_spec(id)->refused_in_files ||
           (id == OPTION_ERASE && text != NULL && strcmp(text, "chip") == 0);
}

static void set_from_member(struct options *options, const struct json_value *member,
    enum option_id id, enum option_source source)
{
    enum option_kind kind = option_spec(id)->kind;
    struct error err = {0};
    char number[16];
    const char *text = "";
    uint32_t value = 0;
    bool on = false;

    if (is_refused(id, NULL)) {
        json_complain(member, "not allowed in a file, only on the command line");
        return;
    }
    if (kind == OPTION_KIND_FLAG || kind == OPTION_KIND_COUNT) {
        if (!json_get_bool(member, &on) || !on) {
            return;
        }
    } else if (json_kind_of(member) == JSON_NUMBER) {
        if (!json_get_u32(member, 0, 999999, &value)) {
            return;
        }
        (void)snprintf(number, sizeof number, "%u", (unsigned)value);
        text = number;
    } else {
        text = json_get_string(member);
        if (text == NULL) {
            return;
        }
    }
    if (is_refused(id, text)) {
        json_complain(member, "\"%s\" is not allowed in a file, only on the command line", text);
    } else if (!options_set(options, id, text, source, "", &err)) {
        json_complain(member, "%s", err.message);
    }
}

static void take_member(
    struct options *options, const struct json_value *member, enum option_source source)
{
    const char *key = json_key_of(member);
    enum option_id id = options_find(key, strlen(key));

    if (strcmp(key, "//") == 0) {
        return;
    }
    if (id == OPTION_COUNT) {
        complain_unknown(member, key);
    } else {
        set_from_member(options, member, id, source);
    }
}

static bool read_file(
    struct options *options, const char *path, enum option_source source, struct error *err)
{
    struct json *json = NULL;
    const struct json_value *member = NULL;
    bool ok = false;

    if (!json_load(path, ERROR_CONFIG_BAD, &json, err)) {
        return false;
    }
    if (json_check_kind(json_root(json), JSON_OBJECT)) {
        member = json_first(json_root(json));
    }
    for (; member != NULL; member = json_next(member)) {
        take_member(options, member, source);
    }
    ok = json_finish(json, err);
    json_free(json);
    return ok;
}

bool options_read_files(struct options *options, struct error *err)
{
    char *config = os_config_directory();

    options->project_file = find_upward("xflash.json");
    if (config != NULL) {
        options->user_file = text_format("%s/xflash.json", config);
        free(config);
    }
    if (options->project_file != NULL &&
        !read_file(options, options->project_file, OPTION_PROJECT_FILE, err)) {
        return false;
    }
    if (options->user_file != NULL && os_file_exists(options->user_file)) {
        return read_file(options, options->user_file, OPTION_USER_FILE, err);
    }
    return true;
}
