#include "target/apps/rtt.h"

#include "target/driver/cpu.h"

#include <stddef.h>
#include <stdint.h>

enum {
    UP_BYTES = 1024,
    DOWN_BYTES = 16,
    ID_BYTES = 16,
    MODE_SKIP = 0 /* SEGGER_RTT_MODE_NO_BLOCK_SKIP */
};

struct rtt_buffer {
    const char *name;
    char *bytes;
    uint32_t size_bytes;
    volatile uint32_t write_offset;
    volatile uint32_t read_offset;
    uint32_t flags;
};

struct rtt_control {
    volatile char id[ID_BYTES];
    int32_t up_count;
    int32_t down_count;
    struct rtt_buffer up[1];
    struct rtt_buffer down[1];
};

/* The name under which debuggers look for it. */
extern struct rtt_control _SEGGER_RTT;
struct rtt_control _SEGGER_RTT __attribute__((used, aligned(32)));
static char up_bytes[UP_BYTES] __attribute__((aligned(32)));
static char down_bytes[DOWN_BYTES] __attribute__((aligned(32)));

/* Written last and from behind, so that a host that searches RAM finds only a block that is whole;
 * not in one piece in the image, so that it never finds the image. */
static void write_id(void)
{
    static const char reversed[] = "TTR REGGES";
    enum { LENGTH = sizeof reversed - 1 };

    for (size_t i = LENGTH; i < ID_BYTES; i++) {
        _SEGGER_RTT.id[i] = '\0';
    }
    for (size_t i = 0; i < LENGTH; i++) {
        _SEGGER_RTT.id[LENGTH - 1 - i] = reversed[i];
    }
}

void rtt_init(void)
{
    _SEGGER_RTT.up_count = 1;
    _SEGGER_RTT.down_count = 1;
    _SEGGER_RTT.up[0] = (struct rtt_buffer){
        .name = "Terminal", .bytes = up_bytes, .size_bytes = UP_BYTES, .flags = MODE_SKIP};
    _SEGGER_RTT.down[0] = (struct rtt_buffer){
        .name = "Terminal", .bytes = down_bytes, .size_bytes = DOWN_BYTES, .flags = MODE_SKIP};
    cpu_sync_data();
    write_id();
    cpu_sync_data();
}

static uint32_t length_of(const char *text)
{
    uint32_t length = 0;

    while (text[length] != '\0') {
        length++;
    }
    return length;
}

void rtt_print(const char *text)
{
    struct rtt_buffer *up = &_SEGGER_RTT.up[0];
    uint32_t length = length_of(text);
    uint32_t write_offset = up->write_offset;
    uint32_t read_offset = up->read_offset;
    uint32_t used = write_offset >= read_offset ? write_offset - read_offset
                                                : UP_BYTES - read_offset + write_offset;

    /* One byte stays free: equal offsets mean empty. The host may have written nonsense. */
    if (read_offset >= UP_BYTES || length > UP_BYTES - 1 - used) {
        return;
    }
    for (uint32_t i = 0; i < length; i++) {
        up_bytes[write_offset] = text[i];
        write_offset = write_offset + 1 == UP_BYTES ? 0 : write_offset + 1;
    }
    cpu_sync_data(); /* the text is there before the offset says so */
    up->write_offset = write_offset;
}
