/* The hardware under the target code, for tests on the host: the functions of target/driver/reg.h,
 * with a SysTick. Time passes only by accesses, so every run is the same. */
#ifndef TESTS_TARGETDRIVER_MACHINE_H
#define TESTS_TARGETDRIVER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MACHINE_RAM_BYTES = 256 * 1024,
    MACHINE_WRITES = 4096,
    MACHINE_ACCESS_CYCLES = 10,
    MACHINE_ALARM_CYCLES = 100, /* between two looks at the alarm */
    MACHINE_CYCLES_PER_US = 64,
    MACHINE_PLAIN = 64
};

#define MACHINE_RAM_ADDR    0x24000000u
#define MACHINE_WINDOW_ADDR 0x70000000u
#define MACHINE_KR_ADDR     0x58004800u

struct machine_write {
    uint32_t addr;
    uint32_t value;
    uint8_t bytes;
};

struct machine {
    uint64_t cycles;
    uint64_t alarm_at; /* when SysTick expires; 0: it is off */
    bool alarm_pending;
    bool counter_stands; /* DWT switched off from outside */
    uint64_t served_at;  /* cycles: the watchdog's last reload */
    uint64_t worst_gap;  /* longest time between two reloads */
    uint32_t reloads;
    uint8_t ram[MACHINE_RAM_BYTES];
    const uint8_t *window; /* what lies at MACHINE_WINDOW_ADDR, or NULL */
    /* Registers without behaviour keep their value. */
    struct machine_write plain[MACHINE_PLAIN];
    uint32_t plain_count;
    struct machine_write writes[MACHINE_WRITES]; /* in order */
    uint32_t write_count;
    /* Called after each access: what happens meanwhile. May be NULL. */
    void (*meanwhile)(void);
    /* Behaviour of some addresses; true: handled. May be NULL. */
    bool (*read)(uint32_t addr, uint8_t bytes, uint32_t *value);
    bool (*write)(uint32_t addr, uint8_t bytes, uint32_t value);
};

extern struct machine machine;

void machine_reset(void);
uint64_t machine_now_us(void);
uint32_t machine_peek(uint32_t addr);
void machine_poke(uint32_t addr, uint32_t value);
/* How often value was written to addr. */
uint32_t machine_count_writes(uint32_t addr, uint32_t value);

#endif
