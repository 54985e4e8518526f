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
  /** Nobody answered when it was last asked for. */
  isSilent?: boolean;
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
  async of(organizationId: string, call: Call): Promise<Jwks> {
    return this.good(await this.kept(organizationId, call));
  }

  /**
   * As `of`, for who misses a key that may be newer: asked for ten times a second at most, so that made-up names cost little.
   * Errors: `temporarily_unavailable` when nobody answers, for then it cannot be told whether there is such a key.
   */
  async newest(organizationId: string, call: Call): Promise<Jwks> {
    return this.good(await this.fresh(this.knownOf(organizationId), organizationId, call, MISSED_MS));
  }

  private async kept(organizationId: string, call: Call): Promise<Jwks> {
    const known = this.knownOf(organizationId);
    const fresh = this.fresh(known, organizationId, call, FRESH_MS);
    const kept = Date.now() - known.at <= KEPT_MS ? known.jwks : undefined;
    if (kept && known.isSilent) {
      fresh.catch(() => undefined); // one wait for nothing was enough
      return kept;
    }
    try {
      return await fresh;
    } catch (error) {
      if (!kept || !isOutage(error)) throw error;
      return kept;
    }
  }

  private async fresh(known: Known, organizationId: string, call: Call, freshMs: number): Promise<Jwks> {
    if (known.jwks && Date.now() - known.at < freshMs) return known.jwks;
    known.asking ??= this.ask(organizationId, known, call);
    return known.asking;
  }

  private good(jwks: Jwks): Jwks {
    const isGood = ({ kid }: PublicJwk) => !this.isRevoked(kid);
    return jwks.keys.every(isGood) ? jwks : { ...jwks, keys: jwks.keys.filter(isGood) };
  }

  private knownOf(organizationId: string): Known {
    const known = this.known.get(organizationId) ?? { at: 0 };
    this.known.set(organizationId, known);
    return known;
  }

  /** After a rotation. */
  forget(organizationId: string): void {
    this.known.delete(organizationId);
  }

  private async ask(organizationId: string, known: Known, call: Call): Promise<Jwks> {
    try {
      known.jwks = await this.bus.call(getJwks, { organizationId }, call);
      known.at = Date.now();
      known.isSilent = false;
      return known.jwks;
    } catch (error) {
      known.isSilent = isOutage(error);
      throw error;
    } finally {
      known.asking = undefined;
    }
  }
}

const isOutage = (error: unknown): boolean =>
  error instanceof ServiceError && (error.code === 'temporarily_unavailable' || error.code === 'server_error');
