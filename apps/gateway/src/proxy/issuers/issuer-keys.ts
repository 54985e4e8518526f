import type { Bus, Call } from '@keyward/bus';
import { getIssuerKeys, ServiceError } from '@keyward/contracts';
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import type { Trust } from './trusted-issuers';

/** How long keys are used before they are asked for again, milliseconds; the key manager fetches them less often still. */
const FRESH_MS = 60_000;
/** How soon somebody who misses a key is asked for again: made-up names of keys cost little. */
const MISSED_MS = 1000;

interface Held {
  keys?: JWTVerifyGetKey;
  at: number;
  asking?: Promise<JWTVerifyGetKey>;
}

/** The public keys of trusted issuers, of which the key manager tells: nothing is fetched from here. */
export class IssuerKeys {
  /** With an issuer's record its keys go: it is said again when they are replaced. */
  private readonly held = new WeakMap<Trust, Held>();

  /** `degradedLimitMs`: how long they are used on while nobody can say what they are now. */
  constructor(
    private readonly bus: Bus,
    private readonly degradedLimitMs: number,
  ) {}

  /** Fails with `temporarily_unavailable` when they cannot be had. */
  async of(trust: Trust, call: Call, newer = false): Promise<JWTVerifyGetKey> {
    const held = this.held.get(trust) ?? { at: -Infinity };
    this.held.set(trust, held);
    const age = Date.now() - held.at;
    if (held.keys && age < (newer ? MISSED_MS : FRESH_MS)) return held.keys;
    try {
      return await (held.asking ??= this.ask(trust, held, call, newer));
    } catch (error) {
      const isAway = error instanceof ServiceError && error.code === 'temporarily_unavailable';
      if (held.keys && isAway && age < this.degradedLimitMs) return held.keys;
      throw error;
    }
  }

  private async ask(trust: Trust, held: Held, call: Call, newer: boolean): Promise<JWTVerifyGetKey> {
    try {
      const { organizationId } = trust.record;
      held.keys = createLocalJWKSet(await this.bus.call(getIssuerKeys, { organizationId, id: trust.id, newer }, call));
      held.at = Date.now();
      return held.keys;
    } finally {
      held.asking = undefined;
    }
  }
}
