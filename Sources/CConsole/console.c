#define _GNU_SOURCE
#include "CConsole.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

// Read by signal handlers: set before they are installed, changed only while they are not.
static int input = -1;
static int output = -1;
static int report[2] = {-1, -1};
static int reports_stop;
static volatile sig_atomic_t stop_reported;
static volatile sig_atomic_t active;
static volatile sig_atomic_t suspended;
static struct termios original;
static struct termios raw;
static uint8_t farewell[64];
static size_t farewell_length;

static const int ending[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
static const int crashing[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSYS, SIGXCPU};
enum { ending_count = sizeof ending / sizeof *ending, crashing_count = sizeof crashing / sizeof *crashing };
static struct sigaction previous[NSIG];

// All below is async-signal-safe.

static void tell(char event) {
    int saved = errno;
    // A full pipe holds events enough.
    if (write(report[1], &event, 1) < 0) {
    }
    errno = saved;
}

// A background process that changes the terminal would be stopped for it (SIGTTOU).
static void set(const struct termios *settings) {
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    tcsetattr(input, TCSADRAIN, settings);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void restore(void) {
    int saved = errno;
    if (write(output, farewell, farewell_length) < 0) {
    }
    set(&original);
    errno = saved;
}

// The default action of a signal, now.
static void fall_through(int number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, NULL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    raise(number);
}

static void on_ending(int number) {
    if (reports_stop && !stop_reported) {
        stop_reported = 1;
        tell(colloque_console_stop);
        return;
    }
    if (active) restore();
    fall_through(number);
}

static void on_crash(int number) {
    if (active) restore();
    active = 0;
    // What was there before (a backtrace printer) has the word now.
    sigaction(number, &previous[number], NULL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    raise(number);
}

static void handle(int number, void (*handler)(int));

// Takes the terminal again, if it is ours: after `bg` it is the shell's, and another SIGCONT comes with `fg`.
static void resume(void) {
    int saved = errno;
    if (active && tcgetpgrp(input) == getpgrp()) {
        suspended = 0;
        set(&raw);
        tell(colloque_console_resumed);
    }
    errno = saved;
}

static void on_stop(int number) {
    int saved = errno;
    if (active && !suspended) restore();
    suspended = 1;
    fall_through(SIGTSTP);
    // The process continues here.
    handle(SIGTSTP, on_stop);
    resume();
    errno = saved;
    (void)number;
}

// After SIGSTOP nothing was restored, but the shell has changed the settings since.
static void on_continue(int number) {
    (void)number;
    resume();
}

static void on_resize(int number) {
    (void)number;
    tell(colloque_console_resized);
}

static void handle(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void take(int number, void (*handler)(int)) {
    sigaction(number, NULL, &previous[number]);
    handle(number, handler);
}

static void at_exit(void) {
    if (!active) return;
    restore();
    active = 0;
}

int colloque_console_begin(int in, int out, const uint8_t *text, size_t length, int reports) {
    static int registered;
    if (active || length > sizeof farewell) {
        errno = EINVAL;
        return -1;
    }
    if (tcgetattr(in, &original) != 0) return -1;
    if (report[0] < 0 && pipe2(report, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    input = in;
    output = out;
    memcpy(farewell, text, length);
    farewell_length = length;
    reports_stop = reports;
    stop_reported = 0;
    suspended = 0;
    raw = original;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (!registered && atexit(at_exit) == 0) registered = 1;
    for (int i = 0; i < ending_count; i++) take(ending[i], on_ending);
    for (int i = 0; i < crashing_count; i++) take(crashing[i], on_crash);
    take(SIGTSTP, on_stop);
    take(SIGCONT, on_continue);
    take(SIGWINCH, on_resize);
    active = 1;
    set(&raw);
    return report[0];
}

void colloque_console_end(void) {
    if (!active) return;
    set(&original);
    active = 0;
    for (int i = 0; i < ending_count; i++) sigaction(ending[i], &previous[ending[i]], NULL);
    for (int i = 0; i < crashing_count; i++) sigaction(crashing[i], &previous[crashing[i]], NULL);
    sigaction(SIGTSTP, &previous[SIGTSTP], NULL);
    sigaction(SIGCONT, &previous[SIGCONT], NULL);
    sigaction(SIGWINCH, &previous[SIGWINCH], NULL);
}

void colloque_console_suspend(void) {
    // Before anything stops: a shell that sees the first of the group stop takes the terminal at once.
    if (active && !suspended) {
        suspended = 1;
        restore();
    }
    // The whole group, as the terminal's driver does: a wrapper script stops too.
    kill(0, SIGTSTP);
}

int colloque_console_size(int out, int *columns, int *rows) {
    struct winsize size;
    if (ioctl(out, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return -1;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 0;
}
