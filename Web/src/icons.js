// @ts-check
import { element } from './elements.js';

/** Drawings on a field of 24 × 24, lines of two. */
const paths = {
  microphone: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM6 11a6 6 0 0 0 12 0M12 17v4',
  silent: 'M9 9v2a3 3 0 0 0 5 2M15 9V6a3 3 0 0 0-5-2M6 11a6 6 0 0 0 9 5M18 11v1M12 17v4M4 4l16 16',
  hangUp: 'M3 14c5-5 13-5 18 0l-2 3-4-2v-2a9 9 0 0 0-6 0v2l-4 2Z',
  speaker: 'M4 10v4h3l5 4V6l-5 4ZM15 9a4 4 0 0 1 0 6M17.5 6.5a8 8 0 0 1 0 11',
  message: 'M4 5h16v11h-9l-4 4v-4H4Z',
  lock: 'M6 11h12v9H6ZM9 11V8a3 3 0 0 1 6 0v3',
  again: 'M19 12a7 7 0 1 1-2-5M17 3v4h-4',
  copy: 'M9 9h11v11H9ZM15 9V4H4v11h5',
  yes: 'M5 12l5 5 9-10',
  no: 'M6 6l12 12M18 6 6 18',
  good: 'M6 19v-4M12 19v-9M18 19V5',
  fair: 'M6 19v-4M12 19v-9',
  poor: 'M6 19v-4',
};

/** @typedef {keyof typeof paths} Icon */

/**
 * The document carries an empty drawing to copy, so that no name of the drawing language is written here.
 * @param {Icon} name
 */
export function icon(name) {
  const template = element('icon', HTMLTemplateElement);
  const drawing = /** @type {SVGElement} */ (template.content.firstElementChild?.cloneNode(true));
  drawing.firstElementChild?.setAttribute('d', paths[name]);
  return drawing;
}
