// The page's own handshake behind a pipe, so that other implementations can be run against it.
//
//     node Web/tools/noise-peer.mjs
//
// One JSON object a line on stdin, one on stdout for each, in the same order. Octets are lower-case
// hexadecimal. `session` is any string and may be left out (""); sessions are apart from each other.
//
//   {"command":"initiate","session":S,"prologue":H,"psk":H,"remoteStatic":H,"payload":H,"ephemeral":H?}
//     -> {"message":H}                              message 1; `ephemeral` is a private key, fresh if absent
//   {"command":"finish","session":S,"message":H}    message 2, for the session that initiated
//     -> {"payload":H,"hash":H,"keys":[H,H]}
//   {"command":"respond","session":S,"prologue":H,"psk":H,"static":H,"message":H,"payload":H,"ephemeral":H?}
//     -> {"received":H,"message":H,"hash":H,"keys":[H,H]}    message 1's payload, then message 2
//   {"command":"seal","session":S,"plaintext":H}    after finish or respond
//     -> {"message":H}                              the next transport message of this side
//   {"command":"open","session":S,"message":H}
//     -> {"plaintext":H}
//   {"command":"end","session":S}  -> {}
//
// `hash` is the handshake hash; `keys` are initiator to responder, then responder to initiator.
// A command that fails answers {"error":CODE}, with the page's own code ("authentication", "low-order", ...)
// or "usage".

import { createInterface } from 'node:readline';
import { fromHex, hex } from '../src/bytes.js';
import { ProtocolError } from '../src/errors.js';
import { Initiator, Responder } from '../src/noise.js';
import { importKeyPair } from './known-key.mjs';

const initiators = new Map();
const transports = new Map();

const ephemeralOf = async (request) =>
  request.ephemeral === undefined ? {} : { ephemeral: await importKeyPair(fromHex(request.ephemeral)) };

const summary = (transport) => ({ hash: hex(transport.hash), keys: transport.keys.map(hex) });

const commands = {
  async initiate(request, session) {
    const initiator = await Initiator.create({
      prologue: fromHex(request.prologue),
      presharedKey: fromHex(request.psk),
      remoteStatic: fromHex(request.remoteStatic),
      ...(await ephemeralOf(request)),
    });
    const message = await initiator.writeMessage1(fromHex(request.payload));
    initiators.set(session, initiator);
    return { message: hex(message) };
  },
  async finish(request, session) {
    const initiator = initiators.get(session);
    initiators.delete(session);
    const { payload, transport } = await initiator.readMessage2(fromHex(request.message));
    transports.set(session, transport);
    return { payload: hex(payload), ...summary(transport) };
  },
  async respond(request, session) {
    const responder = await Responder.create({
      prologue: fromHex(request.prologue),
      presharedKey: fromHex(request.psk),
      staticKeys: await importKeyPair(fromHex(request.static)),
      ...(await ephemeralOf(request)),
    });
    const received = await responder.readMessage1(fromHex(request.message));
    const { message, transport } = await responder.writeMessage2(fromHex(request.payload));
    transports.set(session, transport);
    return { received: hex(received), message: hex(message), ...summary(transport) };
  },
  async seal(request, session) {
    return { message: hex(await transports.get(session).send.encrypt(fromHex(request.plaintext))) };
  },
  async open(request, session) {
    return { plaintext: hex(await transports.get(session).receive.decrypt(fromHex(request.message))) };
  },
  async end(_request, session) {
    initiators.delete(session);
    transports.delete(session);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const request = JSON.parse(line);
    answer = await commands[request.command](request, request.session ?? '');
  } catch (error) {
    answer = { error: error instanceof ProtocolError ? error.code : 'usage' };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
