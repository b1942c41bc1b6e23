/* Debug mode of the probe: entering and leaving, access ports, core registers, NRST. */
#include "sim/clock.h"
#include "sim/stlink_internal.h"

enum {
    DP_ABORT = 0x0,
    DP_CTRL_STAT = 0x4,
    PORT_DP = 0xFFFF,
    AP_IDR = 0xFC,
    LAST_AP = 8, /* "new" firmware: above is a bad access port (reference probe.md 1.3, 4B) */
    ENTER_JTAG_RESET = 0x00,
    ENTER_SWD_NO_RESET = 0xA3,
    ENTER_JTAG_NO_RESET = 0xA4,
    NRST_LOW = 0,
    NRST_HIGH = 1,
    NRST_PULSE = 2,
    REGISTERS = 21
};

#define ABORT_CLEAR_ALL UINT32_C(0x1E)
#define CTRL_POWER_UP   UINT32_C(0x50000000)
#define DHCSR           UINT32_C(0xE000EDF0)
#define DCRSR           UINT32_C(0xE000EDF4)
#define DCRDR           UINT32_C(0xE000EDF8)
#define AIRCR           UINT32_C(0xE000ED0C)
#define DCRSR_WRITE     (UINT32_C(1) << 16)
#define DHCSR_REGRDY    (UINT32_C(1) << 16)
#define AIRCR_RESET     UINT32_C(0x05FA0004)

uint8_t stlink_ap_status(enum sim_ack ack)
{
    static const uint8_t statuses[] = {
        [SIM_ACK_OK] = STLINK_OK,
        [SIM_ACK_WAIT] = STLINK_AP_WAIT,
        [SIM_ACK_FAULT] = STLINK_AP_FAULT,
        [SIM_ACK_STICKY] = STLINK_STICKY,
        [SIM_ACK_PARITY] = STLINK_AP_PARITY,
        [SIM_ACK_NONE] = STLINK_DP_ERROR,
    };

    return statuses[ack];
}

uint8_t stlink_dp_status(enum sim_ack ack)
{
    static const uint8_t statuses[] = {
        [SIM_ACK_OK] = STLINK_OK,
        [SIM_ACK_WAIT] = STLINK_DP_WAIT,
        [SIM_ACK_FAULT] = STLINK_DP_FAULT,
        [SIM_ACK_STICKY] = STLINK_DP_FAULT,
        [SIM_ACK_PARITY] = STLINK_DP_PARITY,
        [SIM_ACK_NONE] = STLINK_DP_ERROR,
    };

    return statuses[ack];
}

unsigned stlink_ap_of(const struct sim_stlink *stlink, uint8_t named)
{
    return stlink->firmware->has_access_ports ? named : 0;
}

uint8_t stlink_check_ap(const struct sim_stlink *stlink, unsigned ap)
{
    bool is_open = ap == 0 || (ap <= LAST_AP && (stlink->open_aps >> ap & 1) != 0);

    if (!stlink->firmware->has_access_ports && ap <= LAST_AP) {
        is_open = true; /* F2 45 and 46 only; there is no INIT_AP yet */
    }
    return is_open ? STLINK_OK : STLINK_BAD_AP;
}

/* DPBANKSEL in reg[7:4] came with access ports (reference probe.md 1.3, F2 45). */
static uint8_t dp_bank(const struct sim_stlink *stlink, uint8_t reg)
{
    return stlink->firmware->has_access_ports ? (uint8_t)(reg >> 4) : 0;
}

static struct sim_dap_transfer word_at(unsigned ap, uint32_t addr)
{
    return (struct sim_dap_transfer){
        .ap = ap, .csw = UINT32_C(0x23000000), .addr = addr, .unit_bytes = 4, .length_bytes = 4};
}

uint8_t stlink_read_word(struct sim_stlink *stlink, unsigned ap, uint32_t addr, uint32_t *value)
{
    struct sim_dap_transfer transfer = word_at(ap, addr);
    uint8_t status = stlink_check_ap(stlink, ap);
    uint8_t bytes[4] = {0};

    if (status == STLINK_OK && addr % 4 != 0) {
        status = STLINK_BAD_ALIGNMENT;
    }
    if (status == STLINK_OK) {
        status = stlink_ap_status(sim_dap_read_mem(stlink->dap, &transfer, bytes));
    }
    *value = stlink_get32(bytes);
    return status;
}

uint8_t stlink_write_word(struct sim_stlink *stlink, unsigned ap, uint32_t addr, uint32_t value)
{
    struct sim_dap_transfer transfer = word_at(ap, addr);
    uint8_t status = stlink_check_ap(stlink, ap);
    uint8_t bytes[4];

    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    if (status == STLINK_OK && addr % 4 != 0) {
        status = STLINK_BAD_ALIGNMENT;
    }
    if (status == STLINK_OK) {
        status = stlink_ap_status(sim_dap_write_mem(stlink->dap, &transfer, bytes));
    }
    return status;
}

static uint32_t answer_status(const struct sim_usb_exchange *exchange, uint8_t status)
{
    stlink_put8(exchange, 0, status);
    return 2;
}

/* Firmware switches to SWD, reads DPIDR, clears sticky errors, asks for debug power. */
uint32_t stlink_enter(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint8_t how = exchange->command[2];
    uint32_t dpidr = 0;
    enum sim_ack ack = SIM_ACK_OK;

    if (how != ENTER_SWD_NO_RESET && how != ENTER_JTAG_NO_RESET && how != ENTER_JTAG_RESET) {
        return answer_status(exchange, STLINK_UNKNOWN_COMMAND);
    }
    if (how != ENTER_SWD_NO_RESET) { /* the board wires no JTAG */
        return answer_status(exchange, STLINK_NO_TARGET);
    }
    if (stlink->mode == STLINK_MODE_DFU ||
        (stlink->mode == STLINK_MODE_DEBUG && !stlink->firmware->can_enter_twice)) {
        return answer_status(exchange, STLINK_COMMAND_ERROR);
    }
    stlink_spend_accesses(stlink, 6);
    ack = sim_dap_read_dp(stlink->dap, DP_ABORT, 0, &dpidr);
    if (ack == SIM_ACK_OK) {
        ack = sim_dap_write_dp(stlink->dap, DP_ABORT, 0, ABORT_CLEAR_ALL);
    }
    if (ack == SIM_ACK_OK) {
        ack = sim_dap_write_dp(stlink->dap, DP_CTRL_STAT, 0, CTRL_POWER_UP);
    }
    if (ack == SIM_ACK_NONE) {
        return answer_status(exchange, STLINK_NO_TARGET);
    }
    stlink->mode = STLINK_MODE_DEBUG;
    return answer_status(exchange, stlink_dp_status(ack));
}

static void set_nrst(struct sim_stlink *stlink, bool is_low)
{
    if (stlink->nrst_is_low != is_low) {
        stlink->nrst_is_low = is_low;
        stlink->wiring->set_nrst(stlink->wiring->context, is_low);
    }
}

/* Closes the access ports, and releases NRST whoever asserted it. */
uint32_t stlink_exit(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    (void)exchange;
    stlink->open_aps = 0;
    if (stlink->mode == STLINK_MODE_DEBUG) {
        stlink->mode = STLINK_MODE_MASS;
    }
    set_nrst(stlink, false);
    return 0;
}

uint32_t stlink_drive_nrst(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    const uint64_t pulse_ms = 20;
    uint8_t level = exchange->command[2];

    if (level > NRST_PULSE) {
        return answer_status(exchange, STLINK_COMMAND_ERROR);
    }
    if (level == NRST_PULSE) {
        set_nrst(stlink, true);
        stlink_spend(stlink, pulse_ms * SIM_PS_PER_MS);
    }
    set_nrst(stlink, level == NRST_LOW);
    return answer_status(exchange, STLINK_OK);
}

uint32_t stlink_read_idcodes(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint32_t dpidr = 0;
    enum sim_ack ack = SIM_ACK_OK;

    stlink_spend_accesses(stlink, 1);
    ack = sim_dap_read_dp(stlink->dap, DP_ABORT, 0, &dpidr);
    stlink_put8(exchange, 0, ack == SIM_ACK_OK ? STLINK_OK : STLINK_NO_TARGET);
    stlink_put32(exchange, 4, dpidr);
    return 12;
}

uint32_t stlink_reset_system(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_spend_accesses(stlink, 2);
    return answer_status(exchange, stlink_write_word(stlink, 0, AIRCR, AIRCR_RESET));
}

uint32_t stlink_init_ap(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint8_t ap = exchange->command[2];
    uint32_t idr = 0;
    uint8_t status = 0;

    if (ap > LAST_AP) {
        return answer_status(exchange, STLINK_BAD_AP);
    }
    stlink_spend_accesses(stlink, 4);
    status = stlink_ap_status(sim_dap_read_ap(stlink->dap, ap, AP_IDR, &idr));
    if (status == STLINK_OK && idr == 0) {
        status = STLINK_BAD_AP;
    }
    if (status == STLINK_OK) {
        stlink->open_aps |= (uint16_t)(1U << ap);
    }
    return answer_status(exchange, status);
}

uint32_t stlink_close_ap(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint8_t ap = exchange->command[2];

    if (ap > LAST_AP) {
        return answer_status(exchange, STLINK_BAD_AP);
    }
    stlink->open_aps &= (uint16_t) ~(1U << ap);
    return answer_status(exchange, STLINK_OK);
}

/* Debug port: the bank is in reg[7:4]. Access port: IDR may be read before INIT_AP. */
uint32_t stlink_read_dap(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint16_t port = stlink_get16(&exchange->command[2]);
    uint8_t reg = exchange->command[4];
    uint32_t value = 0;
    uint8_t status = 0;

    stlink_spend_accesses(stlink, 3);
    if (port == PORT_DP) {
        status =
            stlink_dp_status(sim_dap_read_dp(stlink->dap, reg & 0xC, dp_bank(stlink, reg), &value));
    } else {
        status = reg == AP_IDR && port <= LAST_AP ? STLINK_OK : stlink_check_ap(stlink, port);
        if (status == STLINK_OK) {
            status = stlink_ap_status(sim_dap_read_ap(stlink->dap, port, reg & 0xFC, &value));
        }
    }
    stlink_put8(exchange, 0, status);
    stlink_put32(exchange, 4, value);
    return 8;
}

uint32_t stlink_write_dap(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint16_t port = stlink_get16(&exchange->command[2]);
    uint8_t reg = exchange->command[4];
    uint32_t value = stlink_get32(&exchange->command[6]);
    uint8_t status = 0;

    stlink_spend_accesses(stlink, 2);
    if (port == PORT_DP) {
        return answer_status(exchange, stlink_dp_status(sim_dap_write_dp(
                                           stlink->dap, reg & 0xC, dp_bank(stlink, reg), value)));
    }
    status = stlink_check_ap(stlink, port);
    if (status == STLINK_OK) {
        status = stlink_ap_status(sim_dap_write_ap(stlink->dap, port, reg & 0xFC, value));
    }
    return answer_status(exchange, status);
}

static uint8_t wait_register(struct sim_stlink *stlink, unsigned ap)
{
    uint32_t dhcsr = 0;
    uint8_t status = 0;

    stlink_spend_accesses(stlink, 5);
    status = stlink_read_word(stlink, ap, DHCSR, &dhcsr);
    if (status == STLINK_OK && (dhcsr & DHCSR_REGRDY) == 0) {
        status = STLINK_ERROR;
    }
    return status;
}

static uint8_t read_core(struct sim_stlink *stlink, unsigned ap, uint8_t reg, uint32_t *value)
{
    uint8_t status = stlink_write_word(stlink, ap, DCRSR, reg);

    if (status == STLINK_OK) {
        status = wait_register(stlink, ap);
    }
    return status == STLINK_OK ? stlink_read_word(stlink, ap, DCRDR, value) : status;
}

uint32_t stlink_read_register(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint32_t value = 0;

    stlink_put8(exchange, 0,
        read_core(stlink, stlink_ap_of(stlink, exchange->command[3]), exchange->command[2] & 0x7F,
            &value));
    stlink_put32(exchange, 4, value);
    return 8;
}

uint32_t stlink_write_register(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    unsigned ap = stlink_ap_of(stlink, exchange->command[7]);
    uint8_t status = stlink_write_word(stlink, ap, DCRDR, stlink_get32(&exchange->command[3]));

    if (status == STLINK_OK) {
        status = stlink_write_word(stlink, ap, DCRSR, DCRSR_WRITE | (exchange->command[2] & 0x7FU));
    }
    if (status == STLINK_OK) {
        status = wait_register(stlink, ap);
    }
    return answer_status(exchange, status);
}

/* R0 to R15, xPSR, MSP, PSP, then the two words of CONTROL and the FPU status. */
uint32_t stlink_read_all_registers(
    struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    static const uint8_t selectors[REGISTERS] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 33};
    unsigned ap = stlink_ap_of(stlink, exchange->command[2]);
    uint8_t status = STLINK_OK;

    for (uint32_t i = 0; i < REGISTERS && status == STLINK_OK; i++) {
        uint32_t value = 0;

        status = read_core(stlink, ap, selectors[i], &value);
        stlink_put32(exchange, 4 + 4 * i, value);
    }
    stlink_put8(exchange, 0, status);
    return 88;
}

uint32_t stlink_read_debug_word(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    uint32_t value = 0;

    stlink_spend_accesses(stlink, 4);
    stlink_put8(exchange, 0,
        stlink_read_word(stlink, stlink_ap_of(stlink, exchange->command[6]),
            stlink_get32(&exchange->command[2]), &value));
    stlink_put32(exchange, 4, value);
    return 8;
}

uint32_t stlink_write_debug_word(struct sim_stlink *stlink, const struct sim_usb_exchange *exchange)
{
    stlink_spend_accesses(stlink, 3);
    return answer_status(
        exchange, stlink_write_word(stlink, stlink_ap_of(stlink, exchange->command[10]),
                      stlink_get32(&exchange->command[2]), stlink_get32(&exchange->command[6])));
}
