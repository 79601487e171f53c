// @ts-check
import { fromHex } from './bytes.js';
import { sha256 } from './primitives.js';

/**
 * The RTCPeerConnection behind the {@link import('./media.js').CallAction}s. It gathers nothing before the
 * first of them, sends no sound before it is told to, and pads every packet it sends.
 */

/** How often to look for the certificate after a transport says connected. Milliseconds. */
const certificatePoll = 20;
const certificatePolls = 100;

export class Call {
  /**
   * @param {object} options
   * @param {MediaStreamTrack} options.microphone stays with the caller; the call sends a copy of its own
   * @param {HTMLAudioElement} options.audio where the doctor is heard
   * @param {() => Worker | null} options.makePaddingWorker
   * @param {(event: import('./media.js').CallEvent) => void} options.onEvent
   * @param {(path: 'direct' | 'relay' | null) => void} options.onPath
   */
  constructor({ microphone, audio, makePaddingWorker, onEvent, onPath }) {
    this.microphone = microphone;
    this.audio = audio;
    this.makePaddingWorker = makePaddingWorker;
    this.onEvent = onEvent;
    this.onPath = onPath;
    /** @private @type {RTCPeerConnection | null} */
    this.connection = null;
    /** @private @type {MediaStreamTrack | null} */
    this.track = null;
    /** @private @type {Worker | null} */
    this.worker = null;
    /** @private The generation the connection began with, and the one in force. */
    this.name = -1;
    /** @private */
    this.generation = -1;
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

  /** Frees everything the call holds, but not the microphone. */
  end() {
    this.connection?.close();
    this.connection = null;
    this.track?.stop();
    this.track = null;
    this.worker?.terminate();
    this.worker = null;
    this.audio.srcObject = null;
    this.onPath(null);
  }

  /** @param {Exclude<import('./media.js').CallAction, { type: 'sound' } | { type: 'end-call' }>} action */
  async #negotiate(action) {
    switch (action.type) {
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

  /** @param {Extract<import('./media.js').CallAction, { type: 'make-offer' }>} action */
  async #offer({ generation, anew, servers, relayOnly }) {
    this.generation = generation;
    this.early = [];
    const restarting = !anew && this.connection !== null;
    const connection = restarting && this.connection ? this.connection : this.#open(generation, servers, relayOnly);
    if (restarting && servers !== null) {
      connection.setConfiguration(configuration(servers, relayOnly));
    }
    const offer = await connection.createOffer({ iceRestart: restarting });
    if (connection !== this.connection || generation !== this.generation) return;
    this.onEvent({ type: 'offer', generation, sdp: offer.sdp ?? '' });
    await connection.setLocalDescription(offer);
  }

  /**
   * @param {number} name
   * @param {import('./envelopes.js').RelayServers | null} servers
   * @param {boolean} relayOnly
   */
  #open(name, servers, relayOnly) {
    this.end();
    this.name = name;
    const connection = new RTCPeerConnection(configuration(servers, relayOnly));
    this.connection = connection;
    this.track = this.microphone.clone();
    this.track.enabled = this.sound.send;
    const transceiver = connection.addTransceiver(this.track, { direction: 'sendrecv' });
    preferOpus(transceiver);
    this.worker = this.makePaddingWorker();
    if (this.worker !== null) transceiver.sender.transform = new RTCRtpScriptTransform(this.worker);
    connection.onicecandidate = ({ candidate }) => {
      if (connection !== this.connection) return;
      const text = candidate?.candidate ?? '';
      this.onEvent({ type: 'candidate', generation: this.generation, candidate: text });
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
      await this.findPath();
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

  /** Looks whether sound goes straight or by the relay. */
  async findPath() {
    const { connection } = this;
    if (connection === null) return;
    const report = await connection.getStats().catch(() => null);
    if (report === null || connection !== this.connection) return;
    /** @type {Map<string, any>} */
    const entries = new Map();
    report.forEach((/** @type {{ id: string }} */ entry) => entries.set(entry.id, entry));
    const transport = [...entries.values()].find(({ type }) => type === 'transport');
    const selected =
      entries.get(transport?.selectedCandidatePairId ?? '') ??
      [...entries.values()].find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
    if (selected === undefined) return;
    const types = [entries.get(selected.localCandidateId), entries.get(selected.remoteCandidateId)];
    this.onPath(types.some((candidate) => candidate?.candidateType === 'relay') ? 'relay' : 'direct');
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
 * @param {import('./envelopes.js').RelayServers | null} servers
 * @param {boolean} relayOnly
 * @returns {RTCConfiguration}
 */
function configuration(servers, relayOnly) {
  const reflecting = servers?.urls.filter((url) => /^stuns?:/.test(url)) ?? [];
  const relaying = servers?.urls.filter((url) => /^turns?:/.test(url)) ?? [];
  /** @type {RTCIceServer[]} */
  const iceServers = reflecting.length > 0 ? [{ urls: reflecting }] : [];
  if (servers !== null && relaying.length > 0 && servers.username !== '') {
    iceServers.push({ urls: relaying, username: servers.username, credential: servers.credential });
  }
  return { iceServers, iceTransportPolicy: relayOnly ? 'relay' : 'all', bundlePolicy: 'max-bundle' };
}

/**
 * One codec, so that an offer is short and nothing else can be answered.
 * @param {RTCRtpTransceiver} transceiver
 */
function preferOpus(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities?.('audio')?.codecs ?? [];
  const opus = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === 'audio/opus');
  if (opus.length > 0) transceiver.setCodecPreferences?.(opus);
}

/**
 * The SHA-256 of this end's certificate, as its own description states it.
 * @param {string} sdp
 */
function localFingerprint(sdp) {
  const digits = /^a=fingerprint:sha-256 ([0-9A-Fa-f:]{95})\s*$/m.exec(sdp)?.[1];
  return digits === undefined ? null : fromHex(digits.replace(/:/g, ''));
}
