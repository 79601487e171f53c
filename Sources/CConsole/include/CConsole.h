// A terminal in raw mode that signals cannot leave broken.
#ifndef COLLOQUE_CONSOLE_H
#define COLLOQUE_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/// What arrives at the descriptor of `colloque_console_begin`, one octet each.
enum {
    colloque_console_resized = 'w',
    colloque_console_resumed = 'c',
    colloque_console_stop = 's',
};

/// Puts the terminal `in` into raw mode and installs the handlers; one console per process at a time.
///
/// Whatever signal ends the process, `farewell` is written to `out` and the terminal's settings return first.
/// SIGTERM, SIGINT, SIGHUP and SIGQUIT are only reported the first time when `reports_stop` is not 0, so that the
/// program can say goodbye; a second one ends it.
/// - Returns: A non-blocking descriptor to read events from, or -1 with errno.
int colloque_console_begin(int in, int out, const uint8_t *farewell, size_t farewell_length, int reports_stop);

/// Restores settings and handlers. Harmless when nothing began. Does not write the farewell.
void colloque_console_end(void);

/// Restores the terminal, stops the process group as Ctrl-Z would, and returns in raw mode when it continues.
void colloque_console_suspend(void);

/// Columns and rows of the terminal. - Returns: 0, or -1 when it does not say.
int colloque_console_size(int out, int *columns, int *rows);

#endif
