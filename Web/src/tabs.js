// @ts-check
import { deserialise } from './session.js';

/** One tab of a browser holds a room; another may take it over, and is told what the first one knows. */

/** How long a tab that was taken over may take to say what it knows. Milliseconds. */
const patience = 500;

/**
 * @param {string} name of the room
 * @param {boolean} steal
 * @param {() => void} onStolen
 * @returns {Promise<boolean>} whether this tab holds the room now
 */
export function acquireRoom(name, steal, onStolen) {
  if (navigator.locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks
      .request(name, steal ? { steal } : { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise(() => {});
      })
      .catch(onStolen);
  });
}

/**
 * Tells the tab that took the room what this one knows.
 * @param {string} name
 * @param {string} kept a session, serialised
 */
export function handOver(name, kept) {
  const channel = new BroadcastChannel(name);
  channel.postMessage(kept);
  channel.close();
}

/**
 * @param {string} name
 * @param {() => number} wallClock Unix seconds
 * @returns {Promise<import('./session.js').Session | null>} null when the other tab says nothing
 */
export function awaitHandOver(name, wallClock) {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(name);
    const finish = (/** @type {import('./session.js').Session | null} */ received) => {
      channel.close();
      resolve(received);
    };
    channel.onmessage = ({ data }) => finish(deserialise(typeof data === 'string' ? data : null, wallClock()));
    setTimeout(() => finish(null), patience);
  });
}
