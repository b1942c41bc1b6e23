/* A log over the debug probe: the control block of SEGGER's Real Time Transfer, which xflash,
 * OpenOCD, probe-rs and J-Link tools read out of RAM while the program runs.
 *
 * Layout: SEGGER UM08001, "RTT control block". One buffer up (to the host), one down. */
#ifndef TARGET_APPS_RTT_H
#define TARGET_APPS_RTT_H

/* Makes the control block visible. Call once, first. */
void rtt_init(void);

/* Writes a string, whole or, when the host does not read and the buffer is full, not at all. */
void rtt_print(const char *text);

#endif
