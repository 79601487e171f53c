// @ts-check
import { padOpus } from './opus.js';

/**
 * Runs in a worker of its own: pads every outgoing Opus packet. `onrtctransform` comes once for the sender.
 */
const scope = /** @type {typeof globalThis & { onrtctransform: unknown }} */ (globalThis);

scope.onrtctransform = (/** @type {{ transformer: EncodedStreams }} */ event) => {
  const { readable, writable } = event.transformer;
  const padding = new TransformStream({
    transform(/** @type {EncodedFrame} */ frame, /** @type {TransformStreamDefaultController<EncodedFrame>} */ out) {
      const padded = padOpus(new Uint8Array(frame.data));
      frame.data = /** @type {ArrayBuffer} */ (padded.buffer).slice(padded.byteOffset, padded.byteOffset + padded.length);
      out.enqueue(frame);
    },
  });
  readable.pipeThrough(padding).pipeTo(writable).catch(() => {
    // The sender is gone, and with it the stream.
  });
};

/**
 * @typedef {{ data: ArrayBuffer }} EncodedFrame
 * @typedef {{ readable: ReadableStream<EncodedFrame>, writable: WritableStream<EncodedFrame> }} EncodedStreams
 */
