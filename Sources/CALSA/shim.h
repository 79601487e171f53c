#include <alsa/asoundlib.h>

/* The handler is variadic, which Swift cannot write. */
static void colloque_alsa_keep_silent(const char *file, int line, const char *function, int code,
                                      const char *format, ...)
{
    (void)file, (void)line, (void)function, (void)code, (void)format;
}

/* Has the library say nothing on standard error; its codes say what is needed. */
static inline void colloque_alsa_silence(void)
{
    snd_lib_error_set_handler(colloque_alsa_keep_silent);
}
