// @ts-check
import { chooseKnown } from './locale.js';
import { de } from './text/de.js';
import { en } from './text/en.js';
import { fr } from './text/fr.js';
import { nl } from './text/nl.js';

/**
 * Languages the page speaks, the preferred one first. Another language is one more file and one more entry.
 *
 * In the bundle the names of the sentences come once for all languages, which saves it a kilobyte.
 */
export const texts = typeof IS_BUNDLED === 'undefined' ? { fr, nl, de, en } : unpack(PACKED_TEXTS);

/** @typedef {keyof typeof texts} Locale */

/**
 * @param {readonly string[]} preferred BCP 47 tags, as browsers list them
 * @returns {Locale}
 */
export const chooseLocale = (preferred) => chooseKnown(preferred, texts, 'fr');

/**
 * The octets whose hash the patient's consent names: exactly what is on the screen, a line each.
 * @param {Locale} locale
 */
export const consentText = (locale) => [texts[locale].admitted.title, ...texts[locale].admitted.consent].join('\n');

/**
 * @param {number} minutes
 * @param {Locale} locale
 */
export const spellMinutes = (minutes, locale) =>
  minutes < 1
    ? texts[locale].ended.brief
    : new Intl.NumberFormat(locale, { style: 'unit', unit: 'minute', unitDisplay: 'long' }).format(minutes);

/**
 * @param {Date} date
 * @param {Locale} locale
 */
export const spellDate = (date, locale) =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' }).format(date);

/**
 * Puts what is known into a sentence, in the place that its language has for it.
 * @param {string} sentence
 * @param {string | number} value instead of the one name in braces
 */
export const fill = (sentence, value) => sentence.replace(/\{\w+\}/, () => String(value));

/**
 * @param {{ names: object, sentences: Readonly<Record<string, string>> }} packed a zero in the place
 *   of every sentence, and the sentences of each language in that order
 * @returns {Record<'fr' | 'nl' | 'de' | 'en', import('./text/fr.js').Text>}
 */
export function unpack({ names, sentences }) {
  const entries = Object.entries(sentences).map(([locale, text]) => {
    const lines = text.split('|');
    /** @param {any} node @returns {any} */
    const fillIn = (node) => {
      if (node === 0) return lines.shift();
      if (Array.isArray(node)) return node.map(fillIn);
      return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, fillIn(value)]));
    };
    return [locale, fillIn(names)];
  });
  return Object.fromEntries(entries);
}
