// @ts-check
import { locales } from './locale.js';
import { de } from './text/de.js';
import { en } from './text/en.js';
import { fr } from './text/fr.js';
import { nl } from './text/nl.js';

/** @typedef {import('./locale.js').Locale} Locale */

/**
 * The sentences by language. Another language is one more file and one more entry, here and in locale.js. In the
 * bundle they come behind the script, and their names once for all languages: see {@link learn}.
 * @type {Record<Locale, import('./text/fr.js').Text>}
 */
export const texts = typeof IS_BUNDLED === 'undefined' ? { fr, nl, de, en } : /** @type {any} */ ({});

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
  new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, { dateStyle: 'long', timeStyle: 'short' }).format(date);

/**
 * What to do with the words, which are of the doctor's language, since both read out of one list.
 * @param {string} wordsLocale one that there are words of
 * @param {Locale} locale
 */
export function introduceWords(wordsLocale, locale) {
  const { intro, foreign } = texts[locale].words;
  if (wordsLocale === locale) return intro;
  return `${intro} ${fill(foreign, new Intl.DisplayNames(locale, { type: 'language' }).of(wordsLocale) ?? '')}`;
}

/**
 * Puts what is known into a sentence, in the place that its language has for it.
 * @param {string} sentence
 * @param {string | number} value instead of the one name in braces
 */
export const fill = (sentence, value) => sentence.replace(/\{\w+\}/, () => String(value));

/**
 * Fills {@link texts}.
 * @param {object} names in the place of each sentence a one if the first screen has it, or else a zero
 * @param {string} first those of the first screen in their order, one language a line behind its two letters
 * @param {string} others likewise
 */
export function learn(names, first, others) {
  const rows = [others, first].map((lines) => lines.split('\n').map((line) => line.split('|')));
  for (const locale of locales) {
    const pieces = rows.map((row) => row.find(([name]) => name === locale)?.slice(1));
    /** @param {any} node @returns {any} */
    const fillIn = (node) => {
      if (Number.isInteger(node)) return pieces[node]?.shift();
      if (Array.isArray(node)) return node.map(fillIn);
      return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, fillIn(value)]));
    };
    texts[locale] = fillIn(names);
  }
}
