// @ts-check
import { makeFiller } from './opus.js';

/**
 * Runs in a worker of its own: gives every outgoing packet one size. `onrtctransform` comes once for the sender.
 */
const scope = /** @type {typeof globalThis & { onrtctransform: unknown }} */ (globalThis);

scope.onrtctransform = (/** @type {{ transformer: EncodedStreams }} */ event) => {
  const { readable, writable } = event.transformer;
  const fill = makeFiller();
  const padding = new TransformStream({
    transform(/** @type {EncodedFrame} */ frame, /** @type {TransformStreamDefaultController<EncodedFrame>} */ out) {
      const padded = fill(new Uint8Array(frame.data), frame.getMetadata().rtpTimestamp ?? 0);
      frame.data = /** @type {ArrayBuffer} */ (padded.buffer).slice(padded.byteOffset, padded.byteOffset + padded.length);
      out.enqueue(frame);
    },
  });
  readable.pipeThrough(padding).pipeTo(writable).catch(() => {
    // The sender is gone, and with it the stream.
  });
};

/**
 * @typedef {{ data: ArrayBuffer, getMetadata: () => { rtpTimestamp?: number } }} EncodedFrame
 * @typedef {{ readable: ReadableStream<EncodedFrame>, writable: WritableStream<EncodedFrame> }} EncodedStreams
 */
