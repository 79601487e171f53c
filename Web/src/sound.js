// @ts-check

/**
 * The sound around the call: the microphone and its permission, what it hears, a sound to try the loudspeaker, a bell
 * for the waiting room, and which devices are used.
 *
 * @typedef {object} Devices
 * @property {{ id: string, label: string }[]} microphones
 * @property {{ id: string, label: string }[]} speakers empty where a browser does not let a page choose
 * @property {string} microphone the id in use
 * @property {string} speaker
 */

/** @type {Devices} */
export const noDevices = { microphones: [], speakers: [], microphone: '', speaker: '' };
/** Above this a voice is heard: the mean square of samples that are at most 1. */
const voice = 0.0004;

/** What is asked of every microphone. */
export const processing = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/**
 * @param {string} [id] of the wanted device
 * @param {Promise<MediaStream> | null} [asked] a microphone that was asked for already
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openMicrophone(id, asked) {
  const wanted = id === undefined ? processing : { ...processing, deviceId: { exact: id } };
  const stream = await (asked ?? navigator.mediaDevices.getUserMedia({ audio: wanted }));
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new DOMException('no track', 'NotFoundError');
  return track;
}

/** @param {unknown} error of {@link openMicrophone} */
export function microphoneError(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'microphone-missing';
  if (name === 'NotReadableError' || name === 'AbortError') return 'microphone-busy';
  return 'microphone-denied';
}

export class Sound {
  /** @param {HTMLAudioElement} audio where the doctor is heard */
  constructor(audio) {
    this.audio = audio;
    /** @private The same loudspeaker, for what this page plays itself. */
    this.bell = new Audio();
    /** @private @type {AudioContext | null} */
    this.context = null;
    /** @private @type {MediaStreamAudioDestinationNode | null} */
    this.output = null;
    /** @private @type {MediaStreamAudioSourceNode | null} */
    this.source = null;
    /** @private @type {AnalyserNode | null} */
    this.analyser = null;
    /** @private */
    this.speaker = '';
  }

  /** To be called while a press is being handled: browsers let a page make sound only then. */
  wake() {
    if (!('AudioContext' in window)) return;
    this.context ??= new AudioContext();
    if (this.context.state !== 'running') this.context.resume().catch(() => {});
  }

  /** @param {MediaStreamTrack | null} track whose loudness {@link Sound.level} tells */
  listen(track) {
    this.source?.disconnect();
    this.source = null;
    if (this.context === null || track === null) return;
    this.analyser ??= this.context.createAnalyser();
    this.source = this.context.createMediaStreamSource(new MediaStream([track]));
    this.source.connect(this.analyser);
  }

  /**
   * How loud the microphone is, 0…1 on a scale that suits the ear, and whether that is a voice, or not one sound: a
   * Firefox whose microphone another program has does not even start the context.
   */
  level() {
    if (this.analyser === null || this.source === null) return { level: 0, isVoice: false, isSilence: false };
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const couldRun = this.context?.state === 'running' || navigator.userActivation?.hasBeenActive === true;
    return {
      level: Math.max(0, Math.min(1, 1 + Math.log10(power + 1e-9) / 5)), isVoice: power > voice,
      isSilence: power === 0 && couldRun,
    };
  }

  /** Two tones, upwards. */
  ring() {
    const { context } = this;
    if (context === null) return;
    if (this.output === null) {
      this.output = context.createMediaStreamDestination();
      this.bell.srcObject = this.output.stream;
    }
    this.bell.play().catch(() => {});
    for (const [index, frequency] of [523, 784].entries()) {
      const start = context.currentTime + 0.1 + index * 0.35;
      const tone = context.createOscillator();
      const loudness = context.createGain();
      tone.frequency.value = frequency;
      loudness.gain.setValueAtTime(0, start);
      loudness.gain.linearRampToValueAtTime(0.3, start + 0.03);
      loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
      tone.connect(loudness).connect(this.output);
      tone.start(start);
      tone.stop(start + 1);
    }
  }

  /** @param {string} id of a loudspeaker */
  async useSpeaker(id) {
    await Promise.all([this.audio, this.bell].map((element) => element.setSinkId(id)));
    this.speaker = id;
  }

  /**
   * @param {MediaStreamTrack | null} microphone
   * @returns {Promise<Devices>}
   */
  async devices(microphone) {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const list = (/** @type {MediaDeviceKind} */ wanted) =>
      all.filter(({ kind, deviceId }) => kind === wanted && deviceId !== '' && deviceId !== 'communications')
        .map(({ deviceId, label }) => ({ id: deviceId, label }));
    return {
      microphones: list('audioinput'),
      speakers: 'setSinkId' in this.audio ? list('audiooutput') : [],
      microphone: microphone?.getSettings().deviceId ?? '',
      speaker: this.speaker,
    };
  }

  end() {
    this.listen(null);
    this.context?.close().catch(() => {});
    this.context = null;
    this.analyser = null;
    this.output = null;
  }
}
