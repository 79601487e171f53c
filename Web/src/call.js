// @ts-check
import { fromHex } from './bytes.js';
import { sha256 } from './primitives.js';
import { QualityMeter, sampleOf } from './quality.js';

/**
 * The RTCPeerConnection behind the {@link import('./media.js').CallAction}s. It gathers nothing before the
 * first of them, sends no sound before it is told to, and pads every packet it sends.
 */

/** How often to look for the certificate after a transport says connected. Milliseconds. */
const certificatePoll = 5;
const certificatePolls = 400;
/** How often what arrives is counted. Milliseconds. */
const countInterval = 500;

export class Call {
  /**
   * @param {object} options
   * @param {MediaStreamTrack} options.microphone stays with the caller; the call sends a copy of its own
   * @param {HTMLAudioElement} options.audio where the doctor is heard
   * @param {() => Worker | null} options.makePaddingWorker
   * @param {(event: import('./media.js').CallEvent) => void} options.onEvent
   * @param {(path: 'direct' | 'relay' | null) => void} options.onPath
   * @param {(quality: import('./quality.js').Quality | null) => void} options.onQuality
   */
  constructor({ microphone, audio, makePaddingWorker, onEvent, onPath, onQuality }) {
    this.microphone = microphone;
    this.audio = audio;
    this.makePaddingWorker = makePaddingWorker;
    this.onEvent = onEvent;
    this.onPath = onPath;
    this.onQuality = onQuality;
    /** @private */
    this.quality = new QualityMeter();
    /** @private @type {RTCPeerConnection | null} */
    this.connection = null;
    /**
     * @private
     * What the connection was made for that no offer has used yet, and its description.
     * @type {{ servers: import('./envelopes.js').RelayServers | null, relayOnly: boolean,
     *   offer: RTCSessionDescriptionInit } | null}
     */
    this.prepared = null;
    /** @private @type {MediaStreamTrack | null} */
    this.track = null;
    /** @private @type {Worker | null} */
    this.worker = null;
    /** @private The generation the connection began with, and the one in force. */
    this.name = -1;
    /** @private */
    this.generation = -1;
    /** @private The user name fragment of the generation in force: candidates of another one are dropped. */
    this.fragment = '';
    /** @private Whether the end of this generation's candidates may still be told. */
    this.canTellEnd = false;
    /** @private */
    this.counter = 0;
    /** @private */
    this.isCounting = false;
    /** @private @type {RTCIceCandidateInit[]} */
    this.early = [];
    /** @private */
    this.sound = { send: false, receive: false };
    /** @private Descriptions are applied one after another. @type {Promise<void>} */
    this.queue = Promise.resolve();
  }

  /**
   * Actions are worked off in order. What a browser refuses to do is reported as a failed transport.
   * @param {import('./media.js').CallAction} action
   */
  perform(action) {
    if (action.type === 'sound') this.#setSound(action.send, action.receive);
    else if (action.type === 'end-call') this.end();
    else {
      this.queue = this.queue
        .then(() => this.#negotiate(action))
        .catch(() => this.onEvent({ type: 'transport', call: this.name, state: 'failed' }));
    }
  }

  /**
   * Sends another microphone from now on; the doctor's end notices nothing.
   * @param {MediaStreamTrack} microphone stays with the caller
   */
  async useMicrophone(microphone) {
    this.microphone = microphone;
    const sender = this.connection?.getSenders()[0];
    if (sender === undefined) return;
    const before = this.track;
    this.track = microphone.clone();
    this.track.enabled = this.sound.send;
    await sender.replaceTrack(this.track);
    before?.stop();
  }

  /** Frees everything the call holds, but not the microphone. */
  end() {
    clearInterval(this.counter);
    this.connection?.close();
    this.connection = null;
    this.prepared = null;
    this.track?.stop();
    this.track = null;
    this.worker?.terminate();
    this.worker = null;
    this.audio.srcObject = null;
    this.quality = new QualityMeter();
    this.onPath(null);
    this.onQuality(null);
  }

  /** @param {Exclude<import('./media.js').CallAction, { type: 'sound' } | { type: 'end-call' }>} action */
  async #negotiate(action) {
    switch (action.type) {
      case 'prepare-call':
        if (this.connection === null) await this.#prepare(action);
        return;
      case 'make-offer':
        return this.#offer(action);
      case 'apply-answer':
        if (action.generation !== this.generation || this.connection === null) return;
        await this.connection.setRemoteDescription({ type: 'answer', sdp: action.sdp });
        for (const candidate of this.early.splice(0)) await this.#addCandidate(candidate);
        return;
      case 'apply-candidate': {
        if (action.generation !== this.generation || this.connection === null) return;
        const candidate = { candidate: action.candidate, sdpMLineIndex: 0 };
        if (this.connection.remoteDescription === null || this.connection.signalingState !== 'stable') {
          this.early.push(candidate);
        } else await this.#addCandidate(candidate);
      }
    }
  }

  /** @param {RTCIceCandidateInit} candidate one that a browser cannot read is worth nothing */
  async #addCandidate(candidate) {
    await this.connection?.addIceCandidate(candidate).catch(() => {});
  }

  /**
   * Makes what the first offer needs while the person still reads: a description asks nobody for anything, gathering
   * begins when it is set.
   * @param {Extract<import('./media.js').CallAction, { type: 'prepare-call' }>} action
   */
  async #prepare({ servers, relayOnly }) {
    const connection = this.#open(servers, relayOnly);
    const offer = await connection.createOffer();
    if (connection === this.connection) this.prepared = { servers, relayOnly, offer };
  }

  /** @param {Extract<import('./media.js').CallAction, { type: 'make-offer' }>} action */
  async #offer({ generation, anew, servers, relayOnly }) {
    this.generation = generation;
    this.early = [];
    const prepared = this.prepared?.servers === servers && this.prepared.relayOnly === relayOnly ? this.prepared : null;
    this.prepared = null;
    const restarting = !anew && this.connection !== null;
    const goesOn = restarting || prepared !== null;
    const connection = goesOn && this.connection ? this.connection : this.#open(servers, relayOnly);
    if (!restarting) this.#begin(connection, generation);
    if (restarting && servers !== null) {
      connection.setConfiguration(configuration(servers, relayOnly));
    }
    // When one gathering overtakes another, Chromium's mark of the end does not tell which of them has ended.
    this.canTellEnd = connection.signalingState === 'stable' && connection.iceGatheringState !== 'gathering';
    const offer = prepared?.offer ?? (await connection.createOffer({ iceRestart: restarting }));
    if (connection !== this.connection || generation !== this.generation) return;
    this.fragment = /^a=ice-ufrag:(\S+)/m.exec(offer.sdp ?? '')?.[1] ?? '';
    this.onEvent({ type: 'offer', generation, sdp: offer.sdp ?? '' });
    await connection.setLocalDescription(offer);
  }

  /** @param {RTCPeerConnection} connection @param {number} name */
  #begin(connection, name) {
    this.name = name;
    this.isCounting = false;
    clearInterval(this.counter);
    this.counter = window.setInterval(() => void this.#count(connection), countInterval);
  }

  /**
   * @param {import('./envelopes.js').RelayServers | null} servers
   * @param {boolean} relayOnly
   */
  #open(servers, relayOnly) {
    this.end();
    const connection = new RTCPeerConnection(configuration(servers, relayOnly));
    this.connection = connection;
    this.track = this.microphone.clone();
    this.track.enabled = this.sound.send;
    const transceiver = connection.addTransceiver(this.track, { direction: 'sendrecv' });
    preferOpus(transceiver);
    this.worker = this.makePaddingWorker();
    if (this.worker !== null) transceiver.sender.transform = new RTCRtpScriptTransform(this.worker);
    connection.onicecandidate = ({ candidate }) => {
      if (connection === this.connection) this.#tellCandidate(candidate);
    };
    connection.ontrack = ({ track }) => {
      track.enabled = this.sound.receive;
      this.audio.srcObject = new MediaStream([track]);
      this.#applyReceive();
    };
    const changed = () => this.#stateChanged(connection, transceiver.sender);
    connection.onconnectionstatechange = changed;
    connection.oniceconnectionstatechange = changed;
    return connection;
  }

  /** @param {RTCIceCandidate | null} candidate null, or without text, when there are no more */
  #tellCandidate(candidate) {
    const fragment = candidate?.usernameFragment ?? this.fragment;
    const text = candidate?.candidate ?? '';
    if (fragment !== this.fragment || isUseless(text)) return;
    if (text === '') {
      if (!this.canTellEnd) return;
      this.canTellEnd = false;
    }
    this.onEvent({ type: 'candidate', generation: this.generation, candidate: text });
  }

  /** @param {RTCPeerConnection} connection @param {RTCRtpSender} sender */
  async #stateChanged(connection, sender) {
    if (connection !== this.connection) return;
    const call = this.name;
    const { connectionState } = connection;
    if (connectionState === 'failed') {
      this.onEvent({ type: 'transport', call, state: 'failed' });
    } else if (connectionState === 'disconnected') {
      this.onEvent({ type: 'transport', call, state: 'disconnected' });
    } else if (connectionState === 'connected') {
      const doctorFingerprint = await this.#remoteFingerprint(connection, sender);
      const patientFingerprint = localFingerprint(connection.localDescription?.sdp ?? '');
      if (connection !== this.connection) return;
      if (doctorFingerprint === null || patientFingerprint === null) {
        this.onEvent({ type: 'transport', call, state: 'failed' });
        return;
      }
      this.onEvent({ type: 'transport', call, state: 'connected', patientFingerprint, doctorFingerprint });
      await this.#count(connection);
    }
  }

  /**
   * SHA-256 of the certificate DTLS really saw. Chromium says connected some milliseconds before it has it.
   * @param {RTCPeerConnection} connection
   * @param {RTCRtpSender} sender
   */
  async #remoteFingerprint(connection, sender) {
    for (let i = 0; i < certificatePolls && connection === this.connection; i += 1) {
      const certificates = sender.transport?.state === 'connected' ? sender.transport.getRemoteCertificates() : [];
      const [certificate] = certificates;
      if (certificates.length === 1 && certificate !== undefined && certificate.byteLength > 0) {
        return sha256(new Uint8Array(certificate));
      }
      await new Promise((resolve) => setTimeout(resolve, certificatePoll));
    }
    return null;
  }

  /**
   * Counts what has arrived, and looks whether it comes straight or by the relay.
   * @param {RTCPeerConnection} connection
   */
  async #count(connection) {
    if (this.isCounting) return;
    this.isCounting = true;
    const report = await connection.getStats().catch(() => null);
    this.isCounting = false;
    if (report === null || connection !== this.connection) return;
    /** @type {any[]} */
    const entries = [];
    report.forEach((/** @type {unknown} */ entry) => entries.push(entry));
    const packets = entries
      .filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio')
      .reduce((sum, { packetsReceived }) => sum + (packetsReceived ?? 0), 0);
    this.onEvent({ type: 'heard', call: this.name, packets });
    this.quality.measure(sampleOf(entries), performance.now());
    this.onQuality(this.quality.word);
    const path = pathOf(entries);
    if (path !== null) this.onPath(path);
  }

  /** @param {boolean} send @param {boolean} receive */
  #setSound(send, receive) {
    this.sound = { send, receive };
    if (this.track !== null) this.track.enabled = send;
    this.#applyReceive();
  }

  #applyReceive() {
    const { receive } = this.sound;
    for (const receiver of this.connection?.getReceivers() ?? []) receiver.track.enabled = receive;
    this.audio.muted = !receive;
    if (receive && this.audio.srcObject !== null) this.audio.play().catch(() => {});
  }
}

/**
 * The way of the pair in use. Chromium keeps pairs of former generations as nominated and succeeded: without the
 * transport's word, the pair that heard something last is meant.
 * @param {any[]} entries of one report
 * @returns {'direct' | 'relay' | null} null while there is none
 */
export function pathOf(entries) {
  const named = entries.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId);
  const selected =
    entries.find(({ id }) => id === named?.selectedCandidatePairId) ??
    entries
      .filter(({ type, state }) => type === 'candidate-pair' && state === 'succeeded')
      .sort((one, other) => (other.lastPacketReceivedTimestamp ?? 0) - (one.lastPacketReceivedTimestamp ?? 0))[0];
  if (selected === undefined) return null;
  const ends = [selected.localCandidateId, selected.remoteCandidateId];
  const isRelayed = entries.some(({ id, candidateType }) => ends.includes(id) && candidateType === 'relay');
  return isRelayed ? 'relay' : 'direct';
}

/**
 * What the browser is told of the broker's servers: one reflecting one, and one relay for each way to reach it.
 * Every address costs an allocation, two in Firefox, and an ICE restart doubles them.
 * @param {import('./envelopes.js').RelayServers | null} servers
 * @param {boolean} relayOnly
 * @returns {RTCConfiguration}
 */
export function configuration(servers, relayOnly) {
  /** @type {RTCIceServer[]} */
  const iceServers = [];
  if (servers !== null) {
    const first = (/** @type {RegExp} */ pattern) => servers.urls.filter((url) => pattern.test(url)).slice(0, 1);
    const reflecting = relayOnly ? [] : first(/^stuns?:/);
    const { username, credential } = servers;
    const ways = username === '' ? [] : [/^turn:(?!.*transport=tcp)/, /^turn:.*transport=tcp/, /^turns:/];
    const relaying = ways.flatMap(first);
    if (reflecting.length > 0) iceServers.push({ urls: reflecting });
    if (relaying.length > 0) iceServers.push({ urls: relaying, username, credential });
  }
  return { iceServers, iceTransportPolicy: relayOnly ? 'relay' : 'all', bundlePolicy: 'max-bundle' };
}

/**
 * Whether the doctor's end could do nothing with a candidate: RTCP of its own, which is never used, or TCP.
 * @param {string} candidate
 */
const isUseless = (candidate) => /^candidate:\S+ (?!1 )|^candidate:\S+ 1 (?!udp )/i.test(candidate);

/**
 * One codec, and its copies where the browser has them, so that an offer is short and nothing else can be answered.
 * @param {RTCRtpTransceiver} transceiver
 */
function preferOpus(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities?.('audio')?.codecs ?? [];
  const wanted = codecs.filter(({ mimeType }) => /^audio\/(opus|red)$/i.test(mimeType));
  if (wanted.length > 0) transceiver.setCodecPreferences?.(wanted);
}

/**
 * The SHA-256 of this end's certificate, as its own description states it.
 * @param {string} sdp
 */
function localFingerprint(sdp) {
  const digits = /^a=fingerprint:sha-256 ([0-9A-Fa-f:]{95})\s*$/m.exec(sdp)?.[1];
  return digits === undefined ? null : fromHex(digits.replace(/:/g, ''));
}
