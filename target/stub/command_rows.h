/* One function for each command of the mailbox. They leave their result words in
 * stub->board.detail. */
#ifndef TARGET_STUB_COMMAND_ROWS_H
#define TARGET_STUB_COMMAND_ROWS_H

#include "target/stub/stub.h"

typedef enum abi_stub_status command_function(struct stub *stub, const struct abi_command *command);

command_function command_set_up;
command_function command_sequence;
command_function command_steps;
command_function command_erase;
command_function command_program;
command_function command_read;
command_function command_hash;
command_function command_blank;
command_function command_compare;
command_function command_hash_mapped;
command_function command_crc32;

/* Whether size_bytes at addr keep clear of the stub's own memory. */
bool command_buffer_ok(const struct stub *stub, uint32_t addr, uint32_t size_bytes);

#endif
