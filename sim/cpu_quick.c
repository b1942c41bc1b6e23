#include "sim/cpu_internal.h"

#include <string.h>

enum { CODE_MARGIN_BYTES = 64 /* a translation may begin in the page before */ };

/* Not classified yet, or classified for another state of the address space: NULL. */
static struct sim_cpu_page *known_page(const struct sim_cpu *cpu, uint32_t addr)
{
    struct sim_cpu_page *group = cpu->pages[addr >> 22];
    struct sim_cpu_page *page = NULL;

    if (group == NULL) {
        return NULL;
    }
    page = &group[addr >> 12 & (SIM_CPU_PAGES_PER_GROUP - 1)];
    return page->epoch == cpu->epoch ? page : NULL;
}

/* ECC lines that were never written need the bookkeeping of the bus. An aligned unit lies in one
 * line. */
static bool line_is_known(const struct sim_cpu_page *page, uint32_t addr)
{
    const struct sim_region *region = page->region;
    uint32_t line = 0;

    if ((page->flags & SIM_CPU_PAGE_ECC) == 0) {
        return true;
    }
    line = (addr - region->base) / region->ecc_line_bytes;
    return (region->ecc_written[line / 8] >> (line % 8) & 1) != 0;
}

static uint32_t address_of(const struct sim_cpu *cpu, const struct sim_cpu_insn *insn)
{
    uint32_t offset = (insn->flags & SIM_CPU_INDEX_REG) != 0
                          ? cpu->alu.regs[insn->rm] << insn->shift
                          : (uint32_t)insn->offset;

    return cpu->alu.regs[insn->rn] + offset;
}

static bool load(struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t addr)
{
    const unsigned others =
        SIM_CPU_PAGE_MIXED | SIM_CPU_PAGE_GATED | SIM_CPU_PAGE_CACHED | SIM_CPU_PAGE_WAITS;
    const struct sim_cpu_page *page = known_page(cpu, addr);
    uint32_t value = 0;

    if (page == NULL || (page->flags & (others | SIM_CPU_PAGE_READ)) != SIM_CPU_PAGE_READ ||
        page->host == NULL || page->region == NULL || !line_is_known(page, addr)) {
        return false;
    }
    memcpy(&value, page->host + (addr & (SIM_CPU_PAGE_BYTES - 1)), insn->unit_bytes);
    if ((insn->flags & SIM_CPU_SIGNED) != 0) {
        uint32_t sign = 1U << (8 * insn->unit_bytes - 1);

        value = (value ^ sign) - sign;
    }
    cpu->alu.regs[insn->rt] = insn->rt == SIM_CPU_SP ? value & ~3U : value;
    return true;
}

static bool store(struct sim_cpu *cpu, const struct sim_cpu_insn *insn, uint32_t addr)
{
    const unsigned others = SIM_CPU_PAGE_GATED | SIM_CPU_PAGE_CACHED | SIM_CPU_PAGE_WAITS;
    const unsigned wanted = SIM_CPU_PAGE_STORE | SIM_CPU_PAGE_RAM;
    const struct sim_cpu_page *page = known_page(cpu, addr);
    uint8_t *host = NULL;

    if (page == NULL || (page->flags & (others | wanted)) != wanted || !line_is_known(page, addr)) {
        return false;
    }
    host = page->region->bytes + (addr - page->region->base);
    if (cpu->loop.armed) {
        sim_cpu_note_ram_store(cpu, host, insn->unit_bytes);
    }
    cpu->loop.hint_stores++;
    memcpy(host, &cpu->alu.regs[insn->rt], insn->unit_bytes);
    if (page->code_blocks != 0 || (addr & (SIM_CPU_PAGE_BYTES - 1)) < CODE_MARGIN_BYTES) {
        sim_cpu_forget_code(cpu, addr, insn->unit_bytes);
    }
    return true;
}

bool sim_cpu_transfer_quickly(struct sim_cpu *cpu, const struct sim_cpu_insn *insn)
{
    uint32_t addr = address_of(cpu, insn);

    if ((addr & (uint32_t)(insn->unit_bytes - 1)) != 0) {
        return false;
    }
    return insn->op == SIM_CPU_OP_LOAD ? load(cpu, insn, addr) : store(cpu, insn, addr);
}
