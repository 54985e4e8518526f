import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { dayOf, idBytes, idFromBytes } from './time-id';

/** Typed prefixes, so that one token is never taken for the other and scanners find leaked ones. */
export type TokenKind = 'krt' | 'kat';

/** What a refresh token or an opaque access token says of itself; only its hash is stored. */
export interface TokenString {
  id: string;
  /** The partition its row is in, `YYYY-MM-DD`. */
  day: string;
  secret: Buffer;
  /** SHA-256 of the whole string: a slow hash is not needed for 272 random bits. */
  hash: Buffer;
  text: string;
}

const ID = 16;
/** With the id and the checksum 54 bytes: 72 characters without spare bits, so that every token has one spelling. */
const SECRET = 34;
const FORM = /^(krt|kat)_([A-Za-z0-9_-]{72})$/;
/** `YYYY-MM-DD`; a year after 9999 is longer, and no id of ours is from then. */
const DAY = 10;

export const newSecret = (): Buffer => randomBytes(SECRET);

export const hashToken = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest();

const checksum = (kind: TokenKind, content: Buffer): number => crc32(content, crc32(kind));

/** Writes a token: its kind, the id of its row, the secret, and a checksum of it all. */
export function writeToken(kind: TokenKind, id: string, secret: Buffer): TokenString {
  const content = Buffer.concat([idBytes(id), secret, Buffer.alloc(4)]);
  content.writeUInt32BE(checksum(kind, content.subarray(0, ID + SECRET)), ID + SECRET);
  const text = `${kind}_${content.toString('base64url')}`;
  return { id, day: dayOf(id), secret, hash: hashToken(text), text };
}

/** Reads a token of this kind. `undefined` for what was never written here: mistyped, cut or of another kind. */
export function readToken(kind: TokenKind, text: string): TokenString | undefined {
  const [, prefix, encoded] = FORM.exec(text) ?? [];
  if (prefix !== kind || !encoded) return undefined;
  const content = Buffer.from(encoded, 'base64url');
  if (content.readUInt32BE(ID + SECRET) !== checksum(kind, content.subarray(0, ID + SECRET))) return undefined;
  const id = idFromBytes(content.subarray(0, ID));
  const day = dayOf(id);
  if (day.length !== DAY) return undefined;
  return { id, day, secret: content.subarray(ID, ID + SECRET), hash: hashToken(text), text };
}
