#include "sim/dap.h"

#include "sim/inject.h"

#include <string.h>

/* ADIv5.2 (ARM IHI 0031): CTRL/STAT and ABORT bits. */
#define CTRL_ORUNDETECT   (UINT32_C(1) << 0)
#define CTRL_STICKYORUN   (UINT32_C(1) << 1)
#define CTRL_TRNMODE      (UINT32_C(3) << 2)
#define CTRL_STICKYCMP    (UINT32_C(1) << 4)
#define CTRL_STICKYERR    (UINT32_C(1) << 5)
#define CTRL_READOK       (UINT32_C(1) << 6)
#define CTRL_WDATAERR     (UINT32_C(1) << 7)
#define CTRL_MASKLANE     (UINT32_C(0xF) << 8)
#define CTRL_TRNCNT       (UINT32_C(0xFFF) << 12)
#define CTRL_CDBGRSTREQ   (UINT32_C(1) << 26)
#define CTRL_CDBGPWRUPREQ (UINT32_C(1) << 28)
#define CTRL_CDBGPWRUPACK (UINT32_C(1) << 29)
#define CTRL_CSYSPWRUPREQ (UINT32_C(1) << 30)
#define CTRL_CSYSPWRUPACK (UINT32_C(1) << 31)
#define CTRL_STICKY       (CTRL_STICKYORUN | CTRL_STICKYCMP | CTRL_STICKYERR | CTRL_WDATAERR)
#define CTRL_WRITABLE                                                                              \
    (CTRL_ORUNDETECT | CTRL_TRNMODE | CTRL_MASKLANE | CTRL_TRNCNT | CTRL_CDBGRSTREQ |              \
        CTRL_CDBGPWRUPREQ | CTRL_CSYSPWRUPREQ)

#define ABORT_STKCMPCLR  (UINT32_C(1) << 1)
#define ABORT_STKERRCLR  (UINT32_C(1) << 2)
#define ABORT_WDERRCLR   (UINT32_C(1) << 3)
#define ABORT_ORUNERRCLR (UINT32_C(1) << 4)

/* MEM-AP. Packed increment is not implemented by the Cortex-M7 AHB-AP: it must not read back. */
#define CSW_SIZE      UINT32_C(0x7)
#define CSW_ADDRINC   UINT32_C(0x30)
#define CSW_SINGLE    UINT32_C(0x10)
#define CSW_DEVICE_EN UINT32_C(0x40)
#define CSW_WRITABLE  (UINT32_C(0xFF000000) | CSW_ADDRINC | CSW_SIZE)
#define CSW_HPROT3    (UINT32_C(1) << 27)
#define CSW_RESET     (UINT32_C(0x03000000) | CSW_DEVICE_EN | 2U)

enum {
    DP_DPIDR_ABORT = 0x0,
    DP_BANKED = 0x4,
    DP_SELECT = 0x8,
    DP_RDBUFF = 0xC,
    AP_CSW = 0x00,
    AP_TAR = 0x04,
    AP_DRW = 0x0C,
    AP_BD0 = 0x10,
    AP_BD3 = 0x1C,
    AP_CFG = 0xF4,
    AP_BASE = 0xF8,
    AP_IDR = 0xFC
};

/* ADIv5 guarantees that TAR increments within 1 KiB and no further (reference probe.md 1.4). */
static const uint32_t tar_wrap_mask = 0x3FF;

void sim_dap_init(struct sim_dap *dap, const struct sim_env *env,
    const struct sim_dap_target *target, const struct sim_dap_config *config)
{
    memset(dap, 0, sizeof *dap);
    dap->env = env;
    dap->target = target;
    dap->config = config;
    sim_dap_power_on_reset(dap);
}

void sim_dap_power_on_reset(struct sim_dap *dap)
{
    dap->power_ons++;
    dap->ctrl_stat = 0;
    dap->select = 0;
    dap->rdbuff = 0;
    for (unsigned i = 0; i < SIM_DAP_APS; i++) {
        dap->aps[i] = (struct sim_dap_ap_state){.csw = CSW_RESET, .tar = 0};
    }
}

static bool is_powered(const struct sim_dap *dap)
{
    return dap->target->is_powered(dap->target->context);
}

/* Counts the transfer and acts out what was injected for it. */
static enum sim_ack begin_transfer(struct sim_dap *dap)
{
    enum sim_fault fault = SIM_FAULT_NONE;
    enum sim_ack ack = SIM_ACK_OK;

    if (!is_powered(dap)) {
        return SIM_ACK_NONE;
    }
    fault = sim_inject_next(dap->env->inject, SIM_SEAM_DAP);
    if (fault == SIM_FAULT_DAP_WAIT) {
        if ((dap->ctrl_stat & CTRL_ORUNDETECT) != 0) { /* anything but OK counts (B4.2.2) */
            dap->ctrl_stat |= CTRL_STICKYORUN;
        }
        ack = SIM_ACK_WAIT;
    } else if (fault == SIM_FAULT_DAP_FAULT) {
        dap->ctrl_stat |= CTRL_STICKYERR;
        ack = SIM_ACK_FAULT;
    } else if (fault == SIM_FAULT_DAP_PARITY) {
        dap->ctrl_stat |= CTRL_WDATAERR;
        ack = SIM_ACK_PARITY;
    } else if (fault == SIM_FAULT_POWER_CUT) {
        sim_inject_request_power_cut(dap->env->inject);
        ack = SIM_ACK_NONE;
    } else {
        return SIM_ACK_OK;
    }
    sim_inject_fired(dap->env->inject, fault);
    return ack;
}

static uint32_t read_banked(const struct sim_dap *dap, uint8_t bank)
{
    enum { DLPIDR_PROTOCOL_SWD_V2 = 1 };

    switch (bank) {
    case 0:
        return dap->ctrl_stat;
    case 2:
        return dap->config->targetid;
    case 3:
        return DLPIDR_PROTOCOL_SWD_V2;
    default:
        return 0; /* DLCR at its reset value, EVENTSTAT: no event */
    }
}

enum sim_ack sim_dap_read_dp(struct sim_dap *dap, uint8_t reg, uint8_t bank, uint32_t *value)
{
    enum sim_ack ack = begin_transfer(dap);

    *value = 0;
    if (ack != SIM_ACK_OK) {
        return ack;
    }
    if (reg == DP_DPIDR_ABORT) {
        *value = dap->config->dpidr;
        return SIM_ACK_OK;
    }
    if (reg == DP_BANKED) {
        *value = read_banked(dap, bank);
        return SIM_ACK_OK;
    }
    /* RESEND and RDBUFF are refused while a sticky flag is set. */
    if ((dap->ctrl_stat & CTRL_STICKY) != 0) {
        return SIM_ACK_STICKY;
    }
    *value = dap->rdbuff;
    return SIM_ACK_OK;
}

static void write_abort(struct sim_dap *dap, uint32_t value)
{
    static const struct {
        uint32_t abort;
        uint32_t flag;
    } rows[] = {
        {ABORT_STKCMPCLR, CTRL_STICKYCMP},
        {ABORT_STKERRCLR, CTRL_STICKYERR},
        {ABORT_WDERRCLR, CTRL_WDATAERR},
        {ABORT_ORUNERRCLR, CTRL_STICKYORUN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((value & rows[i].abort) != 0) {
            dap->ctrl_stat &= ~rows[i].flag;
        }
    }
}

/* The sticky flags are read-only here in SWD; acknowledge follows request at once. */
static void write_ctrl_stat(struct sim_dap *dap, uint32_t value)
{
    uint32_t ctrl_stat = (dap->ctrl_stat & (CTRL_STICKY | CTRL_READOK)) | (value & CTRL_WRITABLE);

    if ((value & CTRL_CDBGPWRUPREQ) != 0) {
        ctrl_stat |= CTRL_CDBGPWRUPACK;
    }
    if ((value & CTRL_CSYSPWRUPREQ) != 0) {
        ctrl_stat |= CTRL_CSYSPWRUPACK;
    }
    dap->ctrl_stat = ctrl_stat;
}

enum sim_ack sim_dap_write_dp(struct sim_dap *dap, uint8_t reg, uint8_t bank, uint32_t value)
{
    enum sim_ack ack = begin_transfer(dap);

    if (ack != SIM_ACK_OK) {
        return ack;
    }
    if (reg == DP_DPIDR_ABORT) {
        write_abort(dap, value);
        return SIM_ACK_OK;
    }
    if (reg == DP_BANKED && bank == 0) {
        write_ctrl_stat(dap, value);
        return SIM_ACK_OK;
    }
    if ((dap->ctrl_stat & CTRL_STICKY) != 0) {
        return SIM_ACK_STICKY;
    }
    if (reg == DP_SELECT) {
        dap->select = value;
    }
    return SIM_ACK_OK;
}

static bool has_ap(const struct sim_dap *dap, unsigned ap)
{
    return ap < SIM_DAP_APS && dap->config->aps[ap].idr != 0;
}

/* What every access through an access port needs. A fault on the way in is sticky too. */
static enum sim_ack enter_ap(struct sim_dap *dap, unsigned ap)
{
    if ((dap->ctrl_stat & CTRL_STICKY) != 0) {
        return SIM_ACK_STICKY;
    }
    if ((dap->ctrl_stat & CTRL_CDBGPWRUPACK) == 0 ||
        (has_ap(dap, ap) && !dap->target->ap_is_open(dap->target->context, ap))) {
        dap->ctrl_stat |= CTRL_STICKYERR;
        return SIM_ACK_FAULT;
    }
    return SIM_ACK_OK;
}

static struct sim_ap_access access_at(
    const struct sim_dap *dap, unsigned ap, uint32_t addr, uint32_t size_bytes)
{
    return (struct sim_ap_access){
        .ap = ap,
        .addr = addr,
        .size_bytes = size_bytes,
        .cacheable = (dap->aps[ap].csw & CSW_HPROT3) != 0,
    };
}

/* Size 0, 1, 2; the AHB-AP of the M7 knows no other. 0 when the size or the alignment is bad. */
static uint32_t drw_size_bytes(const struct sim_dap_ap_state *state)
{
    uint32_t code = state->csw & CSW_SIZE;
    uint32_t size_bytes = UINT32_C(1) << code;

    if (code > 2 || state->tar % size_bytes != 0) {
        return 0;
    }
    return size_bytes;
}

static void increment_tar(struct sim_dap_ap_state *state, uint32_t size_bytes)
{
    if ((state->csw & CSW_ADDRINC) == CSW_SINGLE) {
        state->tar = (state->tar & ~tar_wrap_mask) | ((state->tar + size_bytes) & tar_wrap_mask);
    }
}

static enum sim_ack read_drw(struct sim_dap *dap, unsigned ap, uint32_t *value)
{
    struct sim_dap_ap_state *state = &dap->aps[ap];
    uint32_t size_bytes = drw_size_bytes(state);
    struct sim_ap_access access = access_at(dap, ap, state->tar, size_bytes);
    uint32_t data = 0;

    if (size_bytes == 0 || !dap->target->read(dap->target->context, &access, &data)) {
        dap->ctrl_stat |= CTRL_STICKYERR;
        return SIM_ACK_FAULT;
    }
    *value = data << (8 * (state->tar & 3)); /* byte lanes */
    increment_tar(state, size_bytes);
    return SIM_ACK_OK;
}

static void write_drw(struct sim_dap *dap, unsigned ap, uint32_t value)
{
    struct sim_dap_ap_state *state = &dap->aps[ap];
    uint32_t size_bytes = drw_size_bytes(state);
    struct sim_ap_access access = access_at(dap, ap, state->tar, size_bytes);
    uint32_t data = value >> (8 * (state->tar & 3));

    if (size_bytes != 0 && size_bytes != 4) {
        data &= (UINT32_C(1) << (8 * size_bytes)) - 1;
    }
    if (size_bytes == 0 || !dap->target->write(dap->target->context, &access, data)) {
        dap->ctrl_stat |= CTRL_STICKYERR;
        return;
    }
    increment_tar(state, size_bytes);
}

static bool is_banked_data(uint8_t reg)
{
    return reg >= AP_BD0 && reg <= AP_BD3;
}

static uint32_t banked_data_addr(const struct sim_dap_ap_state *state, uint8_t reg)
{
    return (state->tar & ~UINT32_C(0xF)) | (reg & 0xCU);
}

static enum sim_ack read_banked_data(struct sim_dap *dap, unsigned ap, uint8_t reg, uint32_t *value)
{
    struct sim_ap_access access =
        access_at(dap, ap, banked_data_addr(&dap->aps[ap], reg), sizeof *value);

    if (!dap->target->read(dap->target->context, &access, value)) {
        dap->ctrl_stat |= CTRL_STICKYERR;
        return SIM_ACK_FAULT;
    }
    return SIM_ACK_OK;
}

static enum sim_ack read_ap_register(struct sim_dap *dap, unsigned ap, uint8_t reg, uint32_t *value)
{
    switch (reg) {
    case AP_CSW:
        *value = dap->aps[ap].csw;
        return SIM_ACK_OK;
    case AP_TAR:
        *value = dap->aps[ap].tar;
        return SIM_ACK_OK;
    case AP_DRW:
        return read_drw(dap, ap, value);
    case AP_BASE:
        *value = dap->config->aps[ap].base;
        return SIM_ACK_OK;
    case AP_IDR:
        *value = dap->config->aps[ap].idr;
        return SIM_ACK_OK;
    case AP_CFG: /* little-endian, 32-bit addresses */
    default:
        return is_banked_data(reg) ? read_banked_data(dap, ap, reg, value) : SIM_ACK_OK;
    }
}

enum sim_ack sim_dap_read_ap(struct sim_dap *dap, unsigned ap, uint8_t reg, uint32_t *value)
{
    enum sim_ack ack = begin_transfer(dap);

    *value = 0;
    if (ack == SIM_ACK_OK) {
        ack = enter_ap(dap, ap);
    }
    if (ack != SIM_ACK_OK || !has_ap(dap, ap)) {
        return ack; /* an access port that does not exist reads as zero, IDR included */
    }
    ack = read_ap_register(dap, ap, reg, value);
    dap->rdbuff = *value;
    return ack;
}

enum sim_ack sim_dap_write_ap(struct sim_dap *dap, unsigned ap, uint8_t reg, uint32_t value)
{
    enum sim_ack ack = begin_transfer(dap);
    struct sim_ap_access access;

    if (ack == SIM_ACK_OK) {
        ack = enter_ap(dap, ap);
    }
    if (ack != SIM_ACK_OK || !has_ap(dap, ap)) {
        return ack;
    }
    if (reg == AP_CSW) {
        if ((value & CSW_ADDRINC) > CSW_SINGLE) {
            value &= ~CSW_ADDRINC;
        }
        dap->aps[ap].csw = (value & CSW_WRITABLE) | CSW_DEVICE_EN;
    } else if (reg == AP_TAR) {
        dap->aps[ap].tar = value;
    } else if (reg == AP_DRW) {
        write_drw(dap, ap, value);
    } else if (is_banked_data(reg)) {
        access = access_at(dap, ap, banked_data_addr(&dap->aps[ap], reg), sizeof value);
        if (!dap->target->write(dap->target->context, &access, value)) {
            dap->ctrl_stat |= CTRL_STICKYERR;
        }
    }
    return SIM_ACK_OK;
}

static enum sim_ack enter_mem(struct sim_dap *dap, struct sim_dap_transfer *transfer)
{
    enum sim_ack ack = begin_transfer(dap);
    uint32_t size_code = transfer->unit_bytes / 2;

    transfer->fault_addr = transfer->addr;
    if (ack == SIM_ACK_OK) {
        ack = enter_ap(dap, transfer->ap);
    }
    if (ack == SIM_ACK_OK && !has_ap(dap, transfer->ap)) {
        dap->ctrl_stat |= CTRL_STICKYERR;
        ack = SIM_ACK_FAULT;
    }
    if (ack == SIM_ACK_OK) { /* the probe writes both on the way: what was there is lost */
        dap->aps[transfer->ap].csw = (transfer->csw & ~(CSW_SIZE | CSW_ADDRINC)) | CSW_DEVICE_EN |
                                     size_code | (transfer->is_fixed ? 0 : CSW_SINGLE);
        dap->aps[transfer->ap].tar = transfer->addr;
    }
    return ack;
}

static enum sim_ack fail_mem(
    struct sim_dap *dap, struct sim_dap_transfer *transfer, uint32_t fault_addr)
{
    dap->ctrl_stat |= CTRL_STICKYERR;
    dap->aps[transfer->ap].tar = fault_addr;
    transfer->fault_addr = fault_addr;
    return SIM_ACK_FAULT;
}

static bool is_block(const struct sim_dap_transfer *transfer)
{
    return transfer->unit_bytes == 4 && !transfer->is_fixed;
}

enum sim_ack sim_dap_read_mem(
    struct sim_dap *dap, struct sim_dap_transfer *transfer, uint8_t *bytes)
{
    const struct sim_dap_target *target = dap->target;
    enum sim_ack ack = enter_mem(dap, transfer);
    struct sim_ap_access access;

    memset(bytes, 0, transfer->length_bytes);
    if (ack != SIM_ACK_OK) {
        return ack;
    }
    access = access_at(dap, transfer->ap, transfer->addr, transfer->length_bytes);
    if (is_block(transfer) && target->read_block(target->context, &access, bytes)) {
        return SIM_ACK_OK;
    }
    access.size_bytes = transfer->unit_bytes;
    for (uint32_t done = 0; done < transfer->length_bytes; done += transfer->unit_bytes) {
        uint32_t value = 0;

        if (!target->read(target->context, &access, &value)) {
            return fail_mem(dap, transfer, access.addr);
        }
        memcpy(&bytes[done], &value, transfer->unit_bytes);
        access.addr += transfer->is_fixed ? 0 : transfer->unit_bytes;
    }
    return SIM_ACK_OK;
}

enum sim_ack sim_dap_write_mem(
    struct sim_dap *dap, struct sim_dap_transfer *transfer, const uint8_t *bytes)
{
    const struct sim_dap_target *target = dap->target;
    enum sim_ack ack = enter_mem(dap, transfer);
    struct sim_ap_access access;

    if (ack != SIM_ACK_OK) {
        return ack;
    }
    access = access_at(dap, transfer->ap, transfer->addr, transfer->length_bytes);
    if (is_block(transfer) && target->write_block(target->context, &access, bytes)) {
        return SIM_ACK_OK;
    }
    access.size_bytes = transfer->unit_bytes;
    for (uint32_t done = 0; done < transfer->length_bytes; done += transfer->unit_bytes) {
        uint32_t value = 0;

        memcpy(&value, &bytes[done], transfer->unit_bytes);
        if (!target->write(target->context, &access, value)) {
            return fail_mem(dap, transfer, access.addr);
        }
        access.addr += transfer->is_fixed ? 0 : transfer->unit_bytes;
    }
    return SIM_ACK_OK;
}
