// @ts-check

/** UTF-16 units of one text, so that any of them fits one frame. */
export const longest = 2_000;

/** Whatever does not show itself and changes how its neighbours look: controls, overrides of direction, half pairs. */
const invisible = /[^\P{Cc}\n\t]|[\p{Cs}\u200b\u202a-\u202e\u2060-\u2069\ufeff]/gu;
/** Marks that stand one above the other until they cover the lines around them. */
const piles = /(\p{M}{4})\p{M}+/gu;

/**
 * What somebody else wrote, as far as it is shown: no longer than a message may be, and nothing in it that hides.
 * @param {string} text
 */
export const legible = (text) => text.slice(0, longest).replace(invisible, '').replace(piles, '$1');
