// The frames that only a doctor's end writes, or reads: the page has the other half.
import { concat, lp, text, u8 } from '../../../Web/src/bytes.js';
import * as frames from '../../../Web/src/frames.js';
import { ProtocolError } from '../../../Web/src/errors.js';

export function encodeFrame(frame) {
  switch (frame.type) {
    case 'waiting':
      return frames.padFrame(0x04, lp(frame.message));
    case 'admit':
      return frames.padFrame(0x05, u8(frame.relayOnly ? 1 : 0));
    case 'encapsulation':
      return frames.padFrame(0x0c, frame.octets);
    case 'receipt':
      return frames.padFrame(0x0e, concat(u8(['body', 'signature'].indexOf(frame.part)), frame.octets));
    case 'identity':
      return frames.padFrame(0x11, u8(frame.code));
    default:
      return frames.encodeFrame(frame);
  }
}

export const decodeFrame = (plaintext) => frames.decodeFrame(plaintext, decodeBody);

function decodeBody(type, body) {
  switch (type) {
    case 0x03:
      return { type: 'confirm', patientNonce: body.take(32), receiptKey: body.take(32), name: text(body.lp()) };
    case 0x0c: {
      const octets = body.rest();
      if (octets.length !== 1184 && octets.length !== 1088) throw new ProtocolError('malformed');
      return { type: 'encapsulation', octets };
    }
    case 0x10:
      return {
        type: 'consent', version: body.u8(), locale: text(body.take(2)), textHash: body.take(32), time: body.u64(),
      };
    default:
      return frames.decodeBody(type, body);
  }
}
