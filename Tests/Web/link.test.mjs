import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concat, fromBase64url, u8, utf8 } from '../../Web/src/bytes.js';
import { parseLink } from '../../Web/src/link.js';
import { sha256 } from '../../Web/src/primitives.js';

const { link } = JSON.parse(readFileSync(new URL('../Fixtures/protocol-v1.json', import.meta.url), 'utf8'));
const whole = fromBase64url(link.fragment);

/** A fragment with its own check over other first octets. */
async function fragmentWith(version, flags) {
  const body = concat(u8(version), u8(flags), whole.subarray(2, 50));
  const check = (await sha256(utf8('colloque/1 link'), body)).subarray(0, 4);
  return Buffer.from(concat(body, check)).toString('base64url');
}

test('a link cut at any length is incomplete', async () => {
  for (let length = 0; length < link.fragment.length; length += 1) {
    await assert.rejects(parseLink(link.fragment.slice(0, length)), { code: 'incomplete' }, `${length} characters`);
  }
});

test('a link with anything added is incomplete or outside the alphabet', async () => {
  await assert.rejects(parseLink(`${link.fragment}A`), { code: 'incomplete' });
  await assert.rejects(parseLink(`${link.fragment}.`), { code: 'alphabet' });
  await assert.rejects(parseLink(`${link.fragment}=`), { code: 'alphabet' });
});

test('a link with any character changed is refused', async () => {
  for (let i = 0; i < link.fragment.length; i += 1) {
    const other = link.fragment[i] === 'A' ? 'B' : 'A';
    const changed = link.fragment.slice(0, i) + other + link.fragment.slice(i + 1);
    await assert.rejects(parseLink(changed), { code: 'incomplete' }, `character ${i}`);
  }
});

test('versions and flags this page does not know are named', async () => {
  await assert.rejects(parseLink(await fragmentWith(2, 0)), { code: 'version' });
  await assert.rejects(parseLink(await fragmentWith(0, 0)), { code: 'version' });
  await assert.rejects(parseLink(await fragmentWith(1, 4)), { code: 'flags' });
  await assert.rejects(parseLink(await fragmentWith(1, 0x80)), { code: 'flags' });
  assert.equal((await parseLink(await fragmentWith(1, 3))).flags, 3);
});
