// Go's time.Time as it encodes itself: a version, seconds since the year 1, nanoseconds, and the zone.
import { instant, type Instant } from '../../lib/time.ts';
import { GobError, type GobType } from './types.ts';

export const TIME: GobType = { kind: 'encoded', name: 'Time' };

/** From 0001-01-01 to 1970-01-01. */
const EPOCH_SECONDS = 62_135_596_800n;
const LENGTH = 15;
const UTC = -1;

export function timeBytes(at: Instant): Uint8Array {
  const view = new DataView(new ArrayBuffer(LENGTH));
  const seconds = Math.floor(at / 1000);
  view.setUint8(0, 1);
  view.setBigInt64(1, BigInt(seconds) + EPOCH_SECONDS);
  view.setInt32(9, Math.round((at - seconds * 1000) * 1e6));
  view.setInt16(13, UTC);
  return new Uint8Array(view.buffer);
}

/** The zone says how a moment is printed, not which it is. Version 2 has a byte more of it. */
export function instantOf(bytes: Uint8Array): Instant {
  const version = bytes[0];
  const length = version === 2 ? LENGTH + 1 : LENGTH;
  if ((version !== 1 && version !== 2) || bytes.length !== length) {
    throw new GobError(`a time of version ${version} with ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const seconds = Number(view.getBigInt64(1) - EPOCH_SECONDS);
  return instant(seconds * 1000 + Math.floor(view.getInt32(9) / 1e6));
}

/** Go's zero time, which stands for none. */
export function isZeroTime(at: Instant): boolean {
  return at === -Number(EPOCH_SECONDS) * 1000;
}
