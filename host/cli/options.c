#include "host/cli/options.h"

#include "host/base/os.h"
#include "host/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What users' fingers know from other tools, and how it is spelled here. */
static const struct {
    const char *theirs;
    const char *ours;
} foreign[] = {
    {"--chip", "--board NAME (the board file names the MCU)"},
    {"-t", "--board NAME"},
    {"--target", "--board NAME"},
    {"-el", "--board FILE (a board file replaces the external loader)"},
    {"--connect-under-reset", "--connect under-reset"},
    {"--base-address", "FILE@ADDRESS"},
    {"--binary-format", "--format bin"},
    {"--chip-erase", "--erase chip"},
    {"--erase-all", "erase --all"},
    {"--skipErase", "--erase none"},
    {"--serial", "--probe SERIAL"},
    {"--uid", "--probe SERIAL"},
    {"--freq", "--speed"},
    {"--noverify", "--no-verify"},
};

const char *option_source_name(enum option_source source)
{
    static const char *const names[] = {
        [OPTION_UNSET] = "default",
        [OPTION_USER_FILE] = "the user's file",
        [OPTION_PROJECT_FILE] = "xflash.json",
        [OPTION_ENVIRONMENT] = "the environment",
        [OPTION_COMMAND_LINE] = "the command line",
    };

    return names[source];
}

bool options_parse_duration(const char *text, uint64_t *duration_ms)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"min", 60000}};
    char *end = NULL;
    double value = strtod(text, &end);
    bool is_number = isdigit((unsigned char)text[0]) != 0;

    for (size_t i = 0; is_number && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0 && value * units[i].factor <= 1e12) {
            *duration_ms = (uint64_t)(value * units[i].factor);
            return true;
        }
    }
    return false;
}

bool options_parse_frequency(const char *text, uint32_t *freq_hz)
{
    char *end = NULL;
    double value = 0;

    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    value = strtod(text, &end);
    if (strcmp(end, "M") == 0 || strcmp(end, "MHz") == 0) {
        value *= 1e6;
    } else if (strcmp(end, "k") == 0 || strcmp(end, "K") == 0 || strcmp(end, "kHz") == 0 ||
               *end == '\0') {
        value *= 1e3;
    } else {
        return false;
    }
    if (value < 1 || value > 1e9) {
        return false;
    }
    *freq_hz = (uint32_t)value;
    return true;
}

static bool choice_is_known(const char *choices, const char *text)
{
    size_t length = strlen(text);
    const char *at = choices;

    while (length > 0 && at != NULL) {
        const char *bar = strchr(at, '|');
        size_t choice_length = bar != NULL ? (size_t)(bar - at) : strlen(at);

        if (choice_length == length && memcmp(at, text, length) == 0) {
            return true;
        }
        at = bar != NULL ? bar + 1 : NULL;
    }
    return false;
}

static bool number_is_valid(const char *text)
{
    return strlen(text) > 0 && strlen(text) <= 6 && strspn(text, "0123456789") == strlen(text);
}

static bool check_value(
    const struct option_spec *spec, const char *text, const char *where, struct error *err)
{
    uint64_t duration_ms = 0;
    uint32_t freq_hz = 0;

    switch (spec->kind) {
    case OPTION_KIND_CHOICE:
    case OPTION_KIND_OPTIONAL:
        if (text[0] != '\0' && choice_is_known(spec->choices, text)) {
            return true;
        }
        if (spec->kind == OPTION_KIND_OPTIONAL && text[0] == '\0') {
            return true;
        }
        return error_set(err, ERROR_USAGE, "%s%s: \"%s\" is not one of %s", where, spec->name, text,
            spec->choices);
    case OPTION_KIND_DURATION:
        if (options_parse_duration(text, &duration_ms)) {
            return true;
        }
        return error_set(err, ERROR_USAGE, "%s%s: \"%s\" is not a time such as 3s or 500ms", where,
            spec->name, text);
    case OPTION_KIND_FREQUENCY:
        if (options_parse_frequency(text, &freq_hz)) {
            return true;
        }
        return error_set(err, ERROR_USAGE,
            "%s%s: \"%s\" is not a frequency such as 24M or 8000 "
            "(kHz)",
            where, spec->name, text);
    case OPTION_KIND_NUMBER:
        if (number_is_valid(text)) {
            return true;
        }
        return error_set(err, ERROR_USAGE, "%s%s: \"%s\" is not a number", where, spec->name, text);
    case OPTION_KIND_TEXT:
        if (text[0] != '\0') {
            return true;
        }
        return error_set(err, ERROR_USAGE, "%s%s: a value is missing", where, spec->name);
    case OPTION_KIND_FLAG:
    case OPTION_KIND_COUNT:
        break;
    }
    return true;
}

enum option_id options_find(const char *name, size_t name_length)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const char *known = option_spec((enum option_id)id)->name;

        if (strlen(known) == name_length && memcmp(known, name, name_length) == 0) {
            return (enum option_id)id;
        }
    }
    return OPTION_COUNT;
}

static enum option_id find_short(char name)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        if (name != 0 && option_spec((enum option_id)id)->short_name == name) {
            return (enum option_id)id;
        }
    }
    return OPTION_COUNT;
}

bool options_set(struct options *options, enum option_id id, const char *text,
    enum option_source source, const char *where, struct error *err)
{
    const struct option_spec *spec = option_spec(id);
    struct option_value *value = &options->values[id];
    char *copy = NULL;

    if (value->source > source) {
        return true;
    }
    if (!check_value(spec, text, where, err)) {
        return false;
    }
    copy = text_duplicate(text);
    if (copy == NULL) {
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    free(value->text);
    value->text = copy;
    value->source = source;
    value->count++;
    return true;
}

static bool unknown_option(const char *word, struct error *err)
{
    size_t length = strcspn(word, "=");

    (void)error_set(err, ERROR_USAGE, "unknown option %s", word);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (strlen(foreign[i].theirs) == length && memcmp(foreign[i].theirs, word, length) == 0) {
            error_set_hint(err, "here it is spelled %s", foreign[i].ours);
            return false;
        }
    }
    error_set_hint(err, "xflash help lists the options");
    return false;
}

static bool takes_value(const struct option_spec *spec)
{
    return spec->kind != OPTION_KIND_FLAG && spec->kind != OPTION_KIND_COUNT &&
           spec->kind != OPTION_KIND_OPTIONAL;
}

/* The words of the command line and how far they have been read. */
struct words {
    int count;
    char **text;
    int index;
};

static bool take_value_of(struct words *words, const struct option_spec *spec, const char *attached,
    const char **text, struct error *err)
{
    if (attached != NULL) {
        *text = attached;
    } else if (words->index + 1 < words->count) {
        words->index++;
        *text = words->text[words->index];
    } else {
        return error_set(err, ERROR_USAGE, "--%s needs a value: %s", spec->name, spec->value_name);
    }
    return true;
}

/* --name, --name VALUE, --name=VALUE */
static bool parse_long(struct options *options, struct words *words, struct error *err)
{
    const char *word = words->text[words->index];
    const char *equals = strchr(word, '=');
    enum option_id id = options_find(word + 2, strcspn(word + 2, "="));
    const struct option_spec *spec = NULL;
    const char *text = "";

    if (id == OPTION_COUNT) {
        return unknown_option(word, err);
    }
    spec = option_spec(id);
    if (takes_value(spec)) {
        if (!take_value_of(words, spec, equals != NULL ? equals + 1 : NULL, &text, err)) {
            return false;
        }
    } else if (equals != NULL && spec->kind != OPTION_KIND_OPTIONAL) {
        return error_set(err, ERROR_USAGE, "--%s takes no value", spec->name);
    } else if (equals != NULL) {
        text = equals + 1;
    }
    return options_set(options, id, text, OPTION_COMMAND_LINE, "--", err);
}

/* -p VALUE, -pVALUE, -v, -vv, -qv */
static bool parse_short(struct options *options, struct words *words, struct error *err)
{
    const char *word = words->text[words->index];

    for (const char *at = word + 1; *at != '\0'; at++) {
        enum option_id id = find_short(*at);
        const char *text = "";
        bool has_value = id != OPTION_COUNT && takes_value(option_spec(id));

        if (id == OPTION_COUNT || (has_value && at != word + 1)) {
            return unknown_option(word, err);
        }
        if (has_value &&
            !take_value_of(words, option_spec(id), at[1] != '\0' ? at + 1 : NULL, &text, err)) {
            return false;
        }
        if (!options_set(options, id, text, OPTION_COMMAND_LINE, "--", err)) {
            return false;
        }
        if (has_value) {
            return true;
        }
    }
    return true;
}

bool options_add_argument(struct options *options, const char *word, struct error *err)
{
    size_t count = options->argument_count;
    char **grown = realloc(options->arguments, (count + 1) * sizeof *grown);
    char *copy = text_duplicate(word);

    if (grown == NULL || copy == NULL) {
        free(copy);
        options->arguments = grown != NULL ? grown : options->arguments;
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    grown[count] = copy;
    options->arguments = grown;
    options->argument_count++;
    return true;
}

bool options_parse(struct options *options, int argc, char **argv, struct error *err)
{
    struct words words = {.count = argc, .text = argv};
    bool only_arguments = false;
    bool ok = true;

    for (; ok && words.index < argc; words.index++) {
        const char *word = argv[words.index];

        if (only_arguments || word[0] != '-' || word[1] == '\0') {
            ok = options_add_argument(options, word, err);
        } else if (strcmp(word, "--") == 0) {
            only_arguments = true;
        } else if (word[1] == '-') {
            ok = parse_long(options, &words, err);
        } else {
            ok = parse_short(options, &words, err);
        }
    }
    return ok;
}

/* XFLASH_DRY_RUN for dry-run. */
static void environment_name(const struct option_spec *spec, char name[48])
{
    (void)snprintf(name, 48, "XFLASH_%s", spec->name);
    for (char *at = name; *at != '\0'; at++) {
        *at = (char)(*at == '-' ? '_' : (toupper)((unsigned char)*at));
    }
}

static bool read_variable(struct options *options, enum option_id id, struct error *err)
{
    const struct option_spec *spec = option_spec(id);
    bool is_flag = spec->kind == OPTION_KIND_FLAG || spec->kind == OPTION_KIND_COUNT;
    char name[48];
    const char *text = NULL;

    if (id == OPTION_HELP || id == OPTION_VERSION) {
        return true; /* XFLASH_VERSION is what a build script calls the version it wants */
    }
    environment_name(spec, name);
    text = os_environment(name);
    if (text == NULL || text[0] == '\0' || (is_flag && strcmp(text, "0") == 0)) {
        return true;
    }
    if (spec->refused_in_files || (id == OPTION_ERASE && strcmp(text, "chip") == 0)) {
        return error_set(err, ERROR_CONFIG_BAD, "%s: allowed only on the command line", name);
    }
    if (!options_set(options, id, is_flag ? "" : text, OPTION_ENVIRONMENT, "", err)) {
        return error_add_context(err, "reading %s from the environment", name);
    }
    if (spec->kind == OPTION_KIND_COUNT && options->values[id].source == OPTION_ENVIRONMENT) {
        unsigned count = (unsigned)strtoul(text, NULL, 10);

        options->values[id].count = count > 0 ? count : 1; /* XFLASH_VERBOSE=2 is -vv */
    }
    return true;
}

bool options_read_environment(struct options *options, struct error *err)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        if (!read_variable(options, (enum option_id)id, err)) {
            return false;
        }
    }
    return true;
}

void options_free(struct options *options)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        free(options->values[id].text);
    }
    for (size_t i = 0; i < options->argument_count; i++) {
        free(options->arguments[i]);
    }
    free(options->arguments);
    free(options->user_file);
    free(options->project_file);
    memset(options, 0, sizeof *options);
}

const char *options_text(const struct options *options, enum option_id id)
{
    return options->values[id].text;
}

bool options_flag(const struct options *options, enum option_id id)
{
    return options->values[id].source != OPTION_UNSET;
}

uint64_t options_duration_ms(const struct options *options, enum option_id id)
{
    uint64_t duration_ms = 0;

    if (options->values[id].text != NULL) {
        (void)options_parse_duration(options->values[id].text, &duration_ms);
    }
    return duration_ms;
}

uint32_t options_frequency_hz(const struct options *options, enum option_id id)
{
    uint32_t freq_hz = 0;

    if (options->values[id].text != NULL) {
        (void)options_parse_frequency(options->values[id].text, &freq_hz);
    }
    return freq_hz;
}

unsigned options_number(const struct options *options, enum option_id id)
{
    const char *text = options->values[id].text;

    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0;
}
