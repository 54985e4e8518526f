import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { getJwks } from '@keyward/contracts';
import { Revocations } from '@keyward/runtime';
import { importJWK, type CryptoKey } from 'jose';
import { Clock } from '../clock';

const FRESH_MS = 60_000;
const ORGANIZATIONS = 1_000;

type Keys = ReadonlyMap<string, CryptoKey>;

interface Asked {
  /** Unix milliseconds. */
  at: number;
  keys: Promise<Keys>;
  /** The answer after this one, for those whose key was not in it. */
  again?: Promise<Keys>;
}

/** The public keys of the organizations that were asked for lately. */
@Injectable()
export class PublicKeys {
  private readonly known = new Map<string, Asked>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly revocations: Revocations,
  ) {}

  /** A key by whose it is, then by its `kid`: another organization's key is never found (MT-03), nor one that was revoked (JK-06). */
  async find(organizationId: string, kid: string, call: Call): Promise<CryptoKey | undefined> {
    if (this.revocations.isKeyRevoked(kid)) return undefined;
    const known = this.known.get(organizationId);
    const asked = known && this.clock.now() - known.at < FRESH_MS ? known : this.ask(organizationId, call);
    const key = (await asked.keys).get(kid);
    if (key) return key;
    // It may sign since that answer. One question at a time, for all who wait: made-up names make no more of them.
    asked.again ??= this.ask(organizationId, call).keys;
    return (await asked.again).get(kid);
  }

  private ask(organizationId: string, call: Call): Asked {
    const asked = { at: this.clock.now(), keys: this.read(organizationId, call) };
    this.known.delete(organizationId); // the newest is last, the oldest goes first
    this.known.set(organizationId, asked);
    asked.keys.catch(() => this.known.get(organizationId) === asked && this.known.delete(organizationId));
    const [oldest] = this.known.keys();
    if (oldest && this.known.size > ORGANIZATIONS) this.known.delete(oldest);
    return asked;
  }

  private async read(organizationId: string, call: Call): Promise<Keys> {
    const { keys } = await this.bus.call(getJwks, { organizationId }, call);
    const imported = keys.map(async (jwk) => [jwk.kid, await importJWK({ ...jwk }, jwk.alg)] as const);
    return new Map(await Promise.all(imported));
  }
}
