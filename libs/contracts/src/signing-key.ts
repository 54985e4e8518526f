import { IsBoolean, IsIn, IsObject, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { feed } from './feed';
import { rpc, type Empty } from './rpc';

/** RFC 7518 §3.1: ES256 for access tokens, RS256 for what OpenID Connect's clients must be able to read. */
export const SIGNING_ALGORITHMS = ['ES256', 'RS256'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

export class SignJwt {
  /** The issuer whose active key signs. */
  @IsUUID() organizationId: string;
  /** ES256 when absent. */
  @IsOptional() @IsIn(SIGNING_ALGORITHMS) alg?: SigningAlgorithm;
  /** The `typ` header: `at+jwt` is an access token (RFC 9068 §2.1), `JWT` an ID token or UserInfo. */
  @IsIn(['at+jwt', 'JWT', 'logout+jwt']) type: 'at+jwt' | 'JWT' | 'logout+jwt';
  /** Signed as they are. */
  @IsObject() claims: Record<string, unknown>;
}

/** A compact JWS (RFC 7515 §3.1) with `alg`, `typ` and `kid`. */
export class SignedJwt {
  jwt: string;
}

export class OrganizationKeys {
  @IsUUID() organizationId: string;
}

/** A public key as RFC 7517 writes it. */
export class PublicJwk {
  kty: 'EC' | 'RSA';
  /** Of an EC key. */
  crv?: 'P-256';
  x?: string;
  y?: string;
  /** Of an RSA key. */
  n?: string;
  e?: string;
  /** RFC 7638 thumbprint. */
  kid: string;
  use: 'sig';
  alg: SigningAlgorithm;
}

export class Jwks {
  keys: PublicJwk[];
  /** Seconds that verifiers may keep it: shorter than keys are published ahead. 300 when absent. */
  maxAge?: number;
}

/** A signing key's life: published, then active, then retiring; times in ISO 8601. */
export class SigningKey {
  kid: string;
  alg: SigningAlgorithm;
  state: 'published' | 'active' | 'retiring';
  publishedAt: string;
  activatesAt: string;
  /** When it leaves the JWKS; `null` while it is the newest. */
  expiresAt: string | null;
}

export class SigningKeys {
  keys: SigningKey[];
}

export class RotateSigningKey {
  @IsUUID() organizationId: string;
  /** Use the new key at once instead of after the time that verifiers may cache (24 h). */
  @IsOptional() @IsBoolean() now?: boolean;
}

export class RevokeSigningKey {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) kid: string;
}

/** The private key never leaves the key manager. */
export const signJwt = rpc('key-manager.jwt.sign', SignJwt, SignedJwt, { repeatable: true });
/** Published, active and retiring public keys. */
export const getJwks = rpc('key-manager.jwks.get', OrganizationKeys, Jwks, { repeatable: true });
export const listSigningKeys = rpc('key-manager.signing-key.list', OrganizationKeys, SigningKeys, { repeatable: true });
export const rotateSigningKey = rpc('key-manager.signing-key.rotate', RotateSigningKey, SigningKeys);
/** For a key that somebody else may have: it is destroyed, another signs at once, and whatever it has signed is refused everywhere. */
export const revokeSigningKey = rpc('key-manager.signing-key.revoke', RevokeSigningKey, SigningKeys);

/** The organizations, by id, whose signing keys have changed. Followed without a snapshot, by those who keep a cache. */
export const signingKeyChanges = feed<Empty>('key-manager.signing-keys');
