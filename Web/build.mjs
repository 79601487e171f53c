// Makes the one document patients receive, and writes it as Swift:
//
//     node Web/build.mjs            writes Sources/Page/Page.swift
//     node Web/build.mjs --html     writes the document to standard output instead
//
// Needs node and esbuild, nothing from a registry. The same sources give the same octets.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locales } from './src/locale.js';
import { texts } from './src/text.js';

const web = new URL('./', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, web));
/** Octets of a source line in the generated file, at most. */
const lineLength = 110;

/** Long names that are this page's own affair, shortened in the bundle: see tools/own-names.mjs. */
export const ownNames = readFileSync(path('own-names.txt'), 'utf8').trim().split('\n');

const esbuild = (options, input) =>
  execFileSync('esbuild', ['--minify', '--charset=utf8', '--log-level=warning', '--target=es2022', ...options], {
    encoding: 'utf8', input, maxBuffer: 2 ** 24,
  }).trimEnd();

/** The second pass finds shorter names where the first one made room. */
const bundle = (entry, ...options) => esbuild([], esbuild([path(entry), '--bundle', '--format=iife', ...options]));

/** One letter for each of the sheet's own properties. */
function shortened(style) {
  const names = [...new Set(style.match(/--[a-z-]+(?=:)/g))];
  return style.replace(/--[a-z-]+(?=[:)])/g, (name) => `--${String.fromCharCode(97 + names.indexOf(name))}`);
}

/** Each word as one digit, the letters shared with the word before, and the rest: see `unfold` in src/words.js. */
function fold(words) {
  return words
    .map((word, index) => {
      const before = words[index - 1] ?? '';
      let shared = 0;
      while (shared < 9 && shared < before.length && before[shared] === word[shared]) shared += 1;
      return `${shared}${word.slice(shared)}`;
    })
    .join('');
}

/** 256 words a language, in the order of their index, folded, a line each behind its two letters. */
export function wordLists() {
  const lists = [];
  for (const language of locales) {
    const file = path(`words/${language}.txt`);
    const words = readFileSync(file, 'utf8').normalize('NFC').split('\n').filter((line) => line !== '');
    if (words.length !== 256 || new Set(words).size !== 256) throw new Error(`${file} must have 256 different words`);
    if (words.some((word) => /\d/.test(word))) throw new Error(`${file} has a word with a digit`);
    lists.push(`${language}${fold(words)}`);
  }
  return lists.join('\n');
}

/** Sentences of the first screen, in their order. */
const isFirst = (way) => /^(ready\.|actions\.enter$)/.test(way);

/** The names of all sentences once, and the sentences of each language in their order: see `learn` in src/text.js. */
export function packTexts() {
  const marks = (node, way = '') => {
    if (typeof node === 'string') return Number(isFirst(way));
    const under = (name, value) => marks(value, way === '' ? name : `${way}.${name}`);
    if (Array.isArray(node)) return node.map((value, index) => under(index, value));
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, under(name, value)]));
  };
  const leaves = (node, way = '') =>
    typeof node === 'string' ? [[way, node]]
      : Object.entries(node).flatMap(([name, value]) => leaves(value, way === '' ? name : `${way}.${name}`));
  const lines = (isWanted) =>
    locales.map((locale) => {
      const sentences = leaves(texts[locale]).filter(([way]) => isWanted(way)).map(([, sentence]) => sentence);
      if (sentences.some((sentence) => sentence.includes('|'))) throw new Error('a sentence has a vertical bar');
      return [locale, ...sentences].join('|');
    }).join('\n');
  return { names: marks(texts.fr), first: lines(isFirst), others: lines((way) => !isFirst(way)) };
}

/** The names of the sentences as a module, so that the bundler shortens them as it shortens those of the code. */
function withSentenceNames(use) {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  try {
    const module = join(folder, 'names.mjs');
    const unquoted = JSON.stringify(packTexts().names).replace(/"(\w+)":/g, '$1:');
    writeFileSync(module, `export const SENTENCE_NAMES = ${unquoted};`);
    return use(module);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** They have their room from the beginning, so that nothing moves when they get their names. */
const languageButtons = () =>
  locales.map((locale) => `<button type="button" lang="${locale}">${locale.toUpperCase()}</button>`).join('');

const source = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** @returns {{ html: string, scriptHash: string, styleHash: string, sha256: string }} */
export function build() {
  const worker = bundle('src/padding-worker.js');
  const script = withSentenceNames((module) => bundle(
    'src/main.js',
    `--mangle-props=^(${ownNames.join('|')})$`,
    `--define:PADDING_WORKER=${JSON.stringify(worker)}`,
    '--define:IS_BUNDLED=true',
    `--inject:${module}`,
  ));
  const early = bundle('src/early.js');
  const style = shortened(esbuild([path('style.css')]));
  if (/<\/(script|style)|<!--/i.test(early + script + style)) throw new Error('the script would end its own element');
  const { first, others } = packTexts();
  const words = wordLists();
  if (/[<&]/.test(first + others + words)) throw new Error('a sentence or a word would be taken for markup');
  const html = readFileSync(path('index.html'), 'utf8')
    .replace(/\n +/g, '\n')
    .replace('<!-- languages -->', () => languageButtons())
    .replace('/* style */', () => style)
    .replace('/* early */', () => early)
    .replace('/* script */', () => script)
    .replace('/* first */', () => first)
    .replace('/* sentences */', () => others)
    .replace('/* word lists */', () => words);
  return {
    html,
    scriptHash: [early, script, 'start()'].map(source).join(' '),
    styleHash: source(style),
    sha256: createHash('sha256').update(html).digest('hex'),
  };
}

/** The document as a raw Swift literal, its long lines continued over several. */
function literal(html) {
  if (/"""##|\\##|\r/.test(html)) throw new Error('the document cannot stand in a raw literal');
  const lines = [];
  for (const line of html.split('\n')) {
    let rest = [...line];
    while (rest.length > lineLength) {
      lines.push(`${rest.slice(0, lineLength).join('')}\\##`);
      rest = rest.slice(lineLength);
    }
    lines.push(rest.join(''));
  }
  return lines.map((line) => (line === '' ? '' : `        ${line}`)).join('\n');
}

/** @param {ReturnType<typeof build>} page */
export const swift = (page) => `// Generated by Web/build.mjs from Web/. Do not edit: change the sources and run it again.
// swift-format-ignore-file

/// The patient's page: one document, the same octets for everybody, with nothing to load besides.
package enum Page {
    /// SHA-256 of ${'``html``'} in UTF-8, in hexadecimal.
    package static let sha256 = "${page.sha256}"

    /// Source expressions of the page's scripts for \`script-src\` (CSP Level 3 §2.3.1), quotes included.
    package static let scriptHash =
        ${page.scriptHash.split(' ').map((one) => `"${one}"`).join(' + " "\n        + ')}

    /// Source expression of the page's one style sheet for \`style-src\`, quotes included.
    package static let styleHash = "${page.styleHash}"

    /// The document, to be served as \`text/html; charset=utf-8\`.
    package static let html = ##"""
${literal(page.html)}
        """##
}
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = build();
  if (process.argv.includes('--html')) process.stdout.write(page.html);
  else writeFileSync(path('../Sources/Page/Page.swift'), swift(page));
}
