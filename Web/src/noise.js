// @ts-check
import { concat, u32, u8, utf8 } from './bytes.js';
import { ProtocolError } from './errors.js';
import { generateKeyPair, hmac, importCipherKey, open, seal, sha256, sharedSecret } from './primitives.js';

/**
 * Noise_NKpsk0_25519_AESGCM_SHA256 (the Noise Protocol Framework, revision 34), both roles.
 *
 *     <- s
 *     ...
 *     -> psk, e, es
 *     <- e, ee
 */

/** Exactly 32 octets, so it is itself the first hash and chaining key (§5.2). */
const protocolName = utf8('Noise_NKpsk0_25519_AESGCM_SHA256');
const empty = new Uint8Array(0);

/** Octets a Noise message adds to its payload: one ephemeral key and one tag. */
export const handshakeOverhead = 32 + 16;

/** An epoch ends long before a nonce could come twice. */
const maximumMessages = 2 ** 20;

/** One direction of a channel (§5.1). Calls of one instance must not overlap in `decrypt`. */
export class CipherState {
  /** @param {CryptoKey} key */
  constructor(key) {
    this.key = key;
    this.counter = 0;
  }

  /** @param {Uint8Array} key 32 octets */
  static async create(key) {
    return new CipherState(await importCipherKey(key));
  }

  /** Taken before anything is awaited, so that two calls never share a nonce. */
  nextNonce() {
    if (this.counter >= maximumMessages) throw new ProtocolError('exhausted');
    const nonce = concat(new Uint8Array(8), u32(this.counter));
    this.counter += 1;
    return nonce;
  }

  /**
   * @param {Uint8Array} plaintext
   * @param {Uint8Array} [additionalData]
   */
  async encrypt(plaintext, additionalData = empty) {
    return seal(this.key, this.nextNonce(), additionalData, plaintext);
  }

  /**
   * @param {Uint8Array} ciphertext
   * @param {Uint8Array} [additionalData]
   * @throws {ProtocolError} `authentication`: the epoch is over
   */
  async decrypt(ciphertext, additionalData = empty) {
    return open(this.key, this.nextNonce(), additionalData, ciphertext);
  }
}

/** Chaining key, handshake hash and the key of the moment (§5.2). */
class SymmetricState {
  constructor() {
    this.chainingKey = protocolName;
    this.hash = protocolName;
    /** @type {CipherState | null} */
    this.cipher = null;
  }

  /** @param {Uint8Array} data */
  async mixHash(data) {
    this.hash = await sha256(this.hash, data);
  }

  /** @param {Uint8Array} inputKeyMaterial */
  async mixKey(inputKeyMaterial) {
    const [chainingKey, key] = await deriveTwo(this.chainingKey, inputKeyMaterial);
    this.chainingKey = chainingKey;
    this.cipher = await CipherState.create(key);
  }

  /** @param {Uint8Array} inputKeyMaterial */
  async mixKeyAndHash(inputKeyMaterial) {
    const temporary = await hmac(this.chainingKey, inputKeyMaterial);
    this.chainingKey = await hmac(temporary, u8(1));
    const second = await hmac(temporary, concat(this.chainingKey, u8(2)));
    const third = await hmac(temporary, concat(second, u8(3)));
    await this.mixHash(second);
    this.cipher = await CipherState.create(third);
  }

  /** @param {Uint8Array} plaintext */
  async encryptAndHash(plaintext) {
    const ciphertext = this.cipher === null ? plaintext : await this.cipher.encrypt(plaintext, this.hash);
    await this.mixHash(ciphertext);
    return ciphertext;
  }

  /** @param {Uint8Array} ciphertext */
  async decryptAndHash(ciphertext) {
    const plaintext = this.cipher === null ? ciphertext : await this.cipher.decrypt(ciphertext, this.hash);
    await this.mixHash(ciphertext);
    return plaintext;
  }
}

/**
 * The two outputs of Noise's HKDF (§4.3).
 * @param {Uint8Array} chainingKey
 * @param {Uint8Array} input
 */
async function deriveTwo(chainingKey, input) {
  const temporary = await hmac(chainingKey, input);
  const first = await hmac(temporary, u8(1));
  return /** @type {const} */ ([first, await hmac(temporary, concat(first, u8(2)))]);
}

/**
 * @typedef {object} Transport
 * @property {Uint8Array} hash handshake hash, 32 octets
 * @property {Uint8Array} chainingKey the final one, 32 octets: input of the exporter, to be dropped after
 * @property {[Uint8Array, Uint8Array]} keys initiator to responder, responder to initiator; 32 octets each
 * @property {CipherState} send
 * @property {CipherState} receive
 */

/**
 * @typedef {object} Parameters
 * @property {Uint8Array} prologue
 * @property {Uint8Array} presharedKey 32 octets
 * @property {import('./primitives.js').KeyPair} [ephemeral] for reproducible tests; fresh when absent
 */

/**
 * @param {SymmetricState} symmetric
 * @param {boolean} initiator
 * @returns {Promise<Transport>}
 */
async function split(symmetric, initiator) {
  const keys = /** @type {[Uint8Array, Uint8Array]} */ ([...(await deriveTwo(symmetric.chainingKey, empty))]);
  const [toResponder, toInitiator] = [await CipherState.create(keys[0]), await CipherState.create(keys[1])];
  return {
    hash: symmetric.hash,
    chainingKey: symmetric.chainingKey,
    keys,
    send: initiator ? toResponder : toInitiator,
    receive: initiator ? toInitiator : toResponder,
  };
}

/** The patient's role: anonymous, sure of the doctor's static key. */
export class Initiator {
  /**
   * @private
   * @param {SymmetricState} symmetric
   * @param {Parameters & { remoteStatic: Uint8Array }} parameters
   * @param {import('./primitives.js').KeyPair} ephemeral
   */
  constructor(symmetric, parameters, ephemeral) {
    this.symmetric = symmetric;
    this.parameters = parameters;
    this.ephemeral = ephemeral;
  }

  /** @param {Parameters & { remoteStatic: Uint8Array }} parameters */
  static async create(parameters) {
    const symmetric = new SymmetricState();
    await symmetric.mixHash(parameters.prologue);
    await symmetric.mixHash(parameters.remoteStatic);
    return new Initiator(symmetric, parameters, parameters.ephemeral ?? (await generateKeyPair()));
  }

  /**
   * @param {Uint8Array} payload
   * @returns {Promise<Uint8Array>} message 1
   */
  async writeMessage1(payload) {
    const { symmetric, ephemeral, parameters } = this;
    await symmetric.mixKeyAndHash(parameters.presharedKey);
    await symmetric.mixHash(ephemeral.publicKey);
    await symmetric.mixKey(ephemeral.publicKey);
    await symmetric.mixKey(await sharedSecret(ephemeral.privateKey, parameters.remoteStatic));
    return concat(ephemeral.publicKey, await symmetric.encryptAndHash(payload));
  }

  /**
   * @param {Uint8Array} message 2
   * @returns {Promise<{ payload: Uint8Array, transport: Transport }>}
   * @throws {ProtocolError} `authentication`, `low-order`
   */
  async readMessage2(message) {
    if (message.length < handshakeOverhead) throw new ProtocolError('authentication');
    const { symmetric, ephemeral } = this;
    const remote = message.subarray(0, 32);
    await symmetric.mixHash(remote);
    await symmetric.mixKey(remote);
    await symmetric.mixKey(await sharedSecret(ephemeral.privateKey, remote));
    const payload = await symmetric.decryptAndHash(message.subarray(32));
    return { payload, transport: await split(symmetric, true) };
  }
}

/** The doctor's role, whose static key the link carries. The page itself never plays it: its tests do. */
export class Responder {
  /**
   * @private
   * @param {SymmetricState} symmetric
   * @param {Parameters & { staticKeys: import('./primitives.js').KeyPair }} parameters
   */
  constructor(symmetric, parameters) {
    this.symmetric = symmetric;
    this.parameters = parameters;
    this.remote = empty;
  }

  /** @param {Parameters & { staticKeys: import('./primitives.js').KeyPair }} parameters */
  static async create(parameters) {
    const symmetric = new SymmetricState();
    await symmetric.mixHash(parameters.prologue);
    await symmetric.mixHash(parameters.staticKeys.publicKey);
    return new Responder(symmetric, parameters);
  }

  /**
   * @param {Uint8Array} message 1
   * @returns {Promise<Uint8Array>} its payload
   * @throws {ProtocolError} `authentication`, `low-order`
   */
  async readMessage1(message) {
    if (message.length < handshakeOverhead) throw new ProtocolError('authentication');
    const { symmetric, parameters } = this;
    this.remote = message.slice(0, 32);
    await symmetric.mixKeyAndHash(parameters.presharedKey);
    await symmetric.mixHash(this.remote);
    await symmetric.mixKey(this.remote);
    await symmetric.mixKey(await sharedSecret(parameters.staticKeys.privateKey, this.remote));
    return symmetric.decryptAndHash(message.subarray(32));
  }

  /**
   * @param {Uint8Array} payload
   * @returns {Promise<{ message: Uint8Array, transport: Transport }>}
   */
  async writeMessage2(payload) {
    const { symmetric, parameters } = this;
    const ephemeral = parameters.ephemeral ?? (await generateKeyPair());
    await symmetric.mixHash(ephemeral.publicKey);
    await symmetric.mixKey(ephemeral.publicKey);
    await symmetric.mixKey(await sharedSecret(ephemeral.privateKey, this.remote));
    const message = concat(ephemeral.publicKey, await symmetric.encryptAndHash(payload));
    return { message, transport: await split(symmetric, false) };
  }
}
