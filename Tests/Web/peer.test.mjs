import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const tool = fileURLToPath(new URL('../../Web/tools/noise-peer.mjs', import.meta.url));
const { link, invite, handshake } = JSON.parse(
  readFileSync(new URL('../Fixtures/protocol-v1.json', import.meta.url), 'utf8'),
);

test('the handshake peer plays both roles over its pipe', async (context) => {
  const child = spawn(process.execPath, [tool], { stdio: ['pipe', 'pipe', 'inherit'] });
  context.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return JSON.parse((await lines.next()).value);
  };
  const common = { prologue: handshake.prologue, psk: invite.psk0 };
  const first = await ask({
    command: 'initiate',
    ...common,
    remoteStatic: link.session_pub,
    payload: handshake.payload1,
    ephemeral: handshake.e_i,
  });
  assert.equal(first.message, handshake.msg1);
  const second = await ask({
    command: 'respond',
    session: 'doctor',
    ...common,
    static: link.session_priv,
    message: first.message,
    payload: handshake.payload2,
    ephemeral: handshake.e_r,
  });
  assert.equal(second.received, handshake.payload1);
  assert.equal(second.message, handshake.msg2);
  const finished = await ask({ command: 'finish', message: second.message });
  assert.equal(finished.payload, handshake.payload2);
  assert.equal(finished.hash, handshake.h);
  assert.deepEqual(finished.keys, second.keys);
  const { message } = await ask({ command: 'seal', plaintext: '0102' });
  assert.deepEqual(await ask({ command: 'open', session: 'doctor', message }), { plaintext: '0102' });
  assert.deepEqual(await ask({ command: 'open', session: 'doctor', message }), { error: 'authentication' });
  assert.deepEqual(await ask({ command: 'nonsense' }), { error: 'usage' });
});
