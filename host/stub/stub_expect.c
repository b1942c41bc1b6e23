/* How long commands take: at first the typical times of the chip from the blob, then what was
 * measured by the stub itself. */
#include "host/stub/stub_internal.h"

enum { NS_PER_S = 1000000000, PS_PER_NS = 1000 };

static uint64_t expect_erase_ns(const struct stub_client *stub, const struct abi_command *command)
{
    const struct abi_memory *memory = &stub->memory;
    const struct abi_erase_type *type = NULL;
    uint64_t unit_ns = 0;

    if (command->arg0 == ABI_ERASE_CHIP) {
        return (uint64_t)memory->chip_erase_typical_us * STUB_NS_PER_US;
    }
    if (command->arg0 >= ABI_ERASE_TYPES || memory->erase[command->arg0].size_bytes == 0) {
        return 0;
    }
    type = &memory->erase[command->arg0];
    unit_ns = stub->learned_erase_ns[command->arg0];
    if (unit_ns == 0) {
        unit_ns = (uint64_t)type->typical_us * STUB_NS_PER_US;
    }
    return command->size_bytes / type->size_bytes * unit_ns;
}

uint64_t stub_expect_ns(const struct stub_client *stub, const struct abi_command *command)
{
    if (command->kind >= STUB_KINDS) {
        return 0;
    }
    if (command->kind == ABI_COMMAND_ERASE) {
        return stub->has_memory ? expect_erase_ns(stub, command) : 0;
    }
    if (stub->learned_ps_per_byte[command->kind] != 0) {
        return command->size_bytes * stub->learned_ps_per_byte[command->kind] / PS_PER_NS;
    }
    if (command->kind == ABI_COMMAND_PROGRAM && stub->has_memory && stub->memory.page_bytes != 0) {
        return (uint64_t)(command->size_bytes / stub->memory.page_bytes) *
               stub->memory.program_typical_us * STUB_NS_PER_US;
    }
    return 0;
}

static bool is_steady(uint32_t kind)
{
    return kind == ABI_COMMAND_PROGRAM || kind == ABI_COMMAND_READ || kind == ABI_COMMAND_HASH ||
           kind == ABI_COMMAND_BLANK || kind == ABI_COMMAND_COMPARE;
}

void stub_expect_learn(
    struct stub_client *stub, const struct abi_command *command, const struct abi_result *result)
{
    uint64_t took_ns = 0;

    if (result->status != ABI_STATUS_OK || stub->core_hz == 0 || command->size_bytes == 0) {
        return;
    }
    took_ns = (uint64_t)result->cycles * NS_PER_S / stub->core_hz;
    if (is_steady(command->kind)) {
        stub->learned_ps_per_byte[command->kind] = took_ns * PS_PER_NS / command->size_bytes;
    } else if (command->kind == ABI_COMMAND_ERASE && command->arg0 < ABI_ERASE_TYPES &&
               stub->has_memory && stub->memory.erase[command->arg0].size_bytes != 0) {
        uint32_t units = command->size_bytes / stub->memory.erase[command->arg0].size_bytes;

        /* The counter of cycles wraps after about a minute: longer commands teach nothing. */
        if (units > 0 && expect_erase_ns(stub, command) < UINT64_C(30) * NS_PER_S) {
            stub->learned_erase_ns[command->arg0] = took_ns / units;
        }
    }
}
