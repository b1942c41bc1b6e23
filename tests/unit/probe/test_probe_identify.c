/* What a listing asks of free probes, and what it learns about those that are not free. */
#include "host/base/os.h"
#include "host/probe/probe_list.h"
#include "host/probe/probe_lock.h"
#include "tests/unit/fakes/fake_usb_list.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V3_REPLY                                                                                   \
    {                                                                                              \
        0x30, 0x00, 0x83, 0x04, 0x4E, 0x37                                                         \
    }
#define V3J10M3                                                                                    \
    {                                                                                              \
        3, 0, 10, 3, 0, 0, 0, 0, 0x83, 0x04, 0x4E, 0x37                                            \
    }
#define RUNTIME_NAME "XDG_RUNTIME_DIR"

int setenv(const char *name, const char *value, int overwrite);

static char runtime[64];

static void clear_bus(void)
{
    memset(&fake_usb_list, 0, sizeof fake_usb_list);
    (void)snprintf(runtime, sizeof runtime, "/tmp/xflash-identify-%u", os_process_id());
    cr_assert_eq(setenv(RUNTIME_NAME, runtime, 1), 0);
}

static void remove_locks(void)
{
    char command[96];

    (void)snprintf(command, sizeof command, "rm -rf %s", runtime);
    cr_assert_eq(system(command), 0);
}

TestSuite(probe_identify, .init = clear_bus, .fini = remove_locks);

static struct probe_list *identify(void)
{
    struct probe_list *list = NULL;
    struct error err;

    cr_assert(probe_list_read(&list, &err), "%s", err.message);
    probe_list_identify(list);
    cr_assert_eq(fake_usb_list.open_count, 0, "a probe was left open");
    cr_assert_eq(fake_usb_list.forbidden, 0, "a command that is none of listing's");
    return list;
}

Test(probe_identify, reads_version_and_board_of_a_v3)
{
    static const uint8_t version[6] = V3_REPLY;
    static const uint8_t version_ex[12] = V3J10M3;
    struct probe_list *list = NULL;

    memcpy(fake_usb_list.version, version, 6);
    memcpy(fake_usb_list.version_ex, version_ex, 12);
    memcpy(fake_usb_list.board_id, "0842", 4);
    (void)fake_usb_add(0x0483, 0x374E, "1-1", "A");
    list = identify();
    cr_assert_eq(list->entries[0].state, PROBE_STATE_FREE);
    cr_assert_str_eq(list->entries[0].firmware, "V3J10M3");
    cr_assert_str_eq(list->entries[0].board_id, "0842");
    free(list);
    memcpy(fake_usb_list.board_id, "0000", 4);
    list = identify();
    cr_assert_str_eq(list->entries[0].board_id, "", "0000 is none");
    free(list);
    memcpy(fake_usb_list.board_id, "0\0332J", 4);
    list = identify();
    cr_assert_str_eq(list->entries[0].board_id, "", "junk is none");
    free(list);
}

Test(probe_identify, asks_an_older_v2_for_its_version_only)
{
    static const uint8_t version[6] = {0x26, 0x87, 0x83, 0x04, 0x48, 0x37}; /* V2J26S7 */
    struct probe_list *list = NULL;

    memcpy(fake_usb_list.version, version, 6);
    (void)fake_usb_add(0x0483, 0x3748, "1-1", "A");
    list = identify();
    cr_assert_str_eq(list->entries[0].firmware, "V2J26S7");
    cr_assert_eq(fake_usb_list.commands, 1);
    free(list);
}

Test(probe_identify, lists_a_probe_that_does_not_answer)
{
    struct probe_list *list = NULL;

    (void)fake_usb_add(0x0483, 0x3748, "1-1", "A");
    list = identify();
    cr_assert_eq(list->count, 1);
    cr_assert_str_eq(list->entries[0].firmware, "");
    free(list);
}

Test(probe_identify, opens_nothing_that_is_not_free)
{
    struct probe_list *list = NULL;

    fake_usb_add(0x0483, 0x374E, "1-1", "A")->access = USB_ACCESS_BUSY;
    fake_usb_add(0x0483, 0x374E, "1-2", "B")->access = USB_ACCESS_NO_PERMISSION;
    (void)fake_usb_add(0x0483, 0x374D, "1-3", "C");
    (void)fake_usb_add(0x0483, 0x3744, "1-4", "D");
    list = identify();
    cr_assert_eq(fake_usb_list.opens, 0);
    cr_assert_eq(list->entries[0].state, PROBE_STATE_BUSY);
    cr_assert_eq(list->entries[0].holder.pid, 0, "another program");
    cr_assert_eq(list->entries[1].state, PROBE_STATE_NO_PERMISSION);
    cr_assert_eq(list->entries[2].state, PROBE_STATE_BOOTLOADER);
    cr_assert_eq(list->entries[3].state, PROBE_STATE_UNSUPPORTED);
    free(list);
}

/* Another run has the lock and has not claimed the interface yet. */
Test(probe_identify, names_the_run_that_holds_a_probe)
{
    struct probe_list *list = NULL;
    struct os_lock *lock = NULL;
    struct error err;

    (void)fake_usb_add(0x0483, 0x374E, "1-1", "A");
    cr_assert(probe_lock_take("usb-A", PROBE_LOCK_RUN, "x", &lock, &err), "%s", err.message);
    list = identify();
    cr_assert_eq(fake_usb_list.opens, 0);
    cr_assert_eq(list->entries[0].state, PROBE_STATE_BUSY);
    cr_assert_eq((unsigned)list->entries[0].holder.pid, os_process_id());
    cr_assert_str_eq(list->entries[0].holder.program, "xflash");
    free(list);
    os_lock_release(lock);
    list = identify();
    cr_assert_eq(list->entries[0].state, PROBE_STATE_FREE);
    free(list);
}

static void see_lock(void)
{
    struct os_lock_holder holder;

    probe_lock_read_holder("usb-A", &holder);
    cr_assert_eq((unsigned)holder.pid, os_process_id());
    cr_assert_str_eq(holder.program, "xflash list");
}

Test(probe_identify, holds_the_lock_while_it_asks)
{
    struct os_lock_holder holder;

    fake_usb_list.while_open = see_lock;
    (void)fake_usb_add(0x0483, 0x374E, "1-1", "A");
    free(identify());
    cr_assert_eq(fake_usb_list.opens, 1);
    probe_lock_read_holder("usb-A", &holder);
    cr_assert_eq(holder.pid, 0);
}

Test(probe_identify, asks_cmsis_dap_probes_for_their_firmware)
{
    struct usb_device *device = fake_usb_add(0x0D28, 0x0204, "1-2", "DAP2");
    struct probe_list *list = NULL;

    (void)snprintf(device->interface, sizeof device->interface, "CMSIS-DAP");
    (void)fake_hid_add(0xC251, 0xF001, "1-3", "DAP1");
    fake_usb_list.dap_firmware = "2.1.0\033";
    list = identify();
    cr_assert_str_eq(list->entries[0].firmware, "2.1.0\\x1B");
    cr_assert_str_eq(list->entries[1].firmware, "2.1.0\\x1B");
    cr_assert_eq(fake_usb_list.commands, 2);
    free(list);
    fake_usb_list.dap_boast = 1;
    list = identify();
    cr_assert_str_eq(list->entries[0].firmware, "", "longer than what came");
    free(list);
}
