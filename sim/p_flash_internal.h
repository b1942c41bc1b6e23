/* Internal flash: what the files of the model share, and what p_limits.c asks.
 *
 * p_flash.c has the life of the model, p_flash_array.c what happens to the array (buffer, granules,
 * sectors, torn operations), p_flash_options.c the option words. The registers differ between the
 * families: p_flash_h7rs.c and p_flash_h74x.c, each with its struct sim_flash_layout. */
#ifndef SIM_P_FLASH_INTERNAL_H
#define SIM_P_FLASH_INTERNAL_H

#include "sim/clock.h"
#include "sim/p_regs.h"
#include "sim/soc.h"

enum {
    FLASH_BASE = 0x52002000,
    FLASH_ACR = 0x000,
    FLASH_KEYR = 0x004,
    FLASH_CR = 0x010,
    FLASH_SR = 0x014,
    FLASH_FCR = 0x018,
    FLASH_IER = 0x020,
    FLASH_ISR = 0x024,
    FLASH_ICR = 0x028,
    FLASH_ECCDFADDR = 0x044,
    FLASH_OPTKEYR = 0x100,
    FLASH_OPTCR = 0x104,
    FLASH_OPTISR = 0x108,
    FLASH_OPTICR = 0x10C,
    FLASH_NVSR = 0x200,
    FLASH_ROTSR = 0x208,
    FLASH_OTPLSR = 0x210,
    FLASH_WRPSR = 0x218,
    FLASH_HDPSR = 0x230,
    FLASH_EPOCHSR = 0x250,
    FLASH_OBW1SR = 0x260,
    FLASH_OBW2SR = 0x268,
    FLASH_OBW2SRP = 0x26C
};

enum {
    FLASH_ARRAY_ADDR = 0x08000000,
    FLASH_GRANULE_BYTES_MAX = 32,
    FLASH_OPTION_BYTES = 256,
    FLASH_OPTION_WORDS = FLASH_OPTION_BYTES / 4
};

/* CR: these are the same on every family. */
enum { FLASH_CR_LOCK = 0, FLASH_CR_PG = 1, FLASH_CR_SER = 2, FLASH_CR_BER = 3 };
/* SR */
enum {
    FLASH_SR_BUSY = 0,
    FLASH_SR_WBNE = 1,
    FLASH_SR_QW = 2,
    FLASH_SR_IS_PROGRAM = 4,
    FLASH_SR_IS_ERASE = 5,
    FLASH_SR_IS_OPTCHANGE = 6
};
/* ISR, ICR, IER of H7R/S; SR, CCR, CR of H74x */
enum {
    FLASH_ISR_EOP = 16,
    FLASH_ISR_WRPERR = 17,
    FLASH_ISR_PGSERR = 18,
    FLASH_ISR_STRBERR = 19,
    FLASH_ISR_INCERR = 21,
    FLASH_ISR_DBECCERR = 26
};
/* OPTCR, OPTISR */
enum { FLASH_OPTCR_OPTLOCK = 0, FLASH_OPTCR_PG_OPT = 1, FLASH_OPTISR_OPTERR = 30 };

#define FLASH_NVSTATE_OPEN UINT32_C(0xB4)

enum sim_granule { SIM_GRANULE_ERASED, SIM_GRANULE_PROGRAMMED, SIM_GRANULE_BROKEN };

enum sim_flash_op { SIM_FLASH_IDLE, SIM_FLASH_PROGRAM, SIM_FLASH_ERASE, SIM_FLASH_OPTION_CHANGE };

/* A pair of keys that has to be written in order. */
struct sim_flash_lock {
    uint32_t keys[2];
    uint8_t next;
    bool is_open;
    bool is_blocked; /* wrong key, or unlocked twice: until the next reset */
};

/* An option word: where it shows what is in effect, and what it holds when it leaves the factory.
 */
struct sim_flash_option {
    const char *name;
    uint16_t status_offset;
    uint32_t writable;
    uint32_t factory;
    bool is_life_cycle; /* may end in a board that can never be opened again */
};

/* Internal flash of one family. All functions are mandatory. */
struct sim_flash_layout {
    uint32_t array_bytes;
    uint32_t sector_bytes;
    uint32_t granule_bytes; /* one ECC each */
    uint64_t program_ps;    /* of a granule */
    uint64_t erase_ps;      /* of a sector */
    uint64_t mass_erase_ps;
    uint32_t acr_reset;
    uint8_t sector_bit;       /* of the sector number in CR, 3 bits wide */
    uint32_t operation_error; /* flag in ISR of an operation that failed */
    /* A page of read-only memory with unique ID and flash size. */
    uint32_t identity_addr;
    uint32_t identity_uid;
    uint32_t identity_size_kb;
    bool has_package; /* behind the flash size */
    const struct sim_flash_option *options;
    size_t option_count;
    uint16_t first_option_offset;
    uint16_t protection_option; /* write protection: a bit per sector, 0 = protected */
    uint16_t watchdog_option;   /* bit 4: 0 = the IWDG is started by hardware */
    bool (*read)(void *flash, uint32_t offset, uint32_t size_bytes, uint32_t *value);
    bool (*write)(void *flash, uint32_t offset, uint32_t size_bytes, uint32_t value);
};

struct sim_flash {
    const struct sim_env *env;
    struct sim_bus *bus;
    const struct sim_flash_layout *layout;
    struct sim_flash_storage storage;
    struct sim_periph periph;
    struct sim_region array;
    struct sim_region identity; /* OTP area, unique ID, flash size: read-only */
    uint32_t acr;
    uint32_t cr; /* without LOCK, START and FW */
    uint32_t sr; /* RCHECKF only; the rest follows from the operation */
    uint32_t ier;
    uint32_t isr;
    uint32_t eccd_addr;
    uint32_t optcr; /* without OPTLOCK */
    uint32_t optisr;
    uint32_t loaded[FLASH_OPTION_WORDS]; /* option words in effect: as at the last reset */
    struct sim_flash_lock cr_lock;
    struct sim_flash_lock option_lock;

    uint8_t buffer[FLASH_GRANULE_BYTES_MAX];
    uint32_t buffer_offset; /* of the granule being filled */
    uint32_t buffer_count;

    enum sim_flash_op op; /* under way */
    uint32_t op_first;    /* granule, sector or option word index */
    uint32_t op_count;    /* sectors of an erase */
    uint8_t op_bytes[FLASH_GRANULE_BYTES_MAX];
    uint32_t op_value;     /* option word */
    bool op_has_no_effect; /* injected: reported as done, or failed, without a change */
    uint32_t op_error;     /* ISR bit that an injected failure ends with; 0 for success */
    bool op_is_stuck;
    struct sim_event done;

    void (*changed)(void *context, uint32_t addr, uint32_t size_bytes);
    void *changed_context;
};

/* p_flash.c */
/* False: a wrong key, which is a bus error. */
bool sim_flash_write_key(struct sim_flash *flash, struct sim_flash_lock *lock, uint32_t value);
void sim_flash_write_acr(struct sim_flash *flash, uint32_t value);
/* PG falls with bytes still in the buffer: they are lost. */
void sim_flash_end_programming(struct sim_flash *flash, uint32_t cr_before);

/* p_flash_array.c */
bool sim_flash_store(void *state, uint32_t offset, uint32_t size_bytes, uint32_t value);
bool sim_flash_check_read(void *state, uint32_t offset, uint32_t size_bytes);
void sim_flash_force_write(struct sim_flash *flash);
void sim_flash_drop_buffer(struct sim_flash *flash);
void sim_flash_start_erase(struct sim_flash *flash);
void sim_flash_finish(void *state);
/* An access that the controller holds until the operation under way has ended. */
void sim_flash_stall(struct sim_flash *flash);
/* A reset or power cut in the middle of the operation under way. */
void sim_flash_tear(struct sim_flash *flash);
/* Starts an operation: counts it at its seam and acts out what is injected there. False: it was
 * torn or refused and nothing is under way. */
bool sim_flash_begin(struct sim_flash *flash, enum sim_flash_op op, uint64_t duration_ps);

/* p_flash_options.c */
const struct sim_flash_option *sim_flash_option_find(
    const struct sim_flash_layout *layout, uint32_t status_offset);
/* As it will be after the next reset. */
uint32_t sim_flash_stored_option(const struct sim_flash *flash, uint32_t status_offset);
/* The pairs of H7R/S: xxxSR and xxxSRP. */
bool sim_flash_is_option_register(const struct sim_flash *flash, uint32_t word_offset);
uint32_t sim_flash_option_read(const struct sim_flash *flash, uint32_t word_offset);
void sim_flash_option_write(struct sim_flash *flash, uint32_t word_offset, uint32_t value);
void sim_flash_options_load(struct sim_flash *flash);
void sim_flash_option_commit(struct sim_flash *flash);

static inline uint32_t sim_flash_sectors(const struct sim_flash *flash)
{
    return flash->layout->array_bytes / flash->layout->sector_bytes;
}

static inline uint32_t sim_flash_acr(const struct sim_flash *flash)
{
    return flash->acr;
}

#endif
