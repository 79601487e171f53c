// @ts-check
import { Alarms } from './alarms.js';
import { equal, hex } from './bytes.js';

/**
 * The negotiation of the call inside the channel: offers and their generations, candidates, the proof of the
 * certificates, and the rule that no sound passes before that proof. It knows no PeerConnection: `call.js` has
 * it, takes {@link CallAction}s and gives {@link CallEvent}s.
 *
 * @typedef {{ type: 'offer', generation: number, sdp: string }
 *   | { type: 'candidate', generation: number, candidate: string }
 *   | { type: 'transport', call: number, state: 'connected', patientFingerprint: Uint8Array,
 *       doctorFingerprint: Uint8Array }
 *   | { type: 'transport', call: number, state: 'disconnected' | 'failed' }} CallEvent a call is named by the
 *   generation of its first offer
 *
 * @typedef {{ type: 'make-offer', generation: number, anew: boolean,
 *     servers: import('./envelopes.js').RelayServers | null, relayOnly: boolean }
 *   | { type: 'apply-answer', generation: number, sdp: string }
 *   | { type: 'apply-candidate', generation: number, candidate: string }
 *   | { type: 'sound', send: boolean, receive: boolean }
 *   | { type: 'end-call' }} CallAction
 *
 * What the whole call must do: rejoin as after a loss, at once because the network changed, or stop.
 * @typedef {'rejoin' | 'network-changed' | 'binding-failed' | 'no-path'} Verdict
 *
 * @typedef {object} Surroundings
 * @property {(frame: import('./frames.js').Frame, now: number) => Promise<boolean>} send
 * @property {(action: CallAction) => void} act
 * @property {() => void} save
 */

/** Milliseconds. */
const limits = { answer: 6_000, binding: 5_000, path: 20_000 };
/** An epoch younger than this already follows the change of network that broke the path. Milliseconds. */
const youngEpoch = 10_000;
/** Calls built in a row that never carried sound before the person is asked. */
const maximumAttempts = 3;

export class Media {
  /**
   * @param {import('./session.js').Session} session its generation grows
   * @param {Surroundings} surroundings
   */
  constructor(session, surroundings) {
    this.session = session;
    this.surroundings = surroundings;
    this.muted = false;
    this.wasConnected = session.invitation.joinToken === null && session.consent !== null;
    /** @private @type {import('./attachment.js').Attachment | null} set from ADMIT to the epoch's end */
    this.attachment = null;
    /** @private @type {import('./envelopes.js').RelayServers | null} */
    this.servers = null;
    /** @private */
    this.relayOnly = false;
    /** @private @type {'none' | 'new' | 'connected' | 'disconnected' | 'failed'} */
    this.transport = 'none';
    /** @private The generation the call in use began with. */
    this.call = -1;
    /**
     * @private
     * The offer in force.
     * @type {{ generation: number, sent: boolean, answered: boolean } | null}
     */
    this.current = null;
    /** @private @type {string[]} */
    this.earlyCandidates = [];
    /** @private @type {{ patient: Uint8Array, doctor: Uint8Array } | null} */
    this.fingerprints = null;
    /** @private @type {Uint8Array | null} */
    this.receivedTag = null;
    /** @private Whether this epoch proved the certificates in use. */
    this.provenInEpoch = false;
    /**
     * @private
     * The certificates some epoch proved.
     * @type {string | null}
     */
    this.provenPair = null;
    /** @private */
    this.restartWanted = false;
    /** @private */
    this.attempts = 0;
    /** @private */
    this.sound = { send: false, receive: false };
    /** @private @type {Verdict[]} */
    this.verdicts = [];
    /** @private @type {Alarms<keyof typeof limits>} */
    this.alarms = new Alarms();
  }

  takeVerdict() {
    return this.verdicts.shift() ?? null;
  }

  nextAlarm() {
    return this.alarms.next();
  }

  /** Sound passes: the path stands and the certificates were proved on both sides. */
  isConnected() {
    return this.transport === 'connected' && this.#isProven();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    this.#updateSound();
  }

  wantRestart() {
    this.restartWanted = this.transport !== 'none';
  }

  /**
   * The doctor admitted this epoch.
   * @param {import('./attachment.js').Attachment} attachment
   * @param {import('./envelopes.js').RelayServers | null} servers
   * @param {boolean} relayOnly
   */
  epochBegan(attachment, servers, relayOnly) {
    this.attachment = attachment;
    this.servers = servers;
    this.relayOnly = relayOnly;
  }

  epochEnded() {
    this.attachment = null;
    this.provenInEpoch = false;
    this.receivedTag = null;
    this.alarms.clear('answer', 'binding');
  }

  /** Ends the call; a later {@link Media.proceed} builds another. */
  end() {
    this.epochEnded();
    this.alarms.clear();
    this.verdicts = [];
    this.transport = 'none';
    this.current = null;
    this.provenPair = null;
    this.fingerprints = null;
    this.attempts = 0;
    this.#updateSound();
    this.surroundings.act({ type: 'end-call' });
  }

  /**
   * CONSENT was said in this epoch: offers what is not connected, proves what is.
   * @param {number} now
   */
  async proceed(now) {
    const settled = this.transport === 'connected' && this.current?.answered === true && !this.restartWanted;
    if (settled) await this.#sayBinding(now);
    else this.#makeOffer();
  }

  /**
   * @param {number} now
   */
  async tick(now) {
    for (let due = this.alarms.takeDue(now); due !== null; due = this.alarms.takeDue(now)) {
      if (due === 'path') this.#failed();
      else this.verdicts.push('rejoin');
    }
  }

  /**
   * @param {CallEvent} event
   * @param {number} now
   */
  async handle(event, now) {
    switch (event.type) {
      case 'offer':
        if (event.generation !== this.current?.generation || this.attachment === null) return;
        this.current.sent = true;
        this.alarms.set('answer', now + limits.answer);
        await this.#send({ type: 'description', kind: 'offer', generation: event.generation, sdp: event.sdp }, now);
        for (const candidate of this.earlyCandidates.splice(0)) {
          await this.#send({ type: 'candidate', generation: event.generation, candidate }, now);
        }
        return;
      case 'candidate':
        if (event.generation !== this.current?.generation) return;
        if (this.current.sent) {
          await this.#send({ type: 'candidate', generation: event.generation, candidate: event.candidate }, now);
        } else this.earlyCandidates.push(event.candidate);
        return;
      case 'transport':
        return this.#transportIs(event, now);
    }
  }

  /**
   * @param {import('./frames.js').DescriptionFrame | import('./frames.js').CandidateFrame
   *   | import('./frames.js').BindingFrame} frame never an offer
   * @param {number} now
   */
  async receive(frame, now) {
    if (frame.type === 'description' && frame.kind === 'restart') {
      if (this.session.consent !== null) this.#makeOffer();
      return;
    }
    const { current } = this;
    if (frame.type === 'binding') {
      // Before the answer a tag can only come from a call this page no longer has.
      if (current?.answered !== true) return;
      this.receivedTag = frame.tag.slice();
      return this.#checkBinding();
    }
    if (current === null || !current.sent || frame.generation !== current.generation) return;
    if (frame.type === 'candidate') {
      const { generation, candidate } = frame;
      this.surroundings.act({ type: 'apply-candidate', generation, candidate });
    } else if (!current.answered) {
      current.answered = true;
      this.alarms.clear('answer');
      this.surroundings.act({ type: 'apply-answer', generation: frame.generation, sdp: frame.sdp });
      if (this.transport === 'connected') await this.#sayBinding(now);
      else this.alarms.set('path', now + limits.path);
      this.#updateSound();
    }
  }

  /**
   * @param {import('./frames.js').Frame} frame
   * @param {number} now
   */
  async #send(frame, now) {
    await this.surroundings.send(frame, now);
  }

  #makeOffer() {
    if (this.attachment === null) return;
    const { session } = this;
    const anew = this.transport === 'none' || this.transport === 'failed';
    const generation = session.generation;
    session.generation += 1;
    this.surroundings.save();
    if (anew) {
      this.call = generation;
      this.transport = 'new';
      this.fingerprints = null;
      this.provenPair = null;
      this.provenInEpoch = false;
      this.#updateSound();
    }
    this.current = { generation, sent: false, answered: false };
    this.earlyCandidates = [];
    this.receivedTag = null;
    this.restartWanted = false;
    this.alarms.clear('answer', 'binding', 'path');
    const { servers, relayOnly } = this;
    this.surroundings.act({ type: 'make-offer', generation, anew, servers, relayOnly });
  }

  /**
   * @param {Extract<CallEvent, { type: 'transport' }>} event
   * @param {number} now
   */
  async #transportIs(event, now) {
    if (this.transport === 'none' || event.call !== this.call) return;
    if (event.state === 'connected') {
      this.transport = 'connected';
      this.attempts = 0;
      this.alarms.clear('path');
      this.fingerprints = { patient: event.patientFingerprint, doctor: event.doctorFingerprint };
      await this.#sayBinding(now);
      this.#updateSound();
    } else if (event.state === 'failed') {
      this.#failed();
    } else if (this.transport === 'connected') {
      this.transport = 'disconnected';
      this.alarms.clear('binding');
      this.restartWanted = true;
      if (this.attachment !== null && now - this.attachment.startedAt < youngEpoch) this.#makeOffer();
      else this.verdicts.push('network-changed');
    }
  }

  /** The path will not come up: another call, a few times. */
  #failed() {
    this.transport = 'failed';
    this.alarms.clear('path', 'binding');
    this.#updateSound();
    this.attempts += 1;
    if (this.attempts > maximumAttempts) this.verdicts.push('no-path');
    else if (this.attachment !== null && this.session.consent !== null) this.#makeOffer();
  }

  /**
   * Tells the doctor which certificates this page saw.
   * @param {number} now
   */
  async #sayBinding(now) {
    const { fingerprints } = this;
    const epoch = this.attachment?.epoch ?? null;
    if (fingerprints === null || epoch === null || this.current?.answered !== true) return;
    const tag = await epoch.bindingTag('P', fingerprints.patient, fingerprints.doctor);
    await this.#send({ type: 'binding', tag }, now);
    if (!this.provenInEpoch) this.alarms.set('binding', now + limits.binding);
    await this.#checkBinding();
  }

  async #checkBinding() {
    const { fingerprints, receivedTag } = this;
    const epoch = this.attachment?.epoch ?? null;
    if (fingerprints === null || receivedTag === null || epoch === null) return;
    const expected = await epoch.bindingTag('D', fingerprints.patient, fingerprints.doctor);
    if (!equal(expected, receivedTag)) {
      this.verdicts.push('binding-failed');
      return;
    }
    this.provenInEpoch = true;
    this.provenPair = pairOf(fingerprints);
    this.wasConnected = true;
    this.alarms.clear('binding');
    this.#updateSound();
  }

  #isProven() {
    return this.fingerprints !== null && this.provenPair === pairOf(this.fingerprints);
  }

  #updateSound() {
    const proven = this.#isProven();
    const sound = { send: proven && this.session.consent !== null && !this.muted, receive: proven };
    if (sound.send === this.sound.send && sound.receive === this.sound.receive) return;
    this.sound = sound;
    this.surroundings.act({ type: 'sound', ...sound });
  }
}

/** @param {{ patient: Uint8Array, doctor: Uint8Array }} fingerprints */
const pairOf = ({ patient, doctor }) => `${hex(patient)} ${hex(doctor)}`;
