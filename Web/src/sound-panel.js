// @ts-check
import { Shown, element, make, write } from './elements.js';

/** Microphone and loudspeaker: how loud it is, which are used, how the voices travel. */
export class SoundPanel {
  /**
   * @param {HTMLAudioElement} audio
   * @param {Pick<import('./view.js').Handlers, 'act' | 'choose'>} handlers
   */
  constructor(audio, { act, choose }) {
    /** @private */
    this.shown = new Shown();
    /** @private @type {import('./screens.js').ViewState | null} */
    this.state = null;
    /** @private */
    this.panel = element('sound', HTMLDetailsElement);
    element('play-sound').addEventListener('click', () => act('play-sound'));
    for (const kind of /** @type {const} */ (['microphone', 'speaker'])) {
      const select = element(kind, HTMLSelectElement);
      select.addEventListener('change', () => choose(kind, select.value));
    }
    const volume = element('volume', HTMLInputElement);
    volume.addEventListener('input', () => (audio.volume = Number(volume.value) / 100));
    // Where only the buttons of the device count, setting it changes nothing.
    audio.volume = 0.5;
    element('volume-row').hidden = audio.volume !== 0.5;
    audio.volume = 1;
  }

  /** Whether somebody can see how loud the microphone is. */
  get showsMeter() {
    return !this.panel.hidden && this.panel.open;
  }

  /** @param {number} level 0…1 */
  showLevel(level) {
    element('meter').style.transform = `scaleX(${level})`;
  }

  /**
   * @param {import('./screens.js').Model} model
   * @param {boolean} hasSound
   * @param {import('./text/fr.js').Text} text
   */
  show({ state, devices, hears, path }, hasSound, text) {
    const { panel } = this;
    panel.hidden = !hasSound;
    // While a person waits there is time to try; in a call the panel is in the way.
    if (state !== this.state && (state === 'waiting' || this.state === 'waiting')) panel.open = state === 'waiting';
    this.state = state;
    write('meter-text', text.sound[hears ?? 'speak']);
    write('path', path === null ? '' : text.path[path]);
    const { microphones, speakers, microphone, speaker } = devices;
    this.#offer('microphone', microphones, microphone, text.sound.microphone);
    this.#offer('speaker', speakers, speaker, text.sound.speaker);
  }

  /**
   * @param {'microphone' | 'speaker'} id
   * @param {{ id: string, label: string }[]} devices
   * @param {string} current
   * @param {string} name for devices without one
   */
  #offer(id, devices, current, name) {
    const select = element(id, HTMLSelectElement);
    element(`${id}-row`).hidden = devices.length < 2;
    if (this.shown.isNew(id, [devices, name])) {
      select.replaceChildren(...devices.map((device, index) => {
        const option = /** @type {HTMLOptionElement} */ (make('option', device.label || `${name} ${index + 1}`));
        option.value = device.id;
        return option;
      }));
    }
    if (devices.some((device) => device.id === current)) select.value = current;
  }
}
