/* An ALSA device that cannot be opened: pcm.NAME { type refusing code ERRNO }. */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <string.h>

SND_PCM_PLUGIN_DEFINE_FUNC(refusing) {
  snd_config_iterator_t place, next;
  (void)pcmp, (void)name, (void)root, (void)stream, (void)mode;
  snd_config_for_each(place, next, conf) {
    snd_config_t *entry = snd_config_iterator_entry(place);
    const char *id;
    long code;
    if (snd_config_get_id(entry, &id) == 0 && strcmp(id, "code") == 0 && snd_config_get_integer(entry, &code) == 0)
      return -(int)code;
  }
  return -EINVAL;
}
SND_PCM_PLUGIN_SYMBOL(refusing);
