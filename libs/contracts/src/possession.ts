import { IsInt, IsOptional, IsString, IsUUID, Matches, MaxLength, MinLength } from 'class-validator';
import { Nested } from './nested';
import { rpc } from './rpc';

/** A SHA-256 in base64url. */
const THUMBPRINT = /^[\w-]{43}$/;

/** The `cnf` of a token: the key without which it is of no use (RFC 9449 §6, RFC 8705 §3.1). */
export interface Confirmation {
  /** The thumbprint of a DPoP key (RFC 7638). */
  jkt?: string;
  /** That of a certificate. */
  'x5t#S256'?: string;
}

/** Reads a `cnf` claim. `undefined` when it names no key that can be asked for: then nobody can hold the token. */
export function confirmationOf(claim: unknown): Confirmation | undefined {
  if (typeof claim !== 'object' || claim === null) return undefined;
  const { jkt, 'x5t#S256': x5t, ...others } = claim as Record<string, unknown>;
  const known = [jkt, x5t].filter((value) => value !== undefined);
  const isKnown = known.length > 0 && known.every((value) => typeof value === 'string' && THUMBPRINT.test(value));
  return isKnown && Object.keys(others).length === 0 ? claim : undefined;
}

/** A DPoP proof of the right signature, method, URL and time (RFC 9449 §4.3), as long as it is used for the first time. */
export class DpopProof {
  /** The thumbprint of its key. */
  @Matches(THUMBPRINT) jkt: string;
  @IsString() @MinLength(1) @MaxLength(256) jti: string;
  /** Unix seconds. */
  @IsInt() iat: number;
  /** A nonce of ours, as it says. */
  @IsOptional() @IsString() @MaxLength(256) nonce?: string;
}

/** The keys that whoever sent a request has shown to hold. */
export class Possession {
  @IsOptional() @Nested(() => DpopProof) dpop?: DpopProof;
  /** That of a certificate, its SHA-256. */
  @IsOptional() @Matches(THUMBPRINT) certificate?: string;
}

/** A proof that came with an access token to an API of this organization. */
export class UseDpopProof extends DpopProof {
  @IsUUID() organizationId: string;
}

export class DpopProofUse {
  /** Of all uses, at whatever instance, of a proof that may be used. */
  first: boolean;
  /** A nonce for the next proof: this one had to have it, or has one that will soon be over (RFC 9449 §8.2, §9). */
  nonce?: string;
}

/** Uses up a proof (RFC 9449 §11.1), so it is not repeatable. */
export const useDpopProof = rpc('token.dpop-proof.use', UseDpopProof, DpopProofUse);
