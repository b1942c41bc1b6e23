/* Every published dump of tests/data/sfdp against the values of an independent decoder
 * (decoded.json). Every value there is either compared or named here with a reason. */
#include "sfdp_dumps.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key of decoded.json and what was decoded. */
struct fact {
    const char *key;
    uint64_t value;
};

/* Numbers stand as such, as "0x..", as "0b.." or as a word. */
static uint64_t number_of(const struct json_value *value)
{
    static const struct {
        const char *word;
        uint32_t number;
    } words[] = {{"3", 0}, {"3or4", 1}, {"4", 2}, {"repeat", 0}, {"invert", 1}};
    uint32_t number = 0;

    if (json_kind_of(value) == JSON_BOOL) {
        bool flag = false;

        cr_assert(json_get_bool(value, &flag));
        return flag;
    }
    if (json_kind_of(value) == JSON_STRING) {
        const char *text = json_get_string(value);

        if (strncmp(text, "0b", 2) == 0) {
            return strtoul(text + 2, NULL, 2);
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (strcmp(words[i].word, text) == 0) {
                return words[i].number;
            }
        }
    }
    cr_assert(json_get_u32(value, 0, UINT32_MAX, &number), "%s", json_key_of(value));
    return number;
}

static uint64_t number_at(const struct json_value *object, const char *key)
{
    const struct json_value *value = json_member(object, key);

    cr_assert_not_null(value, "%s", key);
    return number_of(value);
}

/* json_first() for what may be absent. */
static const struct json_value *first_of(const struct json_value *container)
{
    return container == NULL ? NULL : json_first(container);
}

/* Every member of `object` is one of the facts and equal, or a container, or skipped. */
static void check_facts(const char *name, const struct json_value *object, const struct fact *facts,
    const char *const *skipped)
{
    if (object == NULL) {
        return;
    }
    for (const struct json_value *at = json_first(object); at != NULL; at = json_next(at)) {
        const char *key = json_key_of(at);
        const struct fact *fact = facts;
        bool skip = json_kind_of(at) == JSON_OBJECT || json_kind_of(at) == JSON_ARRAY;

        for (size_t i = 0; skipped != NULL && skipped[i] != NULL; i++) {
            skip = skip || strcmp(skipped[i], key) == 0;
        }
        while (fact->key != NULL && strcmp(fact->key, key) != 0) {
            fact++;
        }
        if (!skip) {
            cr_assert_not_null(fact->key, "%s: nothing is compared with \"%s\"", name, key);
            cr_assert_eq(fact->value, number_of(at), "%s %s: %llu instead of %llu", name, key,
                (unsigned long long)fact->value, (unsigned long long)number_of(at));
        }
    }
}

/* ---- headers ---- */

static void check_headers(const struct json_value *dump, const struct sfdp *sfdp)
{
    const char *name = json_key_of(dump);
    char text[16];
    size_t i = 0;

    (void)snprintf(text, sizeof text, "%u.%u", sfdp->major, sfdp->minor);
    cr_assert_str_eq(json_get_string(json_member(dump, "rev")), text, "%s", name);
    cr_assert_eq(sfdp->access_protocol, number_at(dump, "access"), "%s", name);
    cr_assert_eq(sfdp->table_count, json_count(json_member(dump, "tables")), "%s", name);
    for (const struct json_value *at = first_of(json_member(dump, "tables")); at != NULL;
         at = json_next(at)) {
        const struct sfdp_table *table = &sfdp->tables[i++];

        (void)snprintf(text, sizeof text, "%u.%u", table->major, table->minor);
        cr_assert_str_eq(json_get_string(json_member(at, "rev")), text, "%s", name);
        cr_assert_eq(table->id, number_at(at, "id"), "%s", name);
        cr_assert_eq(table->dword_count, number_at(at, "dwords"), "%s", name);
        cr_assert_eq(table->offset, number_at(at, "ptr"), "%s", name);
    }
}

/* ---- basic table ---- */

static void check_erase(const char *name, const struct json_value *list, const struct sfdp *sfdp)
{
    bool seen[SFDP_ERASE_TYPES] = {false};

    for (const struct json_value *at = first_of(list); at != NULL; at = json_next(at)) {
        size_t i = number_at(at, "type") - 1;

        seen[i] = true;
        check_facts(name, at,
            (const struct fact[]){{"type", i + 1}, {"size", sfdp->erase[i].size_bytes},
                {"op", sfdp->erase[i].opcode}, {"typ_ms", sfdp->erase[i].typical_us / 1000},
                {"max_ms", sfdp->erase[i].max_us / 1000}, {NULL, 0}},
            NULL);
        cr_assert_eq(sfdp->erase[i].typical_us != 0, json_member(at, "typ_ms") != NULL, "%s", name);
    }
    for (size_t i = 0; i < SFDP_ERASE_TYPES; i++) {
        cr_assert_eq(sfdp->erase[i].size_bytes != 0, seen[i], "%s type %zu", name, i);
    }
}

static void check_read(const char *name, const struct json_value *value, const struct sfdp *sfdp,
    enum sfdp_read_mode mode)
{
    const struct sfdp_read *read = &sfdp->reads[mode];

    if (value == NULL) {
        cr_assert_eq(read->opcode, 0, "%s read %d", name, mode);
        return;
    }
    check_facts(name, value,
        (const struct fact[]){{"op", read->opcode}, {"mode", read->mode_clocks},
            {"wait", read->wait_clocks}, {NULL, 0}},
        NULL);
}

static void check_reads(const char *name, const struct json_value *basic, const struct sfdp *sfdp)
{
    static const struct {
        const char *key;
        enum sfdp_read_mode mode;
    } places[] = {{"1-1-2", SFDP_1S_1S_2S}, {"1-2-2", SFDP_1S_2S_2S}, {"2-2-2", SFDP_2S_2S_2S},
        {"1-1-4", SFDP_1S_1S_4S}, {"1-4-4", SFDP_1S_4S_4S}, {"4-4-4", SFDP_4S_4S_4S}};
    const struct json_value *reads = json_member(basic, "reads");
    size_t count = 0;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        count += json_member(reads, places[i].key) != NULL;
        check_read(name, json_member(reads, places[i].key), sfdp, places[i].mode);
    }
    cr_assert_eq(count, json_count(reads), "%s", name);
    if (json_member(basic, "1-1-8") != NULL) {
        check_read(name, json_member(basic, "1-1-8"), sfdp, SFDP_1S_1S_8S);
        check_read(name, json_member(basic, "1-8-8"), sfdp, SFDP_1S_8S_8S);
    }
}

static void check_suspend(const char *name, const struct json_value *basic, const struct sfdp *sfdp)
{
    const struct sfdp_suspend *suspend = &sfdp->suspend;

    check_facts(name, json_member(basic, "susp_ops"),
        (const struct fact[]){{"suspend", suspend->erase_opcode},
            {"resume", suspend->erase_resume_opcode}, {"prog_suspend", suspend->program_opcode},
            {"prog_resume", suspend->program_resume_opcode}, {NULL, 0}},
        NULL);
    check_facts(name, json_member(basic, "susp_forbid"),
        (const struct fact[]){
            {"erase", suspend->erase_forbids}, {"prog", suspend->program_forbids}, {NULL, 0}},
        NULL);
    check_facts(name, json_member(basic, "dpd"),
        (const struct fact[]){{"supported", sfdp->power_down.supported},
            {"enter", sfdp->power_down.enter_opcode}, {"exit", sfdp->power_down.exit_opcode},
            {"exit_delay_us", sfdp->power_down.exit_ns / 1000},
            {"poll_legacy_05", sfdp->busy_by_status}, {"poll_fsr_70", sfdp->busy_by_flags},
            {NULL, 0}},
        NULL);
}

static void check_quad(const char *name, const struct json_value *basic, const struct sfdp *sfdp)
{
    check_facts(name, json_member(basic, "xip044"),
        (const struct fact[]){{"sup", sfdp->quad.has_continuous},
            {"entry", sfdp->quad.enter_continuous}, {"exit", sfdp->quad.leave_continuous},
            {NULL, 0}},
        NULL);
    check_facts(name, json_member(basic, "qpi444"),
        (const struct fact[]){
            {"enable", sfdp->quad.enter_4s}, {"disable", sfdp->quad.leave_4s}, {NULL, 0}},
        NULL);
}

static void check_clocks(const char *name, const struct json_value *clocks, const struct sfdp *sfdp)
{
    static const char *const keys[SFDP_CLOCKS] = {
        "4S4S4S", "4S4S4S_ds", "4S4D4D", "4S4D4D_ds", "8S8S8S", "8S8S8S_ds", "8D8D8D", "8D8D8D_ds"};

    for (size_t i = 0; i < SFDP_CLOCKS && clocks != NULL; i++) {
        const struct json_value *at = json_member(clocks, keys[i]);
        bool unsupported =
            json_kind_of(at) == JSON_STRING && strcmp(json_get_string(at), "unsupported") == 0;
        uint64_t mhz = json_kind_of(at) == JSON_NUMBER ? number_of(at) : 0;

        cr_assert_eq(sfdp->octal.max_hz[i], mhz * 1000000, "%s %s", name, keys[i]);
        cr_assert_eq(sfdp->octal.unsupported >> i & 1, unsupported, "%s %s", name, keys[i]);
    }
}

static void check_basic(const char *name, const struct json_value *basic, const struct sfdp *sfdp)
{
    bool has_4k = number_at(basic, "erase4k_field") == 1;
    const struct fact facts[] = {{"n_dwords", sfdp->basic_dwords},
        {"op_4k", has_4k ? sfdp->erase_4k_opcode : number_at(basic, "op_4k")},
        {"addr_bytes", sfdp->addr_mode}, {"dtr", sfdp->has_dtr},
        {"wren_vol_sr", sfdp->volatile_write_opcode}, {"sr_volatile_bp", sfdp->status_is_volatile},
        {"buf64", sfdp->has_write_buffer}, {"size_bytes", sfdp->size_bytes},
        {"erase_max_multiplier", sfdp->erase_multiplier}, {"page_size", sfdp->page_bytes},
        {"page_prog_typ_us", sfdp->program_typical_us}, {"page_prog_max_us", sfdp->program_max_us},
        {"byte_first_typ_us", sfdp->first_byte_typical_us},
        {"byte_addl_typ_us", sfdp->next_byte_typical_us},
        {"chip_erase_typ_ms", sfdp->chip_erase_typical_us / 1000},
        {"chip_erase_max_ms", sfdp->chip_erase_max_us / 1000},
        {"prog_max_multiplier", sfdp->program_multiplier},
        {"suspend_supported", sfdp->suspend.supported},
        {"erase_suspend_max_us", sfdp->suspend.erase_latency_ns / 1000},
        {"erase_resume_to_suspend_us", sfdp->suspend.erase_gap_us},
        {"prog_suspend_max_us", sfdp->suspend.program_latency_ns / 1000},
        {"prog_resume_to_suspend_us", sfdp->suspend.program_gap_us}, {"qer", sfdp->quad.enable},
        {"hold_reset_disable", sfdp->quad.hold_can_be_disabled}, {"enter4b", sfdp->enter_four_byte},
        {"exit4b", sfdp->leave_four_byte}, {"soft_reset", sfdp->reset_methods},
        {"sr1_wren", sfdp->status_write_rule},
        {"byte_order_swapped_8d", sfdp->octal.swaps_bytes_8d},
        {"cmd_ext", sfdp->octal.command_extension}, {"ds_qpi_dtr", sfdp->octal.strobe_in_4d},
        {"ds_qpi_str", sfdp->octal.strobe_in_4s}, {"ds_str", sfdp->octal.strobe_in_8s},
        {"jedec_spi_reset", sfdp->octal.has_pin_reset}, {"oer", sfdp->octal.octal_enable},
        {"8s_enable", sfdp->octal.enter_8s}, {"8s_disable", sfdp->octal.leave_8s}, {NULL, 0}};
    /* raw dwords, and the field that has_4k is made of */
    static const char *const skipped[] = {"d18", "d19", "erase4k_field", NULL};

    check_facts(name, basic, facts, skipped);
    cr_assert_eq(sfdp->erase_4k_opcode != 0, has_4k, "%s", name);
    check_erase(name, json_member(basic, "erase"), sfdp);
    check_reads(name, basic, sfdp);
    check_suspend(name, basic, sfdp);
    check_quad(name, basic, sfdp);
    check_clocks(name, json_member(basic, "max_mhz"), sfdp);
}

/* ---- the other tables ---- */

static unsigned op_bit(const char *name)
{
    static const char *const names[] = {"rd13", "fr0c", "3c_112", "bc_122", "6c_114", "ec_144",
        "pp12", "pp34_114", "pp3e_144", "erase1", "erase2", "erase3", "erase4", "0e_dtr", "be_dtr",
        "ee_dtr", "e0", "e1", "e2", "e3", "7c_118", "cc_188", "fd_dtr188", "pp84_118", "pp8e_188"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    cr_assert_fail("\"%s\" is not known", name);
    return 0;
}

/* The reference lists what the bits say. Where bits 31 to 20 are all ones in a table older than
 * revision C they are reserved bits: the decoder drops them (memories.md 4.8, row 6). */
static void check_four_byte(
    const char *name, const struct json_value *table, const struct sfdp *sfdp)
{
    bool phantom = json_member(table, "bits31_20_all_ones") != NULL && sfdp->basic_dwords < 17;
    const struct json_value *at = first_of(json_member(table, "erase_ops"));
    uint32_t ops = 0;

    if (table == NULL) {
        cr_assert_eq(sfdp->four_byte_ops, 0, "%s", name);
        return;
    }
    for (const struct json_value *op = first_of(json_member(table, "supports")); op != NULL;
         op = json_next(op)) {
        ops |= UINT32_C(1) << op_bit(json_get_string(op));
    }
    cr_assert_eq(sfdp->four_byte_is_phantom, phantom, "%s", name);
    cr_assert_eq(sfdp->four_byte_ops, phantom ? ops & 0xFFFFF : ops, "%s", name);
    for (size_t i = 0; i < SFDP_ERASE_TYPES; i++, at = json_next(at)) {
        bool has = (ops >> (SFDP_4B_ERASE_1 + i) & 1) != 0 && number_of(at) != 0xFF;

        cr_assert_eq(sfdp->four_byte_erase[i], has ? number_of(at) : 0, "%s type %zu", name, i);
    }
}

static void check_xspi(const char *name, const struct json_value *table, const struct sfdp *sfdp)
{
    static const char *const clocks[SFDP_XSPI_DUMMIES] = {"200", "166", "133", "100"};
    const struct sfdp_xspi *xspi = &sfdp->xspi;
    const struct fact facts[] = {{"rd_fast", xspi->read_opcode},
        {"rd_wrap", xspi->wrapped_read_opcode}, {"rdsr_addr4", xspi->status_addr_bytes == 4},
        {"rdsr_dummy8", xspi->status_dummy_cycles == 8},
        {"sfdp_dummy20", xspi->sfdp_dummy_cycles == 20},
        {"sfdp_addr_3byte", xspi->sfdp_addr_bytes == 3}, {"rd_vol", xspi->read_volatile_opcode},
        {"rd_nv", xspi->read_nonvolatile_opcode}, {"wr_vol", xspi->write_volatile_opcode},
        {"wr_nv", xspi->write_nonvolatile_opcode},
        {"soft_reset_default_proto", xspi->commands >> 11 & 1},
        {"enter_default_proto", xspi->commands >> 10 & 1}, {NULL, 0}};
    static const char *const skipped[] = {"por_dummy_8d", NULL}; /* null: DWORD 6 is absent */

    cr_assert_eq(xspi->present, table != NULL, "%s", name);
    if (table == NULL) {
        return;
    }
    check_facts(name, table, facts, skipped);
    cr_assert_eq(xspi->power_on_dummy_8d, 0);
    for (size_t i = 0; i < SFDP_XSPI_DUMMIES; i++) {
        const struct json_value *pair =
            first_of(json_member(json_member(table, "dummy"), clocks[i]));

        cr_assert_eq(xspi->dummies[i].cycles, number_of(pair), "%s %s MHz", name, clocks[i]);
        cr_assert_eq(
            xspi->dummies[i].code, number_of(json_next(pair)), "%s %s MHz", name, clocks[i]);
    }
}

static void check_access(
    const char *name, const struct json_value *value, const struct sfdp_access *access)
{
    check_facts(name, value,
        (const struct fact[]){{"read", access->readable}, {"write", access->writable},
            {"addr_bytes", access->addr_bytes}, {"dummy_8s", access->dummy_8s},
            {"dummy_8d", access->dummy_8d}, {NULL, 0}},
        NULL);
}

static void check_registers(
    const char *name, const struct json_value *dump, const struct sfdp *sfdp)
{
    const struct sfdp_registers *registers = &sfdp->registers;
    const struct json_value *access = json_member(dump, "SCCR_access");
    const struct json_value *word = first_of(json_member(dump, "SCCR"));
    size_t dies = 0;

    cr_assert_eq(registers->present, word != NULL, "%s", name);
    if (word == NULL) {
        return;
    }
    cr_assert_eq(registers->volatile_base, number_of(word), "%s", name);
    cr_assert_eq(registers->nonvolatile_base, number_of(json_next(word)), "%s", name);
    check_access(name, json_member(access, "volatile"), &registers->volatile_access);
    check_access(name, json_member(access, "nonvolatile"), &registers->nonvolatile_access);
    for (const struct json_value *at = first_of(json_member(dump, "SCCR_MULTI")); at != NULL;
         at = json_next(at)) {
        cr_assert_eq(registers->die_volatile_base[dies], number_of(at), "%s", name);
        at = json_next(at);
        cr_assert_eq(registers->die_nonvolatile_base[dies], number_of(at), "%s", name);
        dies++;
    }
    cr_assert_eq(registers->die_count, dies, "%s", name);
}

static void check_detection(
    const char *name, const struct json_value *value, const struct sfdp_detection *detection)
{
    static const char *const skipped[] = {"end", NULL}; /* where the list ends */
    const struct fact facts[] = {{"op", detection->opcode}, {"mask", detection->mask},
        /* coded as in the table: 3 is the length in use, 15 the number of clocks in use */
        {"addrlen", detection->addr_bytes == 0xFF ? 3 : detection->addr_bytes},
        {"dummy", detection->dummy_cycles == SFDP_NO_DUMMY ? 15 : detection->dummy_cycles},
        {"addr", detection->addr}, {NULL, 0}};

    check_facts(name, value, facts, skipped);
}

static void check_map(const char *name, const struct json_value *value, const struct sfdp_map *map)
{
    size_t i = 0;

    cr_assert_eq(map->number, number_at(value, "map"), "%s", name);
    for (const struct json_value *at = first_of(json_member(value, "regions")); at != NULL;
         at = json_next(at), i++) {
        check_facts(name, at,
            (const struct fact[]){{"size", map->regions[i].size_bytes},
                {"types", map->regions[i].erase_types}, {NULL, 0}},
            NULL);
    }
    cr_assert_eq(map->region_count, i, "%s", name);
}

static void check_sector_map(
    const char *name, const struct json_value *list, const struct sfdp *sfdp)
{
    size_t detections = 0;
    size_t maps = 0;

    for (const struct json_value *at = first_of(list); at != NULL; at = json_next(at)) {
        if (json_member(at, "detect") != NULL) {
            check_detection(
                name, json_member(at, "detect"), &sfdp->sector_map.detections[detections++]);
        } else {
            check_map(name, at, &sfdp->sector_map.maps[maps++]);
        }
    }
    cr_assert_eq(sfdp->sector_map.detection_count, detections, "%s", name);
    cr_assert_eq(sfdp->sector_map.map_count, maps, "%s", name);
    cr_assert_eq(sfdp->sector_map.complete, list != NULL, "%s", name);
}

static void check_sequence(const char *name, const struct json_value *list, const struct sfdp *sfdp)
{
    size_t i = 0;

    for (const struct json_value *at = first_of(list); at != NULL; at = json_next(at), i++) {
        char text[32] = "";

        for (size_t k = 0; k < sfdp->sequence[i].count; k++) {
            (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                k == 0 ? "%02x" : " %02x", sfdp->sequence[i].bytes[k]);
        }
        cr_assert_str_eq(text, json_get_string(at), "%s command %zu", name, i);
    }
    cr_assert_eq(sfdp->sequence_count, i, "%s", name);
}

Test(sfdp, decodes_every_published_dump)
{
    struct json *json = load_expected();
    size_t dumps = 0;

    for (const struct json_value *at = json_first(json_root(json)); at != NULL;
         at = json_next(at)) {
        const char *name = json_key_of(at);
        uint8_t bytes[MAX_DUMP_BYTES];
        struct sfdp sfdp = sfdp_of(name);

        cr_assert_eq(read_dump(name, bytes), number_at(at, "len"), "%s", name);
        if (json_member(at, "rev") != NULL) {
            check_headers(at, &sfdp);
        }
        check_basic(name, json_member(at, "BFPT"), &sfdp);
        check_four_byte(name, json_member(at, "4BAIT"), &sfdp);
        check_xspi(name, json_member(at, "XSPI_PROFILE1"), &sfdp);
        check_registers(name, at, &sfdp);
        check_sector_map(name, json_member(at, "SECTOR_MAP"), &sfdp);
        check_sequence(name, json_member(at, "SEQ_8D"), &sfdp);
        dumps++;
    }
    cr_assert_eq(dumps, 37);
    json_free(json);
}
