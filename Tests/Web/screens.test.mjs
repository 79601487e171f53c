// Every screen without a document: what it says, what it offers, what is said aloud of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isInApplication, kindOf } from '../../Web/src/browsers.js';
import { codes } from '../../Web/src/codes.js';
import { announcementOf, screenOf } from '../../Web/src/screens.js';
import { introduceWords, texts } from '../../Web/src/text.js';

const call = {
  doctorPresent: true, attached: true, seeksServer: false, awaitsDoctor: false, message: '', words: null, ownComparison: 'none',
  peerComparison: 'none', muted: false, messages: [],
};
const model = (change) => ({
  state: 'ready', error: null, canRetry: false, link: null, resumes: false, locale: 'en', browser: 'other',
  path: null, quality: null, call: null, copied: 'no', waited: 0, lasted: null, clock: null, isStopped: false,
  hears: null, devices: { microphones: [], speakers: [], microphone: '', speaker: '' }, ...change,
});
const show = (change) => screenOf(model(change), texts[change.locale ?? 'en']);
const said = (screen) => screen.lines.flatMap((line) => line.text).join(' ');

const states = ['loading', 'bad-link', 'ready', 'checking', 'waiting', 'admitted', 'connecting', 'connected',
  'reconnecting', 'ended', 'failed'];

test('English dates are those of Europe: the day before the month', () => {
  const screen = show({ state: 'failed', error: 'clock', locale: 'en', clock: new Date(2026, 10, 26, 14, 5) });
  assert.match(said(screen), /26 November 2026 at 14:05/);
});

test('words of another language than the page are said to be, in the language of the page', () => {
  assert.equal(introduceWords('fr', 'fr'), texts.fr.words.intro);
  assert.match(introduceWords('fr', 'de'), /auf Französisch/);
  assert.match(introduceWords('nl', 'fr'), /en néerlandais/);
  assert.match(introduceWords('en', 'nl'), /in het Engels/);
});

for (const locale of Object.keys(texts)) {
  test(`every state has a title and whole sentences in ${locale}`, () => {
    for (const state of states) {
      const screen = show({ state, locale, call: { ...call, message: 'x' }, waited: 5, lasted: 12, quality: 'fair' });
      assert.ok(screen.title !== '', state);
      assert.ok(!/undefined|null|[{}]/.test(JSON.stringify([screen.title, said(screen), screen.code])), state);
      for (const { label } of screen.buttons) assert.ok(typeof label === 'string' && label !== '', state);
    }
  });

  test(`every error has words and a code in ${locale}`, () => {
    for (const [error, code] of Object.entries(codes)) {
      const screen = show({ state: 'failed', error, locale, clock: new Date(0) });
      assert.notEqual(screen.title, texts[locale].ended.title, error);
      assert.notEqual(said(screen), texts[locale].ended.text, error);
      assert.ok(screen.code.includes(String(code)), error);
    }
  });
}

test('no code is given twice, each has two digits, and the handbook explains every one', () => {
  const numbers = Object.values(codes);
  assert.equal(new Set(numbers).size, numbers.length);
  const handbook = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  for (const [error, code] of Object.entries(codes)) {
    assert.ok(code >= 10 && code <= 99);
    assert.ok(handbook.includes(`| ${code} | \`${error}\` |`), `docs/operations.md has no line for ${code} ${error}`);
  }
});

test('every reason a call can end for has a code, unless a person ended it in order', () => {
  const source = readFileSync(new URL('../../Web/src/reasons.js', import.meta.url), 'utf8');
  const declared = source.slice(source.indexOf('@typedef'), source.indexOf('} Reason'));
  const orderly = ['hung-up', 'ended-by-doctor', 'consent-refused'];
  for (const [, reason] of declared.matchAll(/'([a-z-]+)'/g)) {
    assert.ok(reason in codes || orderly.includes(reason), reason);
    assert.ok(show({ state: 'failed', error: reason }).title !== texts.en.ended.title || orderly.includes(reason), reason);
  }
});

test('one button is the first choice at a time', () => {
  for (const state of states) {
    for (const isStopped of [false, true]) {
      const words = { octets: new Uint8Array(8), locale: 'fr' };
      for (const link of [null, 'L']) {
        const { buttons } = show({ state, isStopped, link, canRetry: true, call: { ...call, words } });
        assert.ok(buttons.filter(({ kind }) => kind === 'primary').length <= 1, state);
      }
    }
  }
});

test('the waiting room tells presence, time and the doctor\'s message', () => {
  const away = show({ state: 'waiting', call: { ...call, doctorPresent: false } });
  assert.equal(said(away), texts.en.waiting.away);
  const there = show({ state: 'waiting', call: { ...call, message: 'Five more minutes' }, waited: 3 });
  assert.match(said(there), /knows you are here.*3 minutes.*Five more minutes/);
});

test('aloud, a new screen is said whole and then only what is new, never the minutes', () => {
  const first = show({ state: 'waiting', call });
  assert.equal(announcementOf(first, null), `Waiting room ${texts.en.waiting.present}`);
  const later = show({ state: 'waiting', call, waited: 4 });
  assert.equal(announcementOf(later, first), '');
  const message = show({ state: 'waiting', call: { ...call, message: 'Soon' }, waited: 5 });
  assert.equal(announcementOf(message, later), `${texts.en.waiting.message} Soon`);
  const online = show({ state: 'connected', call, quality: 'good' });
  const muted = show({ state: 'connected', call: { ...call, muted: true }, quality: 'good' });
  assert.equal(announcementOf(muted, online), texts.en.connected.muted);
});

test('a hang-up by either side is told apart from a failure, with how long it lasted and what was kept', () => {
  const own = show({ state: 'ended', error: 'hung-up', lasted: 12 });
  const theirs = show({ state: 'ended', error: 'ended-by-doctor', lasted: 0 });
  assert.match(said(own), /You hung up.*12 minutes.*kept nothing/);
  assert.match(said(theirs), /Your doctor hung up.*less than a minute.*kept nothing/);
  assert.equal(own.code + theirs.code, '');
});

test('a link that could not be copied is shown to be copied by hand', () => {
  const screen = show({ state: 'failed', error: 'in-app', link: 'https://a.example/#x', copied: 'failed', canRetry: true });
  assert.equal(screen.lines.find(({ kind }) => kind === 'link').text, 'https://a.example/#x');
  assert.deepEqual(screen.buttons.map(({ action }) => action), ['copy-link', 'retry']);
});

test('browsers and applications are told apart', () => {
  const iPhone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
  const android = 'Mozilla/5.0 (Linux; Android 13; SM-A536B';
  const rows = [
    [`${iPhone} Version/17.5 Mobile/15E148 Safari/604.1`, 'ios', false],
    [`${iPhone} CriOS/125.0 Mobile/15E148 Safari/604.1`, 'ios', false],
    [`${iPhone} Mobile/15E148`, 'ios', true],
    [`${iPhone} Mobile/15E148 [FBAN/FBIOS;FBAV/465]`, 'ios', true],
    [`${android}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Mobile Safari/537.36`, 'android', false],
    [`${android}; wv) AppleWebKit/537.36 Version/4.0 Chrome/125.0 Mobile Safari/537.36`, 'android', true],
    [`${android}) AppleWebKit/537.36 Chrome/125.0 Mobile Safari/537.36 Instagram 334.0`, 'android', true],
    ['Mozilla/5.0 (Android 13; Mobile; rv:126.0) Gecko/126.0 Firefox/126.0', 'android', false],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0', 'firefox', false],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/125.0 Safari/537.36 Edg/125.0', 'other', false],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15', 'safari', false],
  ];
  for (const [agent, kind, inApplication] of rows) {
    assert.equal(kindOf(agent), kind, agent);
    assert.equal(isInApplication(agent), inApplication, agent);
  }
  assert.equal(kindOf('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15', 5), 'ios');
});

test('who waits is told of the server that is missing, and who was interrupted of the doctor’s computer', () => {
  assert.equal(said(show({ state: 'waiting', call: { ...call, seeksServer: true } })), texts.en.reconnecting.server);
  const away = show({ state: 'reconnecting', call: { ...call, attached: false, awaitsDoctor: true } });
  assert.ok(said(away).includes(texts.en.reconnecting.doctor));
});

test('a line for the quality is there before the quality is known: it moves no button when it comes', () => {
  const before = show({ state: 'connected', call });
  const after = show({ state: 'connected', call, quality: 'good' });
  assert.equal(before.lines.length, after.lines.length);
});
