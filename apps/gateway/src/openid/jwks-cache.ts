import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { getJwks, ServiceError, type Jwks, type PublicJwk } from '@keyward/contracts';

/** A key that signs at once after a rotation is shown this soon, milliseconds. */
const FRESH_MS = 1000;
/** How soon after an answer another is asked for by who misses a key, milliseconds. */
const MISSED_MS = 100;
/** How long keys are still shown when the key manager does not answer, milliseconds. */
const KEPT_MS = 60 * 60_000;

interface Known {
  jwks?: Jwks;
  at: number;
  asking?: Promise<Jwks>;
}

/** Public keys by organization: asked for once a second at most, and shown on when nobody answers (JK-08). */
@Injectable()
export class JwksCache {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly bus: Bus,
    private readonly isRevoked: (kid: string) => boolean,
  ) {}

  /** Without keys that were revoked, also while nobody else says so (JK-06). */
  async of(organizationId: string, call: Call, freshMs = FRESH_MS): Promise<Jwks> {
    const jwks = await this.held(organizationId, call, freshMs);
    const isGood = ({ kid }: PublicJwk) => !this.isRevoked(kid);
    return jwks.keys.every(isGood) ? jwks : { ...jwks, keys: jwks.keys.filter(isGood) };
  }

  private async held(organizationId: string, call: Call, freshMs: number): Promise<Jwks> {
    const known = this.known.get(organizationId) ?? { at: 0 };
    this.known.set(organizationId, known);
    if (known.jwks && Date.now() - known.at < freshMs) return known.jwks;
    try {
      known.asking ??= this.ask(organizationId, known, call);
      return await known.asking;
    } catch (error) {
      if (!known.jwks || Date.now() - known.at > KEPT_MS || !isOutage(error)) throw error;
      return known.jwks;
    }
  }

  /** As `of`, for who misses a key that may be newer: asked for ten times a second at most, so that made-up names cost little. */
  newest(organizationId: string, call: Call): Promise<Jwks> {
    return this.of(organizationId, call, MISSED_MS);
  }

  /** After a rotation. */
  forget(organizationId: string): void {
    this.known.delete(organizationId);
  }

  private async ask(organizationId: string, known: Known, call: Call): Promise<Jwks> {
    try {
      known.jwks = await this.bus.call(getJwks, { organizationId }, call);
      known.at = Date.now();
      return known.jwks;
    } finally {
      known.asking = undefined;
    }
  }
}

const isOutage = (error: unknown): boolean =>
  error instanceof ServiceError && (error.code === 'temporarily_unavailable' || error.code === 'server_error');
