// @ts-check
import { Reader, concat, isZero, lp, text, u32, u8, utf8 } from './bytes.js';
import { ProtocolError } from './errors.js';
import { decodeFrame, encodeFrame } from './frames.js';
import { Initiator } from './noise.js';
import { generateKeyPair, verify } from './primitives.js';
import {
  authenticationString,
  bindingTag,
  callPrologue,
  commitment,
  deriveEpochKeys,
  firstTranscript,
  resumePresharedKey,
  resumePrologue,
} from './schedule.js';

/**
 * The patient's side of the sealed channel. An epoch begins with a {@link beginCall} or a
 * {@link beginResume}, whose `finish` reads the doctor's answer; from then on it seals and opens frames.
 */

/** Octets of the payloads of messages 1 and 2. */
export const payloadSizes = { message1: 64, message2: 256 };

/** A delegation is refused when the clock here says more than this many seconds outside its dates. */
const clockTolerance = 24 * 3600;

/** One handshake's keys: seals and opens frames, and proves which certificates were seen. */
export class Epoch {
  /**
   * @param {import('./noise.js').Transport} transport
   * @param {Uint8Array} bindingKey
   */
  constructor(transport, bindingKey) {
    this.hash = transport.hash;
    this.sending = transport.send;
    this.receiving = transport.receive;
    this.bindingKey = bindingKey;
  }

  /**
   * @param {import('./frames.js').SaidFrame} frame
   * @returns {Promise<Uint8Array>} one Noise message
   */
  seal(frame) {
    return this.sending.encrypt(encodeFrame(frame));
  }

  /**
   * @param {Uint8Array} message one Noise message, in the order of arrival
   * @throws {ProtocolError} `authentication`, `malformed`, `exhausted`: the epoch is over
   */
  async open(message) {
    return decodeFrame(await this.receiving.decrypt(message));
  }

  /**
   * @param {'P' | 'D'} side
   * @param {Uint8Array} patientFingerprint
   * @param {Uint8Array} doctorFingerprint
   */
  bindingTag(side, patientFingerprint, doctorFingerprint) {
    return bindingTag(side, this.bindingKey, this.hash, patientFingerprint, doctorFingerprint);
  }
}

/**
 * What the first epoch leaves behind, for as long as the room lives.
 * @typedef {object} Bond
 * @property {Uint8Array} resumeSecret R
 * @property {Uint8Array} transcript T_0
 * @property {Uint8Array} authenticationString 8 octets
 * @property {string} wordsLocale the doctor's choice, two letters
 * @property {Uint8Array} identity the doctor's Ed25519 key
 * @property {number} expiry Unix seconds: end of the delegation and a day
 */

/**
 * @typedef {object} CallSettings
 * @property {string} locale the patient's language, two letters
 * @property {(count: number) => Uint8Array} random
 * @property {import('./primitives.js').KeyPair} [ephemeral] for reproducible tests
 */

/**
 * Begins epoch 0.
 * @param {import('./schedule.js').Invitation} invitation
 * @param {CallSettings} settings
 */
export async function beginCall(invitation, settings) {
  const { room, sessionKey, presharedKey } = invitation;
  const patientNonce = settings.random(32);
  const ephemeral = settings.ephemeral ?? (await generateKeyPair());
  const initiator = await Initiator.create({
    prologue: callPrologue(room),
    presharedKey,
    remoteStatic: sessionKey,
    ephemeral,
  });
  const promise = await commitment(room, ephemeral.publicKey, patientNonce);
  const capabilities = u32(0);
  const payload = padded(payloadSizes.message1, u8(1), promise, capabilities, utf8(settings.locale));
  const message = await initiator.writeMessage1(payload);

  /**
   * @param {Uint8Array} answer message 2
   * @param {number} wallClock Unix seconds
   * @returns {Promise<{ epoch: Epoch, bond: Bond, confirmation: import('./frames.js').ConfirmFrame }>} the
   *   confirmation must be the first frame of the epoch
   * @throws {ProtocolError} `authentication`, `low-order`, `malformed`, `delegation`, `delegation-dates`
   */
  async function finish(answer, wallClock) {
    const opened = await initiator.readMessage2(answer);
    const introduction = await readIntroduction(opened.payload, room, sessionKey, wallClock);
    const { hash, chainingKey } = opened.transport;
    const keys = await deriveEpochKeys(hash, chainingKey);
    return {
      epoch: new Epoch(opened.transport, keys.bindingKey),
      bond: {
        resumeSecret: keys.resumeSecret,
        transcript: await firstTranscript(hash),
        authenticationString: await authenticationString(hash, patientNonce, introduction.doctorNonce),
        wordsLocale: introduction.wordsLocale,
        identity: introduction.identity,
        expiry: introduction.notAfter + clockTolerance,
      },
      confirmation: { type: 'confirm', patientNonce, receiptKey: new Uint8Array(32), name: '' },
    };
  }
  return { message, finish };
}

/**
 * Begins epoch k. The caller stores k before it sends the message.
 * @param {import('./schedule.js').Invitation} invitation
 * @param {Pick<Bond, 'resumeSecret' | 'transcript'>} bond
 * @param {number} number k, greater than every one used before
 * @param {import('./primitives.js').KeyPair} [keys] an ephemeral key for reproducible tests
 */
export async function beginResume(invitation, bond, number, keys) {
  const initiator = await Initiator.create({
    prologue: resumePrologue(invitation.room, number, bond.transcript),
    presharedKey: await resumePresharedKey(invitation.presharedKey, bond.resumeSecret, number),
    remoteStatic: invitation.sessionKey,
    ephemeral: keys ?? (await generateKeyPair()),
  });
  const first = await initiator.writeMessage1(new Uint8Array(payloadSizes.message1));
  const message = concat(u32(number), first);

  /**
   * @param {Uint8Array} answer message 2
   * @returns {Promise<{ epoch: Epoch, confirmation: import('./frames.js').ConfirmFrame }>}
   * @throws {ProtocolError} `authentication`, `low-order`, `malformed`
   */
  async function finish(answer) {
    const { payload, transport } = await initiator.readMessage2(answer);
    if (payload.length !== payloadSizes.message2 || !isZero(payload)) throw new ProtocolError('malformed');
    const { bindingKey } = await deriveEpochKeys(transport.hash, transport.chainingKey);
    return {
      epoch: new Epoch(transport, bindingKey),
      confirmation: { type: 'confirm', patientNonce: new Uint8Array(32), receiptKey: new Uint8Array(32), name: '' },
    };
  }
  return { message, finish };
}

/**
 * Reads message 2's payload and checks that the doctor's long-term key vouches for this room and session key.
 * @param {Uint8Array} payload
 * @param {Uint8Array} room
 * @param {Uint8Array} sessionKey
 * @param {number} wallClock Unix seconds
 */
async function readIntroduction(payload, room, sessionKey, wallClock) {
  if (payload.length !== payloadSizes.message2) throw new ProtocolError('malformed');
  const reader = new Reader(payload);
  if (reader.u8() !== 1) throw new ProtocolError('malformed');
  const doctorNonce = reader.take(32).slice();
  const identity = reader.take(32).slice();
  const dates = reader.take(16);
  const signature = reader.take(64);
  const wordsLocale = text(reader.take(2));
  reader.u32();
  if (!isZero(reader.rest())) throw new ProtocolError('malformed');
  const signed = lp('colloque/1 delegation', identity, sessionKey, room, dates);
  if (!(await verify(signature, signed, identity))) throw new ProtocolError('delegation');
  const validity = new Reader(dates);
  const [notBefore, notAfter] = [validity.u64(), validity.u64()];
  if (wallClock < notBefore - clockTolerance || wallClock > notAfter + clockTolerance) {
    throw new ProtocolError('delegation-dates');
  }
  return { doctorNonce, identity, wordsLocale, notAfter };
}

/**
 * @param {number} size
 * @param {...Uint8Array} parts
 */
function padded(size, ...parts) {
  const whole = new Uint8Array(size);
  whole.set(concat(...parts));
  return whole;
}
