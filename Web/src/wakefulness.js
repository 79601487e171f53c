// @ts-check

/** @type {{ release(): Promise<void> } | null} */
let lock = null;

/** A screen that goes dark takes the microphone with it on many telephones. */
export function keepScreenOn() {
  /** @type {any} */ (navigator).wakeLock?.request('screen').then(
    (/** @type {{ release(): Promise<void> }} */ granted) => (lock = granted), () => {});
}

export function letScreenSleep() {
  lock?.release().catch(() => {});
  lock = null;
}
