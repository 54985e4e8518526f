import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { TokenPrefix } from '@keyward/contracts';
import { random } from './random';
import { dayOf, hexOf, idFromHex } from './time-id';

/**
 * What each kind names, in this order, and the bytes of its secret: with the checksum a multiple of three bytes, which
 * are characters without spare bits, so that every token has one spelling.
 */
const KINDS = {
  krt: { names: ['id', 'sub', 'userOrganizationId', 'proof'], secret: 34, form: /^krt_([A-Za-z0-9_-]{136})$/ },
  kat: { names: ['id'], secret: 34, form: /^kat_([A-Za-z0-9_-]{72})$/ },
  kac: { names: ['id', 'sub', 'userOrganizationId'], secret: 32, form: /^kac_([A-Za-z0-9_-]{112})$/ },
  kss: { names: ['id'], secret: 34, form: /^kss_([A-Za-z0-9_-]{72})$/ },
  kdc: { names: ['id'], secret: 34, form: /^kdc_([A-Za-z0-9_-]{72})$/ },
  kpr: { names: ['id'], secret: 34, form: /^kpr_([A-Za-z0-9_-]{72})$/ },
} as const satisfies Partial<Record<TokenPrefix, object>>;

/** Typed prefixes, so that one token is never taken for the other and scanners find leaked ones. */
export type TokenKind = keyof typeof KINDS;

/**
 * Ids that a token names: of its row and, in a refresh token, of its user. A claim until the row confirms it. `proof` is
 * 122 random bits that the tokens of one family share and nobody else knows.
 */
export type Named<Kind extends TokenKind> = Readonly<Record<(typeof KINDS)[Kind]['names'][number] | 'id', string>>;

/** What a refresh token, opaque access token, authorization code, device code or session cookie says of itself; only its hash is stored. */
export type TokenString<Kind extends TokenKind> = Named<Kind> & {
  /** The partition its row is in, `YYYY-MM-DD`. */
  readonly day: string;
  readonly secret: Buffer;
  /** SHA-256 of the whole string: a slow hash is not needed for 256 random bits. */
  readonly hash: Buffer;
  readonly text: string;
};

/** Of a client that must not read who its user is: the row knows it alone (OpenID Connect Core 1.0 §8.1). */
export const unnamed = <N extends Named<'krt'> | Named<'kac'>>(named: N): N => ({
  ...named,
  sub: named.id,
  userOrganizationId: named.id,
});

/** Whether a token names no user. */
export const isUnnamed = ({ id, sub }: Named<'kac'>): boolean => sub === id;

const ID = 16;
const CHECKSUM = 4;
/** `YYYY-MM-DD`; a year after 9999 is longer, and no id of ours is from then. */
const DAY = 10;

/** Of a refresh token, in bytes. */
export const SECRET = KINDS.krt.secret;

export const newSecret = (kind: TokenKind): Buffer => random(KINDS[kind].secret);

export const hashToken = (text: string): Buffer => hash('sha256', text, 'buffer');

const checksum = (kind: TokenKind, content: Buffer): number => crc32(content.subarray(0, -CHECKSUM), crc32(kind));

/** Writes a token: its kind, what it names, the secret, and a checksum of it all. */
export function writeToken<Kind extends TokenKind>(kind: Kind, named: Named<Kind>, secret: Buffer): TokenString<Kind> {
  const names: readonly (keyof Named<Kind>)[] = KINDS[kind].names;
  const ids = names.map((name) => [name, named[name]] as const);
  const content = Buffer.alloc(ids.length * ID + secret.length + CHECKSUM);
  const hex = ids.map(([, id]) => hexOf(id)).join('');
  const isWhole = hex.length === 2 * ids.length * ID && content.write(hex, 'hex') === ids.length * ID;
  if (!isWhole) throw new Error(`a ${kind} names what is no UUID`);
  secret.copy(content, ids.length * ID);
  content.writeUInt32BE(checksum(kind, content), content.length - CHECKSUM);
  const text = `${kind}_${content.toString('base64url')}`;
  const told = Object.fromEntries(ids) as object as Named<Kind>;
  return { ...told, day: dayOf(named.id), secret, hash: hashToken(text), text };
}

/** Reads a token of this kind. `undefined` for what was never written here: mistyped, cut or of another kind. */
export function readToken<Kind extends TokenKind>(kind: Kind, text: string): TokenString<Kind> | undefined {
  const { names, form } = KINDS[kind];
  const [, encoded] = form.exec(text) ?? [];
  if (!encoded) return undefined;
  const content = Buffer.from(encoded, 'base64url');
  if (content.readUInt32BE(content.length - CHECKSUM) !== checksum(kind, content)) return undefined;
  const hex = content.toString('hex', 0, names.length * ID);
  if (!UUIDS.test(hex)) return undefined;
  const ids = names.map((name, n) => [name, idFromHex(hex.slice(2 * n * ID, 2 * (n + 1) * ID))] as const);
  const named = Object.fromEntries(ids) as object as Named<Kind>;
  const day = dayOf(named.id);
  if (day.length !== DAY) return undefined;
  return { ...named, day, secret: content.subarray(names.length * ID, -CHECKSUM), hash: hashToken(text), text };
}

/** RFC 9562 §4.1, §4.2: what is none, no other service would take for an id. */
const UUIDS = /^(?:.{12}[1-8].{3}[89ab].{15})+$/;
