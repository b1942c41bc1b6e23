#include "sim/inject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ARMED = 32, DEFAULT_RATE = 100 };

static const struct sim_inject_kind kinds[] = {
    {"chip-power-cut", SIM_SEAM_CHIP_OP, SIM_FAULT_POWER_CUT},
    {"chip-op-fail", SIM_SEAM_CHIP_OP, SIM_FAULT_OP_FAIL},
    {"chip-op-silent", SIM_SEAM_CHIP_OP, SIM_FAULT_OP_SILENT},
    {"chip-op-stuck", SIM_SEAM_CHIP_OP, SIM_FAULT_OP_STUCK},
    {"chip-read-flip", SIM_SEAM_CHIP_READ, SIM_FAULT_READ_FLIP},
    {"flash-power-cut", SIM_SEAM_FLASH_OP, SIM_FAULT_POWER_CUT},
    {"flash-op-fail", SIM_SEAM_FLASH_OP, SIM_FAULT_OP_FAIL},
    {"flash-op-silent", SIM_SEAM_FLASH_OP, SIM_FAULT_OP_SILENT},
    {"flash-op-stuck", SIM_SEAM_FLASH_OP, SIM_FAULT_OP_STUCK},
    {"usb-stall", SIM_SEAM_USB, SIM_FAULT_USB_STALL},
    {"usb-timeout", SIM_SEAM_USB, SIM_FAULT_USB_TIMEOUT},
    {"usb-short", SIM_SEAM_USB, SIM_FAULT_USB_SHORT},
    {"usb-unplug", SIM_SEAM_USB, SIM_FAULT_USB_UNPLUG},
    {"usb-corrupt", SIM_SEAM_USB, SIM_FAULT_USB_CORRUPT},
    {"usb-power-cut", SIM_SEAM_USB, SIM_FAULT_POWER_CUT},
    {"dap-wait", SIM_SEAM_DAP, SIM_FAULT_DAP_WAIT},
    {"dap-fault", SIM_SEAM_DAP, SIM_FAULT_DAP_FAULT},
    {"dap-parity", SIM_SEAM_DAP, SIM_FAULT_DAP_PARITY},
    {"dap-power-cut", SIM_SEAM_DAP, SIM_FAULT_POWER_CUT},
    {"cpu-reset", SIM_SEAM_CPU, SIM_FAULT_CPU_RESET},
    {"cpu-power-cut", SIM_SEAM_CPU, SIM_FAULT_POWER_CUT},
};

struct armed_fault {
    const struct sim_inject_kind *kind;
    bool seeded;
    uint64_t at_count; /* of the seam, when not seeded */
    uint64_t random;
    uint64_t rate; /* seeded: one operation in rate, on average */
};

struct sim_inject {
    uint64_t seam_counts[SIM_SEAM_COUNT];
    uint64_t handed_out[sizeof kinds / sizeof kinds[0]];
    uint64_t fired[sizeof kinds / sizeof kinds[0]];
    size_t latest[SIM_FAULT_COUNT]; /* kind that was handed out last as this fault */
    uint64_t random;
    bool power_cut;
    void (*requested)(void *context);
    void *context;
    unsigned armed_count;
    struct armed_fault armed[ARMED];
};

struct sim_inject *sim_inject_create(void)
{
    struct sim_inject *inject = calloc(1, sizeof *inject);

    if (inject == NULL) {
        abort();
    }
    inject->random = UINT64_C(0x9E3779B97F4A7C15);
    return inject;
}

void sim_inject_free(struct sim_inject *inject)
{
    free(inject);
}

/* splitmix64 (Steele, Lea, Flood 2014): any seed, zero included, gives a good sequence. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static bool is_due(struct armed_fault *armed, uint64_t count)
{
    if (armed->seeded) {
        return next_random(&armed->random) % armed->rate == 0;
    }
    return armed->at_count == count;
}

static void disarm(struct sim_inject *inject, unsigned index)
{
    inject->armed_count--;
    memmove(&inject->armed[index], &inject->armed[index + 1],
        (inject->armed_count - index) * sizeof inject->armed[0]);
}

enum sim_fault sim_inject_next(struct sim_inject *inject, enum sim_seam seam)
{
    uint64_t count = ++inject->seam_counts[seam];
    enum sim_fault fault = SIM_FAULT_NONE;
    unsigned i = 0;

    while (i < inject->armed_count) {
        struct armed_fault *armed = &inject->armed[i];

        if (armed->kind->seam != seam || fault != SIM_FAULT_NONE || !is_due(armed, count)) {
            i++;
            continue;
        }
        fault = armed->kind->fault;
        inject->latest[fault] = (size_t)(armed->kind - kinds);
        inject->handed_out[inject->latest[fault]]++;
        if (armed->seeded) {
            i++;
        } else {
            disarm(inject, i);
        }
    }
    return fault;
}

void sim_inject_fired(struct sim_inject *inject, enum sim_fault fault)
{
    inject->fired[inject->latest[fault]]++;
}

uint32_t sim_inject_random(struct sim_inject *inject)
{
    return (uint32_t)(next_random(&inject->random) >> 32);
}

void sim_inject_request_power_cut(struct sim_inject *inject)
{
    inject->power_cut = true;
    if (inject->requested != NULL) {
        inject->requested(inject->context);
    }
}

void sim_inject_set_power_cut_listener(
    struct sim_inject *inject, void (*requested)(void *context), void *context)
{
    inject->requested = requested;
    inject->context = context;
}

bool sim_inject_take_power_cut(struct sim_inject *inject)
{
    bool was_requested = inject->power_cut;

    inject->power_cut = false;
    return was_requested;
}

static bool parse_number(const char *text, char end, uint64_t *value, const char **rest)
{
    char *stop = NULL;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *value = strtoull(text, &stop, 10);
    *rest = stop;
    return errno == 0 && (*stop == '\0' || *stop == end);
}

static bool is_name(const char *name, const char *typed, size_t length)
{
    return strlen(name) == length && memcmp(name, typed, length) == 0;
}

/* A name without its seam means the memory chip: "power-cut" is "chip-power-cut". */
static const struct sim_inject_kind *find_kind(const char *typed, size_t length)
{
    static const char chip[] = "chip-";
    const struct sim_inject_kind *found = NULL;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool is_chip = strncmp(kinds[i].name, chip, sizeof chip - 1) == 0;

        if (is_name(kinds[i].name, typed, length) ||
            (is_chip && is_name(kinds[i].name + sizeof chip - 1, typed, length))) {
            found = &kinds[i];
        }
    }
    return found;
}

static bool parse_seed(const char *text, struct armed_fault *armed)
{
    const char *rest = text;

    armed->seeded = true;
    armed->rate = DEFAULT_RATE;
    if (!parse_number(text, '/', &armed->random, &rest)) {
        return false;
    }
    return *rest == '\0' || (parse_number(rest + 1, '\0', &armed->rate, &rest) && armed->rate != 0);
}

bool sim_inject_arm(struct sim_inject *inject, const char *spec, const char **why)
{
    struct armed_fault armed = {0};
    const char *at = strchr(spec, '@');
    const char *rest = NULL;

    if (strcmp(spec, "off") == 0) {
        inject->armed_count = 0;
        return true;
    }
    armed.kind = find_kind(spec, at == NULL ? strlen(spec) : (size_t)(at - spec));
    if (armed.kind == NULL) {
        *why = "unknown kind of fault; `inject NAME` without further arguments lists the kinds";
        return false;
    }
    if (at == NULL) {
        *why = "expected KIND@INDEX, KIND@seed:N or KIND@seed:N/RATE";
        return false;
    }
    if (strncmp(at + 1, "seed:", 5) == 0) {
        if (!parse_seed(at + 6, &armed)) {
            *why = "expected a decimal number after seed:, then nothing or /RATE with RATE of 1 "
                   "or more (one operation in RATE fails)";
            return false;
        }
    } else if (!parse_number(at + 1, '\0', &armed.at_count, &rest) || armed.at_count == 0) {
        *why = "expected a decimal number of 1 or more after @ (1 is the next operation)";
        return false;
    }
    if (inject->armed_count == ARMED) {
        *why = "32 faults are armed already; `off` disarms them all";
        return false;
    }
    armed.at_count += inject->seam_counts[armed.kind->seam];
    inject->armed[inject->armed_count++] = armed;
    return true;
}

const struct sim_inject_kind *sim_inject_kind(size_t index)
{
    return index < sizeof kinds / sizeof kinds[0] ? &kinds[index] : NULL;
}

uint64_t sim_inject_seam_count(const struct sim_inject *inject, enum sim_seam seam)
{
    return inject->seam_counts[seam];
}

uint64_t sim_inject_handed_out(const struct sim_inject *inject, size_t kind_index)
{
    return inject->handed_out[kind_index];
}

uint64_t sim_inject_fired_count(const struct sim_inject *inject, size_t kind_index)
{
    return inject->fired[kind_index];
}

unsigned sim_inject_armed_count(const struct sim_inject *inject)
{
    return inject->armed_count;
}
