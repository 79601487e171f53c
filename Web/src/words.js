// @ts-check

/**
 * The words to compare, as the bundle carries them: each word is how many letters it shares with the one before, one
 * digit, and the letters that differ. Neighbours in the alphabet take a third less room that way.
 * @param {string} folded
 * @returns {string[]}
 */
export function unfold(folded) {
  let word = '';
  return (folded.match(/\d\D*/g) ?? []).map((piece) => (word = word.slice(0, Number(piece[0])) + piece.slice(1)));
}
