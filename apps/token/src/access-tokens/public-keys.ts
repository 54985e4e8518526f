import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { getJwks } from '@keyward/contracts';
import { importJWK, type CryptoKey } from 'jose';
import { Clock } from '../clock';

const FRESH_MS = 60_000;
/** How often at most a key that is not known may make us ask again. */
const ASK_AGAIN_MS = 5_000;
const ORGANIZATIONS = 1_000;

type Keys = ReadonlyMap<string, CryptoKey>;

/** The public keys of the organizations that were asked for lately. */
@Injectable()
export class PublicKeys {
  private readonly known = new Map<string, { at: number; keys: Promise<Keys> }>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
  ) {}

  /** A key by whose it is, then by its `kid`: another organization's key is never found (MT-03). */
  async find(organizationId: string, kid: string, call: Call): Promise<CryptoKey | undefined> {
    const keys = await this.keysOf(organizationId, FRESH_MS, call);
    return keys.get(kid) ?? (await this.keysOf(organizationId, ASK_AGAIN_MS, call)).get(kid);
  }

  private keysOf(organizationId: string, maxAge: number, call: Call): Promise<Keys> {
    const at = this.clock.now();
    const known = this.known.get(organizationId);
    if (known && at - known.at < maxAge) return known.keys;
    const keys = this.ask(organizationId, call);
    this.known.delete(organizationId); // the newest is last, the oldest goes first
    this.known.set(organizationId, { at, keys });
    keys.catch(() => this.known.delete(organizationId));
    const [oldest] = this.known.keys();
    if (oldest && this.known.size > ORGANIZATIONS) this.known.delete(oldest);
    return keys;
  }

  private async ask(organizationId: string, call: Call): Promise<Keys> {
    const { keys } = await this.bus.call(getJwks, { organizationId }, call);
    const imported = keys.map(async (jwk) => [jwk.kid, await importJWK(jwk, 'ES256')] as const);
    return new Map(await Promise.all(imported));
  }
}
