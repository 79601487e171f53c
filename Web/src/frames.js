// @ts-check
import { Reader, concat, isZero, lp, text, u16, u32, u64, u8, utf8 } from './bytes.js';
import { ProtocolError } from './errors.js';

/**
 * What travels inside the channel once a handshake is over: type, length, body, zeros up to a fixed size. What only
 * the doctor's end says is read here and not written, and the other way round.
 */

/** Sizes of a plaintext, so that its size says nothing about it. */
export const frameSizes = /** @type {const} */ ([256, 1024, 4096, 16384]);

export const byeReason = { hungUp: 0, wordsDiffer: 1, bindingFailed: 2, expired: 3, error: 4 };
export const refuseReason = { none: 0, otherDevice: 1, notNow: 2, wrongPerson: 3 };

/**
 * @typedef {{ type: 'confirm', patientNonce: Uint8Array, receiptKey: Uint8Array, name: string }} ConfirmFrame
 * @typedef {{ type: 'waiting', message: string }} WaitingFrame
 * @typedef {{ type: 'admit', relayOnly: boolean }} AdmitFrame
 * @typedef {{ type: 'refuse', reason: number }} RefuseFrame
 * @typedef {{ type: 'description', kind: 'offer' | 'answer' | 'restart', generation: number, sdp: string }} DescriptionFrame
 * @typedef {{ type: 'candidate', generation: number, candidate: string }} CandidateFrame empty = no more
 * @typedef {{ type: 'words', same: boolean }} WordsFrame
 * @typedef {{ type: 'binding', tag: Uint8Array }} BindingFrame
 * @typedef {{ type: 'chat', id: number, message: string }} ChatFrame
 * @typedef {{ type: 'keepalive' }} KeepaliveFrame
 * @typedef {{ type: 'receipt', part: 'body' | 'signature', octets: Uint8Array }} ReceiptFrame
 * @typedef {{ type: 'bye', reason: number }} ByeFrame
 * @typedef {{ type: 'consent', version: number, locale: string, textHash: Uint8Array, time: number }} ConsentFrame
 * @typedef {{ type: 'identity', code: number }} IdentityFrame
 * @typedef {RefuseFrame | DescriptionFrame | CandidateFrame | WordsFrame | BindingFrame | ChatFrame | KeepaliveFrame
 *   | ByeFrame} MutualFrame
 * @typedef {MutualFrame | ConfirmFrame | ConsentFrame} SaidFrame
 * @typedef {MutualFrame | WaitingFrame | AdmitFrame | ReceiptFrame | IdentityFrame} HeardFrame
 */

const kinds = /** @type {const} */ (['offer', 'answer', 'restart']);
const parts = /** @type {const} */ (['body', 'signature']);

/**
 * @param {SaidFrame} frame
 * @returns {Uint8Array} the padded plaintext
 * @throws {ProtocolError} `malformed` when the body does not fit the largest size
 */
export const encodeFrame = (frame) => padFrame(...encodeBody(frame));

/**
 * @param {number} type
 * @param {Uint8Array} body
 * @returns {Uint8Array}
 * @throws {ProtocolError} `malformed` when the body does not fit the largest size
 */
export function padFrame(type, body) {
  const size = frameSizes.find((candidate) => candidate >= body.length + 3);
  if (size === undefined) throw new ProtocolError('malformed');
  const plaintext = new Uint8Array(size);
  plaintext.set(concat(u8(type), u16(body.length), body));
  return plaintext;
}

/**
 * @param {SaidFrame} frame
 * @returns {[type: number, body: Uint8Array]}
 */
function encodeBody(frame) {
  switch (frame.type) {
    case 'confirm':
      return [0x03, concat(frame.patientNonce, frame.receiptKey, lp(frame.name))];
    case 'refuse':
      return [0x06, u8(frame.reason)];
    case 'description':
      return [0x07, concat(u8(kinds.indexOf(frame.kind)), u32(frame.generation), utf8(frame.sdp))];
    case 'candidate':
      return [0x08, concat(u32(frame.generation), utf8(frame.candidate))];
    case 'words':
      return [0x09, u8(frame.same ? 1 : 0)];
    case 'binding':
      return [0x0a, frame.tag];
    case 'chat':
      return [0x0b, concat(u32(frame.id), utf8(frame.message))];
    case 'keepalive':
      return [0x0d, new Uint8Array(0)];
    case 'bye':
      return [0x0f, u8(frame.reason)];
    case 'consent':
      return [0x10, concat(u8(frame.version), utf8(frame.locale), frame.textHash, u64(frame.time))];
  }
}

/**
 * @param {Uint8Array} plaintext decrypted, still not to be believed
 * @param {(type: number, body: Reader) => any} [decode] of another end
 * @returns {HeardFrame}
 * @throws {ProtocolError} `malformed` for an unknown type or one that a patient does not hear, another size than the
 *   smallest that fits, an octet other than zero behind the body, a body that is too short or too long: each ends the
 *   epoch
 */
export function decodeFrame(plaintext, decode = decodeBody) {
  const reader = new Reader(plaintext);
  const type = reader.u8();
  const body = reader.take(reader.u16());
  const fitting = frameSizes.find((candidate) => candidate >= body.length + 3);
  if (plaintext.length !== fitting || !isZero(reader.rest())) throw new ProtocolError('malformed');
  const fields = new Reader(body);
  const frame = decode(type, fields);
  fields.end();
  return frame;
}

/**
 * @param {number} type
 * @param {Reader} body
 * @returns {HeardFrame}
 */
export function decodeBody(type, body) {
  switch (type) {
    case 0x04:
      return { type: 'waiting', message: text(body.lp()) };
    case 0x05:
      return { type: 'admit', relayOnly: (body.u8() & 1) === 1 };
    case 0x06:
      return { type: 'refuse', reason: body.u8() };
    case 0x07: {
      const kind = kinds[body.u8()];
      if (kind === undefined) throw new ProtocolError('malformed');
      return { type: 'description', kind, generation: body.u32(), sdp: text(body.rest()) };
    }
    case 0x08:
      return { type: 'candidate', generation: body.u32(), candidate: text(body.rest()) };
    case 0x09: {
      const same = body.u8();
      if (same > 1) throw new ProtocolError('malformed');
      return { type: 'words', same: same === 1 };
    }
    case 0x0a:
      return { type: 'binding', tag: body.take(32) };
    case 0x0b:
      return { type: 'chat', id: body.u32(), message: text(body.rest()) };
    case 0x0d:
      return { type: 'keepalive' };
    case 0x0e: {
      const part = parts[body.u8()];
      if (part === undefined) throw new ProtocolError('malformed');
      return { type: 'receipt', part, octets: body.rest() };
    }
    case 0x0f:
      return { type: 'bye', reason: body.u8() };
    case 0x11:
      return { type: 'identity', code: body.u8() };
    default:
      throw new ProtocolError('malformed');
  }
}
