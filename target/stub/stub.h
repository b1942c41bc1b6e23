/* The stub: works off the commands that the host writes into its mailbox. docs/stub-protocol.md is
 * the specification. */
#ifndef TARGET_STUB_STUB_H
#define TARGET_STUB_STUB_H

#include "abi/mailbox.h"
#include "target/driver/board.h"
#include "target/driver/crc_fast.h"
#include "target/driver/nor.h"

enum { STUB_CORE_HZ = 64000000 }; /* HSI, which every STM32H7 and N6 starts on; until SETUP tells */

/* Everything that changes while the stub runs, but for the mailbox. */
struct stub {
    volatile struct abi_mailbox *mailbox;
    const struct abi_stub_header *header; /* in front of the image */
    uint32_t *stack;                      /* its lowest word, which holds the canary */
    uint32_t stack_words;
    const struct ctrl_driver *const *drivers; /* ends with NULL */
    struct clock clock;
    struct board board;
    struct nor nor;
    bool set_up; /* the board blob is there, and the controller reaches the chip */
    bool ready;  /* the chip is in the mode of the program bus */
    uint32_t last_kind;
    uint32_t failed_sequence; /* while the state is ABI_STATE_STOPPED */
    uint32_t image_xxh32;     /* of the stub itself, when its checksum was last right */
    struct crc_fast tables;
    uint32_t blob[ABI_BLOB_MAX_BYTES / 4];
    uint32_t buffer[NOR_BUFFER_BYTES / 4];
};

/* mailbox, header, stack and drivers are filled in. Starts the clock, makes the tables, closes
 * external memory, and announces the mailbox. */
void stub_start(struct stub *stub);

/* Executes command; *detail holds the result words, whatever the status. */
enum abi_stub_status stub_execute(struct stub *stub, const struct abi_command *command);

/* Answers the next command if there is one, or takes an acknowledgement: one round of the loop. */
bool stub_serve_once(struct stub *stub);

/* The loop, for ever. */
void stub_serve(struct stub *stub);

/* ABI_STATUS_STUB_DAMAGED when the image is not what the host loaded, ABI_STATUS_STACK_OVERFLOW
 * when the canary is gone. */
enum abi_stub_status stub_check_image(struct stub *stub);
enum abi_stub_status stub_check_stack(struct stub *stub);

/* After an abort: the chip is reset, in 1 line STR, idle. */
void stub_settle(struct stub *stub);

#endif
