/* The bootloader: brings clocks, pins and memory chip into their run state, checks what lies in the
 * entry partition, and starts it in place. Whatever is wrong, it does not jump: it leaves a reason
 * in RAM and stays parked with the debug port alive. */
#include "common/crc32.h"
#include "target/boot/check.h"
#include "target/boot/handover.h"
#include "target/driver/board.h"
#include "target/driver/core_regs.h"
#include "target/driver/cpu.h"
#include "target/driver/ctrl_xspi.h"
#include "target/driver/mpu.h"
#include "target/driver/reg.h"

#include <stddef.h>

/* HSI, which every STM32H7 starts on; until the blob tells. */
enum { RESET_CORE_HZ = 64000000 };
enum { PARK_LOOPS = 10000 }; /* below a millisecond at HSI */
enum { US_PER_MS = 1000, DTCM_BYTES = 65536 /* at least, on every M7 part */ };

/* Made by boot.ld; their addresses are the values. */
extern const struct abi_blob boot_image_end;
extern const uint32_t boot_image_bytes[];
extern uint32_t boot_ram_start[];
extern uint32_t boot_ram_end[];

void boot_enter(void);
void boot_main(void);
void boot_fault(void);
void boot_record_fault(uint32_t frame_addr);

/* All memory it writes to, but for stack and reason. */
static struct {
    struct clock clock;
    struct board board;
    struct crc_fast tables;
    uint32_t reason_addr; /* 0: unknown */
    volatile uint32_t heartbeat;
    volatile uint32_t abort_request; /* nobody writes it */
} boot;

static const struct ctrl_driver *const drivers[] = {
    &ctrl_xspi,
    NULL,
};

__attribute__((section(".vectors"), used)) static const uint32_t vectors[16] = {
    (uint32_t)boot_ram_end,
    (uint32_t)boot_enter,
    [2 ... 15] = (uint32_t)boot_fault,
};
_Static_assert(sizeof vectors == ABI_BOOT_HEADER_OFFSET, "the header follows the vectors");

__attribute__((section(".header"), used)) static const struct abi_boot_header header = {
    .magic = ABI_BOOT_MAGIC,
    .version = ABI_BOOT_VERSION,
    .image_bytes = (uint32_t)boot_image_bytes,
    .blob_offset = (uint32_t)boot_image_bytes,
};

/* Every word of RAM is written before it is used: ECC. */
__attribute__((naked, used)) void boot_enter(void)
{
    __asm volatile("cpsid i\n"
                   "movs r0, #0\n"
                   "movs r1, #0\n"
                   "ldr r2, =boot_ram_start\n"
                   "ldr r3, =boot_ram_end\n"
                   "1: strd r0, r1, [r2], #8\n"
                   "cmp r2, r3\n"
                   "bne 1b\n"
                   "msr control, r0\n"
                   "isb\n"
                   "msr msp, r3\n"
                   "b boot_main\n");
}

__attribute__((naked, used)) void boot_fault(void)
{
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =boot_ram_end\n"
                   "msr msp, r1\n"
                   "b boot_record_fault\n");
}

/* In units of 8 bytes: those of ECC in any RAM. */
static void leave_reason(const struct boot_verdict *verdict)
{
    union {
        struct abi_boot_reason reason;
        uint64_t words[sizeof(struct abi_boot_reason) / 8];
    } left = {.reason = {
                  .magic = ABI_REASON_MAGIC,
                  .version = ABI_BOOT_VERSION,
                  .code = verdict->code,
              }};

    if (boot.reason_addr == 0) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        left.reason.value[i] = verdict->value[i];
    }
    left.reason.crc32 = crc32_update(0, &left.reason, offsetof(struct abi_boot_reason, crc32));
    for (uint32_t i = 0; i < sizeof left.words / sizeof left.words[0]; i++) {
        *(volatile uint64_t *)reg_pointer(boot.reason_addr + 8 * i) = left.words[i];
    }
    cpu_sync_data();
}

/* No WFI: sleep may close the debug port. */
__attribute__((noreturn)) static void park(void)
{
    for (;;) {
        cpu_spin(PARK_LOOPS);
        if (boot.clock.watchdog_addr != 0) {
            reg_write32(boot.clock.watchdog_addr, IWDG_KR_RELOAD);
        }
    }
}

__attribute__((noreturn)) void boot_record_fault(uint32_t frame_addr)
{
    struct boot_verdict verdict = {.code = ABI_BOOT_FAULT};

    if (frame_addr >= (uint32_t)boot_ram_start && frame_addr <= (uint32_t)boot_ram_end - 32) {
        verdict.value[0] = reg_read32(frame_addr + 24);
    }
    verdict.value[1] = reg_read32(SCB_CFSR);
    verdict.value[2] = reg_read32(SCB_BFAR);
    leave_reason(&verdict);
    park();
}

/* The reason must not lie in the memory the bootloader works in. */
static bool reason_clear(uint32_t reason_addr)
{
    return reason_addr != 0 &&
           (reason_addr >= (uint32_t)boot_ram_end ||
               reason_addr + sizeof(struct abi_boot_reason) <= (uint32_t)boot_ram_start);
}

/* A damaged blob may still tell where the reason is looked for. Only DTCM is believed: a wrong
 * address must not reach a register. */
static uint32_t guess_reason_addr(const struct abi_blob *blob)
{
    uint32_t offset = blob->boot.offset;
    uint32_t addr = 0;

    if (blob->magic != ABI_BLOB_MAGIC || offset % 4 != 0 ||
        offset > ABI_BLOB_MAX_BYTES - sizeof(struct abi_boot_config)) {
        return 0;
    }
    addr = ((const struct abi_boot_config *)(const void *)((const uint8_t *)blob + offset))
               ->reason_addr;
    if (addr % 8 != 0 || addr < (uint32_t)boot_ram_end ||
        addr > (uint32_t)boot_ram_start + DTCM_BYTES - sizeof(struct abi_boot_reason)) {
        return 0;
    }
    return addr;
}

static struct boot_verdict judge(enum abi_stub_status status, enum abi_boot_code failed)
{
    const uint32_t *value = boot.board.detail.value;

    if (status == ABI_STATUS_OK) {
        return (struct boot_verdict){.code = ABI_BOOT_HANDED_OVER};
    }
    if (status == ABI_STATUS_REG_TIMEOUT) {
        return (struct boot_verdict){ABI_BOOT_REG_TIMEOUT, {value[0], value[1]}};
    }
    if (status == ABI_STATUS_ABORTED) {
        return (struct boot_verdict){ABI_BOOT_OUT_OF_TIME, {(uint32_t)failed}};
    }
    return (struct boot_verdict){(uint32_t)failed, {(uint32_t)status, value[1], value[0]}};
}

/* A debugger that has just connected gets a moment before the flash is touched. */
static void wait_for_debugger(const struct abi_boot_config *config)
{
    if ((reg_read32(DCB_DHCSR) & DCB_DHCSR_C_DEBUGEN) != 0) {
        (void)clock_wait_us(&boot.clock, config->debug_wait_ms * US_PER_MS);
    }
}

static struct boot_verdict bring_up(void)
{
    struct boot_verdict verdict = judge(board_start(&boot.board), ABI_BOOT_RECOVER_FAILED);

    if (verdict.code == ABI_BOOT_HANDED_OVER) {
        verdict = judge(board_recover(&boot.board), ABI_BOOT_RECOVER_FAILED);
    }
    if (verdict.code == ABI_BOOT_HANDED_OVER) {
        verdict = judge(board_enter_run(&boot.board), ABI_BOOT_RUN_MODE_FAILED);
    }
    if (verdict.code == ABI_BOOT_HANDED_OVER) {
        verdict = judge(board_map(&boot.board), ABI_BOOT_MAP_FAILED);
    }
    return verdict;
}

static struct boot_verdict prepare(const struct abi_blob *blob)
{
    const struct abi_boot_config *config = NULL;
    struct boot_verdict verdict = {.code = ABI_BOOT_BAD_BLOB};

    boot.reason_addr = guess_reason_addr(blob);
    if (!blob_check(blob, ABI_BLOB_MAX_BYTES) || blob_boot_config(blob) == NULL) {
        return verdict;
    }
    config = blob_boot_config(blob);
    if (!reason_clear(config->reason_addr)) {
        return verdict;
    }
    boot.reason_addr = config->reason_addr;
    leave_reason(&(struct boot_verdict){.code = ABI_BOOT_STARTED});
    board_init(&boot.board, blob, &boot.clock, drivers);
    clock_set_core_hz(&boot.clock, blob->core_hz_program);
    boot.clock.limit_us = (uint64_t)config->boot_max_ms * US_PER_MS;
    wait_for_debugger(config);
    verdict = bring_up();
    if (verdict.code == ABI_BOOT_HANDED_OVER) {
        verdict = boot_check_image(
            blob, boot.board.bus.ctrl.setup->window_addr, &boot.tables, &boot.clock);
    }
    return verdict;
}

__attribute__((noreturn)) static void hand_over(const struct boot_verdict *verdict)
{
    const struct abi_blob *blob = boot.board.blob;
    const struct abi_boot_config *config = blob_boot_config(blob);
    const struct handover handover = {
        .vectors_addr = config->entry_addr,
        .stack_addr = verdict->value[0],
        .reset_vector = verdict->value[1],
        .caches_on = (config->flags & ABI_BOOT_CACHES) != 0,
        .mpu_off = (config->flags & ABI_BOOT_MPU_OFF) != 0,
    };

    handover_reset_core();
    mpu_guard_window(
        boot.board.bus.ctrl.setup->window_addr, blob->window_bytes, blob_memory(blob)->size_bytes);
    leave_reason(verdict);
    handover_jump(&handover);
}

__attribute__((noreturn)) void boot_main(void)
{
    struct boot_verdict verdict = {0};

    reg_write32(SCB_VTOR, (uint32_t)vectors);
    handover_reset_core(); /* it may have been started by a jump */
    mpu_reset();
    clock_start(&boot.clock, RESET_CORE_HZ, &boot.heartbeat, &boot.abort_request);
    crc_fast_init(&boot.tables);
    verdict = prepare(&boot_image_end);
    if (verdict.code == ABI_BOOT_HANDED_OVER) {
        hand_over(&verdict);
    }
    mpu_close();
    leave_reason(&verdict);
    park();
}
