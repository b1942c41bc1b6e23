#include "target/driver/core_regs.h"
#include "target/driver/reg.h"
#include "tests/unit/targetdriver/machine.h"

#include <stdlib.h>
#include <string.h>

struct machine machine;

void machine_reset(void)
{
    memset(&machine, 0, sizeof machine);
    machine_poke(MPU_TYPE, 16U << 8);
    /* 32 KB, 4 ways of 256 sets of 32 bytes */
    machine_poke(SCB_CCSIDR, 255U << 13 | 3U << 3 | 1U);
}

uint64_t machine_now_us(void)
{
    return machine.cycles / MACHINE_CYCLES_PER_US;
}

static struct machine_write *find_plain(uint32_t addr)
{
    for (uint32_t i = 0; i < machine.plain_count; i++) {
        if (machine.plain[i].addr == addr) {
            return &machine.plain[i];
        }
    }
    if (machine.plain_count == MACHINE_PLAIN) {
        abort();
    }
    machine.plain[machine.plain_count].addr = addr;
    return &machine.plain[machine.plain_count++];
}

uint32_t machine_peek(uint32_t addr)
{
    return find_plain(addr)->value;
}

void machine_poke(uint32_t addr, uint32_t value)
{
    find_plain(addr)->value = value;
}

uint32_t machine_count_writes(uint32_t addr, uint32_t value)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < machine.write_count; i++) {
        count += machine.writes[i].addr == addr && machine.writes[i].value == value;
    }
    return count;
}

static void pass(uint64_t cycles)
{
    machine.cycles += cycles;
    if (machine.meanwhile != NULL) {
        machine.meanwhile();
    }
}

static uint32_t read_pending(void)
{
    if (machine.alarm_at != 0) {
        pass(MACHINE_ALARM_CYCLES);
        machine.alarm_pending = machine.alarm_pending || machine.cycles >= machine.alarm_at;
    }
    return machine.alarm_pending ? SCB_ICSR_PENDSTSET : 0;
}

/* True: it was a register of SysTick. */
static bool write_systick(uint32_t addr, uint32_t value)
{
    if (addr == SYSTICK_CTRL) {
        machine.alarm_at = (value & 1U) != 0 ? machine.cycles + machine_peek(SYSTICK_LOAD) + 1 : 0;
        return true;
    }
    if (addr == SCB_ICSR) {
        machine.alarm_pending = machine.alarm_pending && (value & SCB_ICSR_PENDSTCLR) == 0;
        return true;
    }
    return false;
}

static uint32_t read_any(uint32_t addr, uint8_t bytes)
{
    uint32_t value = 0;

    pass(MACHINE_ACCESS_CYCLES);
    if (addr % bytes != 0) {
        abort(); /* the core would fault */
    }
    if (addr == DWT_CYCCNT) {
        return machine.counter_stands ? 0 : (uint32_t)machine.cycles;
    }
    if (addr == SCB_ICSR) {
        return read_pending();
    }
    if (machine.read != NULL && machine.read(addr, bytes, &value)) {
        return value;
    }
    return machine_peek(addr);
}

static void write_any(uint32_t addr, uint8_t bytes, uint32_t value)
{
    pass(MACHINE_ACCESS_CYCLES);
    if (addr % bytes != 0) {
        abort();
    }
    if (machine.write_count < MACHINE_WRITES) {
        machine.writes[machine.write_count++] = (struct machine_write){addr, value, bytes};
    }
    if (addr == MACHINE_KR_ADDR && value == IWDG_KR_RELOAD) {
        uint64_t gap = machine.cycles - machine.served_at;

        machine.worst_gap = gap > machine.worst_gap ? gap : machine.worst_gap;
        machine.served_at = machine.cycles;
        machine.reloads++;
        return;
    }
    if (write_systick(addr, value)) {
        return;
    }
    if (machine.write != NULL && machine.write(addr, bytes, value)) {
        return;
    }
    machine_poke(addr, value);
}

uint32_t reg_read32(uint32_t addr)
{
    return read_any(addr, 4);
}

void reg_write32(uint32_t addr, uint32_t value)
{
    write_any(addr, 4, value);
}

uint16_t reg_read16(uint32_t addr)
{
    return (uint16_t)read_any(addr, 2);
}

void reg_write16(uint32_t addr, uint16_t value)
{
    write_any(addr, 2, value);
}

uint8_t reg_read8(uint32_t addr)
{
    return (uint8_t)read_any(addr, 1);
}

void reg_write8(uint32_t addr, uint8_t value)
{
    write_any(addr, 1, value);
}

void *reg_pointer(uint32_t addr)
{
    if (addr - MACHINE_RAM_ADDR < MACHINE_RAM_BYTES) {
        return machine.ram + (addr - MACHINE_RAM_ADDR);
    }
    if (machine.window != NULL && addr >= MACHINE_WINDOW_ADDR) {
        /* Written to by nobody: the target code reads it. */
        return (void *)(uintptr_t)(machine.window + (addr - MACHINE_WINDOW_ADDR));
    }
    return NULL; /* whoever uses it crashes */
}
