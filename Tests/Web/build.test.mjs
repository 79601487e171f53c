import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build, ownNames, swift } from '../../Web/build.mjs';
import { classify } from '../../Web/tools/own-names.mjs';

const first = build();

test('the document is built the same way twice, and is the one that is committed', () => {
  assert.deepEqual(build(), first);
  const committed = readFileSync(new URL('../../Sources/Page/Page.swift', import.meta.url), 'utf8');
  assert.ok(committed === swift(first), 'run node Web/build.mjs');
});

test('the hashes are those of what a browser will hash', () => {
  const between = (open, close) => first.html.slice(first.html.indexOf(open) + open.length, first.html.indexOf(close));
  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const scripts = [...first.html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => hash(text));
  assert.equal(scripts.length, 3);
  assert.equal(scripts.join(' '), first.scriptHash);
  assert.equal(hash(between('<style>', '</style>')), first.styleHash);
});

test('the document loads nothing, runs nothing from text and weighs little', () => {
  const { html } = first;
  assert.equal(html.match(/<script/g).length, 3);
  assert.equal(html.match(/<link/g).length, 1);
  assert.ok(!/\s(on\w+|style|src)=/.test(html.replace(/<script[\s\S]*?<\/script>/g, '')));
  for (const forbidden of ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'eval(', 'new Function', 'http://', 'https://', 'console.']) {
    assert.ok(!html.includes(forbidden), forbidden);
  }
  // As every browser gets it that can hold a call, over TLS; and as the others do.
  assert.ok(brotliCompressSync(html).length < 40_000);
  assert.ok(gzipSync(html, { level: 9 }).length < 44_000);
});

test('no name that the bundle shortens is a browser\'s, computed, listed or stored', () => {
  const { foreign } = classify();
  assert.deepEqual(ownNames.filter((name) => foreign.has(name)), [], 'run node Web/tools/own-names.mjs');
  for (const name of ['fr', 'joinToken', 'epochNumber', 'getUserMedia', 'title', 'sdpMLineIndex', 'octets', 'network']) {
    assert.ok(foreign.has(name), name);
  }
});

test('no line of the generated source is long', () => {
  for (const line of swift(first).split('\n')) assert.ok([...line].length <= 125, line);
});
