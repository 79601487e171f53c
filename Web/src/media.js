// @ts-check
import { Alarms } from './alarms.js';
import { Attempts } from './attempts.js';
import { equal, hex } from './bytes.js';
import { PathWatch } from './path-watch.js';

/**
 * The negotiation of the call inside the channel: offers and their generations, candidates, the proof of the
 * certificates, the rule that no sound passes before that proof, and what is done when sound stops. It knows no
 * PeerConnection: `call.js` has it, takes {@link CallAction}s and gives {@link CallEvent}s.
 *
 * Once sound has stood, a path that breaks is mended in this order:
 *
 * 1. At the first sign, silence or a transport that says disconnected, the next offer goes out in the standing
 *    epoch, with the relay's newest credentials: an ICE restart.
 * 2. An offer that is not answered in time travels on a dead socket: the patient joins again at once, and the new
 *    epoch offers again.
 * 3. A restart that was answered and brought no sound, or a transport that says failed, is followed by another
 *    call with certificates of its own. A Firefox that is restarted after it failed says connected and stays mute.
 * 4. A doctor's end that was made anew asks for a `new` call: the one of before has nobody at its other end.
 *
 * @typedef {{ type: 'offer', generation: number, sdp: string }
 *   | { type: 'candidate', generation: number, candidate: string }
 *   | { type: 'transport', call: number, state: 'connected', patientFingerprint: Uint8Array,
 *       doctorFingerprint: Uint8Array }
 *   | { type: 'transport', call: number, state: 'disconnected' | 'failed' }
 *   | { type: 'heard', call: number, packets: number }} CallEvent a call is named by the generation of its first
 *   offer; how many packets it has received is told about twice a second
 *
 * @typedef {{ type: 'prepare-call', servers: import('./envelopes.js').RelayServers | null, relayOnly: boolean }
 *   | { type: 'make-offer', generation: number, anew: boolean,
 *     servers: import('./envelopes.js').RelayServers | null, relayOnly: boolean }
 *   | { type: 'apply-answer', generation: number, sdp: string }
 *   | { type: 'apply-candidate', generation: number, candidate: string }
 *   | { type: 'sound', send: boolean, receive: boolean }
 *   | { type: 'end-call' }} CallAction
 *
 * What the whole call must do: rejoin as after a loss, at once because the socket may be dead, or stop.
 * @typedef {'rejoin' | 'socket-doubted' | 'binding-failed' | 'no-path'} Verdict
 *
 * @typedef {object} Surroundings
 * @property {(frame: import('./frames.js').SaidFrame, now: number) => Promise<boolean>} send
 * @property {(action: CallAction) => void} act
 * @property {() => void} save
 */

/** Before sound has ever stood, and for the binding always; afterwards {@link Attempts} says how long. Milliseconds. */
const limits = { answer: 6_000, binding: 5_000, path: 13_000 };
/** A transport that says connected has this long, at least, to bring sound. Milliseconds. */
const soundAfterConnected = 3_000;
/** An epoch younger than this already follows the change of network that broke the path. Milliseconds. */
const youngEpoch = 10_000;
/**
 * Calls that may fail in a row without having carried sound; the next one has the person asked. Two take less than
 * the 30 s after which the doctor's end gives up.
 */
const maximumBuilds = 1;

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
    /** @private */
    this.relayOnly = false;
    /** @private @type {'none' | 'new' | 'connected' | 'disconnected' | 'failed'} */
    this.transport = 'none';
    /** @private The generation the call in use began with. */
    this.call = -1;
    /** @private The epoch it began in. @type {import('./attachment.js').Attachment | null} */
    this.birthplace = null;
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
    this.watch = new PathWatch();
    /** @private */
    this.attempts = new Attempts();
    /** @private Calls built in a row before sound has ever stood. */
    this.builds = 0;
    /** @private */
    this.sound = { send: false, receive: false };
    /** @private @type {Verdict[]} */
    this.verdicts = [];
    /** @private @type {Alarms<keyof typeof limits | 'attempt'>} */
    this.alarms = new Alarms();
  }

  takeVerdict() {
    return this.verdicts.shift() ?? null;
  }

  nextAlarm() {
    return this.alarms.next();
  }

  /** Sound passes: the path stands, the certificates were proved on both sides, and packets come. */
  isConnected() {
    return this.transport === 'connected' && this.#isProven() && !this.watch.isSilent;
  }

  /** Whether sound stood and is, or may be, gone. */
  isTroubled() {
    return this.wasConnected && (!this.isConnected() || this.watch.isDoubted);
  }

  /** An offer was answered, and no path has come of it yet. */
  get seeksPath() {
    return !this.wasConnected && this.current?.answered === true && this.transport !== 'connected';
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    this.#updateSound();
  }

  /**
   * The network may have changed: the path has to be heard again, or the next epoch restarts it.
   * @param {number} now
   */
  doubt(now) {
    if (this.transport !== 'none') this.watch.doubt(now);
  }

  /**
   * The doctor admitted this epoch.
   * @param {import('./attachment.js').Attachment} attachment
   * @param {boolean} relayOnly
   */
  epochBegan(attachment, relayOnly) {
    this.attachment = attachment;
    this.relayOnly = relayOnly;
    if (this.session.consent !== null) return;
    this.surroundings.act({ type: 'prepare-call', servers: attachment.servers, relayOnly });
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
    this.watch = new PathWatch();
    this.attempts = new Attempts();
    this.builds = 0;
    this.#updateSound();
    this.surroundings.act({ type: 'end-call' });
  }

  /**
   * CONSENT was said in this epoch: offers what is not connected, proves what is.
   * @param {number} now
   */
  async proceed(now) {
    const stands = this.transport === 'connected' && this.current?.answered === true && !this.watch.isSilent;
    if (stands && !this.watch.isDoubted) await this.#sayBinding(now);
    else this.#makeOffer(now);
  }

  /**
   * @param {number} now
   */
  async tick(now) {
    for (let due = this.alarms.takeDue(now); due !== null; due = this.alarms.takeDue(now)) {
      if (due === 'path') this.#failed(now);
      else if (due === 'attempt') this.#attemptEnded(now);
      else this.verdicts.push(due === 'answer' && this.wasConnected ? 'socket-doubted' : 'rejoin');
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
        this.alarms.set('answer', now + (this.wasConnected ? this.attempts.answerLimit : limits.answer));
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
      case 'heard':
        return this.#heard(event, now);
    }
  }

  /**
   * @param {import('./frames.js').DescriptionFrame | import('./frames.js').CandidateFrame
   *   | import('./frames.js').BindingFrame} frame never an offer
   * @param {number} now
   */
  async receive(frame, now) {
    if (frame.type === 'description' && frame.kind === 'restart') return this.#askedAgain(frame.sdp, now);
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
      else if (!this.wasConnected) this.alarms.set('path', now + limits.path);
      this.#updateSound();
    }
  }

  /**
   * @param {import('./frames.js').SaidFrame} frame
   * @param {number} now
   */
  async #send(frame, now) {
    await this.surroundings.send(frame, now);
  }

  /**
   * The doctor asks for another offer.
   * @param {string} text `new` from an end that was made anew, and has nothing to restart
   * @param {number} now
   */
  #askedAgain(text, now) {
    if (this.session.consent === null) return;
    const isOrphan = text === 'new' && this.birthplace !== this.attachment;
    // The doctor asks every few seconds: an attempt under way is the answer already.
    if (!isOrphan && now < this.attempts.earliest) return;
    if (isOrphan) this.transport = 'failed';
    this.#makeOffer(now);
  }

  /** Whether an offer made now would reach the doctor, as far as this page knows. */
  #canOffer() {
    return this.attachment !== null && this.attachment.isEstablished && this.session.consent !== null;
  }

  /** @param {number} now */
  #makeOffer(now) {
    const { attachment, session } = this;
    if (attachment === null) return;
    const anew = this.transport === 'none' || this.transport === 'failed' || this.watch.isFruitless;
    const generation = session.generation;
    session.generation += 1;
    this.surroundings.save();
    if (anew) {
      this.call = generation;
      this.birthplace = attachment;
      this.transport = 'new';
      this.fingerprints = null;
      this.provenPair = null;
      this.provenInEpoch = false;
      this.watch.callBegan(this.wasConnected, now);
      this.#updateSound();
    }
    this.current = { generation, sent: false, answered: false };
    this.earlyCandidates = [];
    this.receivedTag = null;
    this.watch.offered(now);
    this.alarms.clear('answer', 'binding', 'path', 'attempt');
    if (this.wasConnected) {
      this.attempts.begin(now);
      this.alarms.set('attempt', now + this.attempts.limit);
    }
    const { relayOnly } = this;
    this.surroundings.act({ type: 'make-offer', generation, anew, servers: attachment.servers, relayOnly });
  }

  /**
   * Sound stopped, or an attempt did not bring it back: another one, now or when it may be.
   * @param {number} now
   */
  #tryAgain(now) {
    const { attachment, attempts } = this;
    if (!this.#canOffer()) {
      // The next epoch offers. A socket that only waits for the doctor says nothing of itself: it is replaced.
      if (attachment !== null) this.verdicts.push('socket-doubted');
    } else if (now < attempts.earliest) {
      this.alarms.set('attempt', attempts.earliest);
    } else if (attachment?.hasExpiredServers(now)) {
      this.doubt(now);
      this.verdicts.push('socket-doubted');
    } else this.#makeOffer(now);
  }

  /** @param {number} now */
  #attemptEnded(now) {
    if (this.transport === 'none' || this.isConnected()) return;
    this.watch.judge(this.current?.answered === true);
    this.#tryAgain(now);
  }

  /**
   * @param {Extract<CallEvent, { type: 'heard' }>} event
   * @param {number} now
   */
  #heard({ call, packets }, now) {
    if (this.transport === 'none' || call !== this.call) return;
    if (!this.#isProven()) return this.watch.idle(packets, now);
    if (this.watch.count(packets, now)) {
      this.watch.judge(this.current?.answered === true);
      this.#tryAgain(now);
    } else if (this.watch.hasSound && this.isConnected()) this.alarms.clear('attempt');
  }

  /**
   * @param {Extract<CallEvent, { type: 'transport' }>} event
   * @param {number} now
   */
  async #transportIs(event, now) {
    if (this.transport === 'none' || event.call !== this.call) return;
    if (event.state === 'connected') {
      this.transport = 'connected';
      this.builds = 0;
      this.alarms.clear('path');
      if (this.alarms.isSet('attempt')) {
        this.alarms.set('attempt', Math.max(this.attempts.earliest, now + soundAfterConnected));
      }
      this.fingerprints = { patient: event.patientFingerprint, doctor: event.doctorFingerprint };
      await this.#sayBinding(now);
      this.#updateSound();
    } else if (event.state === 'failed') {
      this.#failed(now);
    } else if (this.transport === 'connected') {
      this.transport = 'disconnected';
      this.alarms.clear('binding');
      // Silence comes first, unless the browser saw an interface go: then the socket is gone with it.
      if (this.alarms.isSet('attempt')) return;
      this.doubt(now);
      if (this.#canOffer() && now - (this.attachment?.startedAt ?? 0) < youngEpoch) this.#tryAgain(now);
      else this.verdicts.push('socket-doubted');
    }
  }

  /**
   * The path will not come up: another call.
   * @param {number} now
   */
  #failed(now) {
    this.transport = 'failed';
    this.alarms.clear('path', 'binding');
    this.#updateSound();
    if (this.wasConnected) return this.#tryAgain(now);
    this.builds += 1;
    if (this.builds > maximumBuilds) this.verdicts.push('no-path');
    else if (this.#canOffer()) this.#makeOffer(now);
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
