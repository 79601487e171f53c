import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex, hex, lp } from '../../Web/src/bytes.js';
import { beginCall, beginResume } from '../../Web/src/channel.js';
import { encodeFrame } from '../../Web/src/frames.js';
import { parseLink } from '../../Web/src/link.js';
import { Initiator, Responder } from '../../Web/src/noise.js';
import { importKeyPair } from '../../Web/tools/known-key.mjs';
import * as schedule from '../../Web/src/schedule.js';
import { ProtocolError } from '../../Web/src/errors.js';

const vectors = JSON.parse(readFileSync(new URL('../Fixtures/protocol-v1.json', import.meta.url), 'utf8'));
const { link, invite, delegation, handshake, resume, dtls_bind: binding } = vectors;
/** A moment at which the fixture's delegation is valid, Unix seconds. */
const duringDelegation = Number(BigInt(`0x${delegation.tbs.slice(-32, -16)}`)) + 60;

const invitation = async () => schedule.deriveInvitation(await parseLink(link.fragment));
const beginFixtureCall = async () =>
  beginCall(await invitation(), {
    locale: 'fr',
    random: () => fromHex(handshake.rP),
    ephemeral: await importKeyPair(fromHex(handshake.e_i)),
  });

test('a link gives the room, the tokens and the shared key', async () => {
  const parsed = await parseLink(link.fragment);
  assert.equal(hex(parsed.secret), link.S);
  assert.equal(hex(parsed.sessionKey), link.session_pub);
  const derived = await schedule.deriveInvitation(parsed);
  assert.equal(hex(derived.room), invite.room_id);
  assert.equal(hex(derived.joinToken), invite.join_token);
  assert.equal(hex(await schedule.joinHash(derived.joinToken)), invite.join_hash);
  assert.equal(hex(derived.presharedKey), invite.psk0);
});

test('the session key belongs to its private half', async () => {
  assert.equal(hex((await importKeyPair(fromHex(link.session_priv))).publicKey), link.session_pub);
});

test('the patient reproduces message 1 and reads message 2', async () => {
  const call = await beginFixtureCall();
  assert.equal(hex(call.message), handshake.msg1);
  const { epoch, bond, confirmation } = await call.finish(fromHex(handshake.msg2), duringDelegation);
  assert.equal(hex(epoch.hash), handshake.h);
  assert.equal(hex(bond.identity), delegation.identity_pub);
  assert.equal(hex(bond.resumeSecret), handshake.resume_secret);
  assert.equal(hex(epoch.bindingKey), handshake.dtls_bind_key);
  assert.equal(bond.wordsLocale, 'fr');
  assert.equal(hex(bond.authenticationString), handshake.sas_bytes);
  assert.deepEqual(schedule.wordIndices(bond.authenticationString), handshake.sas_words_idx);
  assert.equal(schedule.digits(bond.authenticationString), handshake.sas_digits);
  assert.equal(hex(bond.transcript), resume.transcript0);
  const frame = { ...confirmation, name: 'Zoé' };
  assert.equal(hex(encodeFrame(frame)), handshake.frame3);
  assert.equal(hex(await epoch.seal(frame)), handshake.transport_i2r_0);
  assert.deepEqual(await epoch.open(fromHex(handshake.transport_r2i_0)), { type: 'waiting', message: '' });
  assert.equal(hex(await epoch.bindingTag('P', fromHex(binding.fp_patient), fromHex(binding.fp_doctor))), binding.tag_patient);
  assert.equal(hex(await epoch.bindingTag('D', fromHex(binding.fp_patient), fromHex(binding.fp_doctor))), binding.tag_doctor);
});

test('the responder reproduces message 2 and both transport keys', async () => {
  const responder = await Responder.create({
    prologue: fromHex(handshake.prologue),
    presharedKey: fromHex(invite.psk0),
    staticKeys: await importKeyPair(fromHex(link.session_priv)),
    ephemeral: await importKeyPair(fromHex(handshake.e_r)),
  });
  assert.equal(hex(await responder.readMessage1(fromHex(handshake.msg1))), handshake.payload1);
  const { message, transport } = await responder.writeMessage2(fromHex(handshake.payload2));
  assert.equal(hex(message), handshake.msg2);
  assert.equal(hex(transport.hash), handshake.h);
  assert.deepEqual(transport.keys.map(hex), [handshake.k_i2r, handshake.k_r2i]);
});

test('a resumed epoch follows from the first', async () => {
  const derived = await invitation();
  const bond = { resumeSecret: fromHex(handshake.resume_secret), transcript: fromHex(resume.transcript0) };
  assert.equal(hex(await schedule.rejoinToken(bond.resumeSecret)), resume.rejoin_token);
  assert.equal(hex(await schedule.joinHash(fromHex(resume.rejoin_token))), resume.rejoin_hash);
  assert.equal(hex(await schedule.resumePresharedKey(derived.presharedKey, bond.resumeSecret, 1)), resume.psk);
  assert.equal(hex(schedule.resumePrologue(derived.room, 1, bond.transcript)), resume.prologue);
  const begun = await beginResume(derived, bond, 1, await importKeyPair(fromHex(resume.e_i)));
  assert.equal(hex(begun.message), `00000001${resume.msg1}`);
  const { epoch } = await begun.finish(fromHex(resume.msg2));
  assert.equal(hex(epoch.hash), resume.h);
  assert.equal(hex(await schedule.nextTranscript(bond.transcript, epoch.hash)), resume.transcript1);
});

/** @param {string} code */
const code = (code) => (/** @type {unknown} */ error) => error instanceof ProtocolError && error.code === code;
const flipped = (/** @type {string} */ octets, /** @type {number} */ index) => {
  const changed = fromHex(octets);
  changed[index] ^= 1 << index % 8;
  return changed;
};
const responderFor = async (changes = {}) =>
  Responder.create({
    prologue: fromHex(handshake.prologue),
    presharedKey: fromHex(invite.psk0),
    staticKeys: await importKeyPair(fromHex(link.session_priv)),
    ...changes,
  });

test('message 1 with any octet changed is refused', async () => {
  for (let i = 0; i < handshake.msg1.length / 2; i += 1) {
    await assert.rejects((await responderFor()).readMessage1(flipped(handshake.msg1, i)), code('authentication'), `octet ${i}`);
  }
});

test('message 2 with any octet changed is refused', async () => {
  for (let i = 0; i < handshake.msg2.length / 2; i += 1) {
    const call = await beginFixtureCall();
    await assert.rejects(call.finish(flipped(handshake.msg2, i), duringDelegation), code('authentication'), `octet ${i}`);
  }
});

test('messages cut at any length are refused', async () => {
  for (let length = 0; length < handshake.msg2.length / 2; length += 1) {
    const call = await beginFixtureCall();
    await assert.rejects(call.finish(fromHex(handshake.msg2).subarray(0, length), duringDelegation), code('authentication'));
    if (length < handshake.msg1.length / 2) {
      const cut = fromHex(handshake.msg1).subarray(0, length);
      await assert.rejects((await responderFor()).readMessage1(cut), code('authentication'));
    }
  }
});

test('a wrong room, shared key or session key is refused', async () => {
  const message = fromHex(handshake.msg1);
  const otherKeys = await importKeyPair(new Uint8Array(32).fill(7));
  for (const change of [
    { prologue: schedule.callPrologue(new Uint8Array(16)) },
    { presharedKey: new Uint8Array(32).fill(1) },
    { staticKeys: otherKeys },
  ]) {
    await assert.rejects((await responderFor(change)).readMessage1(message), code('authentication'));
  }
});

/** Points of small order on Curve25519 and its twist, and their values not reduced modulo 2^255-19. */
const lowOrderPoints = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

test('points of low order are refused in every place', async () => {
  for (const point of lowOrderPoints) {
    const initiator = await Initiator.create({
      prologue: fromHex(handshake.prologue),
      presharedKey: fromHex(invite.psk0),
      remoteStatic: fromHex(point),
    });
    await assert.rejects(initiator.writeMessage1(new Uint8Array(64)), code('low-order'), point);
    const call = await beginFixtureCall();
    const answer = fromHex(handshake.msg2);
    answer.set(fromHex(point));
    await assert.rejects(call.finish(answer, duringDelegation), code('low-order'), point);
    const message = fromHex(handshake.msg1);
    message.set(fromHex(point));
    await assert.rejects((await responderFor()).readMessage1(message), code('low-order'), point);
  }
});

/** Message 2 of a responder whose payload was changed before it was sealed. */
async function answerWith(change) {
  const call = await beginFixtureCall();
  const responder = await responderFor();
  await responder.readMessage1(call.message);
  const payload = fromHex(handshake.payload2);
  change(payload);
  return { call, message: (await responder.writeMessage2(payload)).message };
}

test('a delegation that does not verify is refused', async () => {
  const places = { rD: 1, identity: 33, notBefore: 72, notAfter: 80, signature: 90, padding: 200, version: 0 };
  for (const [name, index] of Object.entries(places)) {
    const { call, message } = await answerWith((payload) => (payload[index] ^= 1));
    const expected = { rD: null, padding: 'malformed', version: 'malformed' }[name];
    if (expected === null) await call.finish(message, duringDelegation);
    else await assert.rejects(call.finish(message, duringDelegation), code(expected ?? 'delegation'), name);
  }
});

test('a delegation is refused a day outside its dates', async () => {
  const notBefore = duringDelegation - 60;
  const day = 24 * 3600;
  const { call } = await answerWith(() => {});
  await assert.rejects(call.finish(fromHex(handshake.msg2), notBefore - day - 1), code('delegation-dates'));
  const second = await beginFixtureCall();
  await second.finish(fromHex(handshake.msg2), notBefore - day + 1);
});

test('a resume refuses a payload that is not zeros, and another epoch', async () => {
  const derived = await invitation();
  const bond = { resumeSecret: fromHex(handshake.resume_secret), transcript: fromHex(resume.transcript0) };
  const begun = await beginResume(derived, bond, 2);
  await assert.rejects(begun.finish(fromHex(resume.msg2)), code('authentication'));
});

test('items with their lengths never collide', () => {
  assert.notDeepEqual(lp('ab', 'c'), lp('a', 'bc'));
});
