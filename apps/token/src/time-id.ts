import { random } from './random';

/** A UUID version 7 (RFC 9562 §5.7): it tells when it was made, and so in which day's partition its row is. */
export function newId(now: number): string {
  const bytes = random(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x70;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return idFromHex(bytes.toString('hex'));
}

export const hexOf = (id: string): string => id.replaceAll('-', '');

export const idFromHex = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

const DAY_MS = 86_400_000;
/** One request asks about the same day several times. */
let last = { day: NaN, text: '' };

/** The day a moment is in, UTC, as PostgreSQL writes a date. */
export function dayAt(milliseconds: number): string {
  const day = Math.floor(milliseconds / DAY_MS);
  if (day !== last.day) {
    const written = new Date(milliseconds).toISOString();
    last = { day, text: written.slice(0, written.indexOf('T')) };
  }
  return last.text;
}

/** When an id was made, Unix milliseconds. */
export const madeAt = (id: string): number => parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

export const dayOf = (id: string): string => dayAt(madeAt(id));
