/* What the stub does when it faults: it says where, and stays parked with interrupts off. */
#ifndef TARGET_STUB_CRASH_H
#define TARGET_STUB_CRASH_H

#include "target/stub/stub.h"

/* frame: the stacked registers r0 to r3, r12, lr, pc, xpsr, if it lies in the stub's memory. */
void crash_record(volatile struct abi_mailbox *mailbox, const struct abi_stub_header *header,
    uint32_t frame_addr);

#endif
