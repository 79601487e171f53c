// What a patient reads: every language has every sentence, and no sentence is there for nothing.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { packTexts, wordLists } from '../../Web/build.mjs';
import { chooseLocale } from '../../Web/src/locale.js';
import { learn, texts } from '../../Web/src/text.js';
import { unfold } from '../../Web/src/words.js';

const sources = new URL('../../Web/src/', import.meta.url);
const code = readdirSync(sources)
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(new URL(name, sources), 'utf8'))
  .join('\n');

/** Every sentence with the way to it, such as `errors.used.0`. */
function leaves(node, way = []) {
  if (typeof node === 'string') return [[way.join('.'), node]];
  return Object.entries(node).flatMap(([key, value]) => leaves(value, [...way, key]));
}

const ways = Object.fromEntries(Object.entries(texts).map(([locale, text]) => [locale, leaves(text)]));

test('the page speaks French, Dutch, German and English', () => {
  assert.deepEqual(Object.keys(texts).sort(), ['de', 'en', 'fr', 'nl']);
});

for (const locale of Object.keys(texts)) {
  test(`${locale} has exactly the sentences of French, none of them empty, none left in French`, () => {
    assert.deepEqual(ways[locale].map(([way]) => way), ways.fr.map(([way]) => way));
    const french = new Map(ways.fr);
    for (const [way, sentence] of ways[locale]) {
      assert.ok(sentence.trim() !== '', way);
      assert.ok(locale === 'fr' || sentence.length < 24 || sentence !== french.get(way), `${way} is French`);
      assert.ok(!/[<>]|https?:|'/.test(sentence), `${way}: ${sentence}`);
    }
  });

  test(`${locale} is written plainly: no sentence is longer than 30 words`, () => {
    for (const [way, text] of ways[locale]) {
      for (const sentence of text.split(/[.!?:;]\s/)) assert.ok(sentence.split(/\s+/).length <= 30, `${way}: ${sentence}`);
    }
  });
}

test('French keeps a narrow space that does not break before ; : ! ? and inside « »', () => {
  for (const [way, sentence] of ways.fr) {
    assert.ok(!/[^\u202f][;:!?»]|«[^\u202f]/.test(sentence), `${way}: ${sentence}`);
    assert.ok(!/\u00a0/.test(sentence), `${way} has a wide one: ${sentence}`);
  }
});

test('no sentence is without use', () => {
  const names = new Set(ways.fr.map(([way]) => way.split('.').filter((part) => !/^\d+$/.test(part)).at(-1)));
  for (const name of names) {
    const isUsed = [`.${name}`, `'${name}'`, `{ ${name}`, `, ${name}`, `${name}:`].some((form) => code.includes(form));
    assert.ok(isUsed, name);
  }
});

test('the language is the first of the browser\'s that the page speaks', () => {
  assert.equal(chooseLocale(['nl-BE', 'fr']), 'nl');
  assert.equal(chooseLocale(['pt-PT', 'de-AT', 'en']), 'de');
  assert.equal(chooseLocale(['EN-us']), 'en');
  assert.equal(chooseLocale(['ar', 'toString', '']), 'fr');
  assert.equal(chooseLocale([]), 'fr');
});

test('packed sentences unpack to what they were', () => {
  const before = structuredClone(texts);
  const { names, first, others } = packTexts();
  for (const locale of Object.keys(texts)) delete texts[locale];
  learn(names, first, others);
  assert.deepEqual(texts, before);
  assert.deepEqual(Object.keys(texts), Object.keys(before));
});

test('folded lists of words unfold to what they were', () => {
  for (const [locale, folded] of Object.entries(wordLists())) {
    const file = readFileSync(new URL(`../../Web/words/${locale}.txt`, import.meta.url), 'utf8').normalize('NFC');
    assert.deepEqual(unfold(folded), file.split('\n').filter((line) => line !== ''));
  }
});
