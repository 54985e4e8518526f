import {
  ServiceError,
  type AssertClient,
  type AuthenticateClient,
  type CheckClient,
  type Client,
  type ClientCertificate,
  type ClientCredentials,
  type Reason,
} from '@keyward/contracts';
import { provesByCertificate } from '../client-keys/certificate-authentication';
import { sameMac, type SecretMacs } from '../consumer-keys/consumer-secret';
import type { ClientCache, KnownClient, KnownSecret } from './client-cache';
import type { FailureLimits } from './failure-limits';
import type { SecretUses } from './secret-uses';

/** What a consumer key may be made of; anything else is none, and not asked for. */
const FORM = /^[\w.~-]{1,255}$/;
/** Reads for those whose address is over its limit: so many at once, so that names made up there keep nobody waiting. */
const READS_FOR_CLOSED = 4;

/** Client authentication, RFC 6749 §2.3. Of a success nothing but memory is read. */
export class ClientAuthentication {
  private readsForClosed = 0;

  constructor(
    private readonly cache: ClientCache,
    private readonly limits: FailureLimits,
    private readonly uses: SecretUses,
    private readonly macs: SecretMacs,
    private readonly now: () => number,
  ) {}

  /** Every failure is one answer (CA-07), and one attempt counted whatever the number of readings (CA-02). */
  async authenticate({ credentials, organizationId, ip, certificate }: AuthenticateClient): Promise<Client> {
    // The first reading is the decoded one. A consumer key has no character that decoding changes, so whatever way its name
    // is written, it is the same here.
    const attempted = credentials[0]?.clientId ?? '';
    this.limits.assertOpen(attempted, ip);
    let exists = false;
    let reason: Reason = 'client_unknown';
    for (const reading of credentials) {
      const { clientId } = reading;
      const known = this.cache.held(clientId) ?? (await this.find(clientId, ip));
      const proof = this.prove(known, reading, certificate);
      const isHere = known && (organizationId === undefined || organizationId === known.client.organizationId);
      if (proof && isHere && known.active) {
        if (typeof proof === 'object') this.uses.note(known, proof);
        return known.client;
      }
      // In another organization it is as unknown as any: a profile there says nothing of it either.
      if (isHere) reason = proof ? 'client_disabled' : 'client_refused';
      exists ||= known !== undefined;
    }
    await this.limits.count(attempted, ip, { exists });
    throw new ServiceError('invalid_client', 'client authentication failed', { reason });
  }

  /** Proves a client in another way than by a secret: `proof` is asked of one that may have tokens, and fails as a secret does. */
  async proveBy(
    { clientId, organizationId, ip }: Pick<AssertClient, 'clientId' | 'organizationId' | 'ip'>,
    proof: (known: KnownClient) => Promise<boolean>,
  ): Promise<Client> {
    this.limits.assertOpen(clientId, ip);
    const known = this.cache.held(clientId) ?? (await this.find(clientId, ip));
    if (known?.active && known.client.organizationId === organizationId && (await proof(known))) return known.client;
    await this.limits.count(clientId, ip, { exists: known !== undefined });
    throw new ServiceError('invalid_client', 'client authentication failed');
  }

  /** Throws `invalid_client` for one that may have no tokens. Genuine tokens name it, so nothing is counted. */
  async check({ organizationId, clientId }: CheckClient): Promise<void> {
    await this.named(clientId, organizationId);
  }

  /** An active client by its name alone; of any organization when none is given. Throws `invalid_client`. */
  async named(clientId: string, organizationId?: string): Promise<Client> {
    const known = FORM.test(clientId) ? await this.cache.get(clientId) : undefined;
    const isOfIt = organizationId === undefined || known?.client.organizationId === organizationId;
    if (!known?.active || !isOfIt) throw new ServiceError('invalid_client', 'no such client');
    return known.client;
  }

  /** Whether a client has registered an origin. */
  async allows(clientId: string, origin: string): Promise<boolean> {
    const known = FORM.test(clientId) ? await this.cache.get(clientId) : undefined;
    return known?.active === true && known.origins.includes(origin);
  }

  private async find(clientId: string, ip: string): Promise<KnownClient | undefined> {
    if (!FORM.test(clientId)) return undefined;
    if (!this.cache.isCold(clientId) || !this.limits.isClosed(ip)) return await this.cache.get(clientId);
    if (this.readsForClosed >= READS_FOR_CLOSED) throw this.limits.refusal(clientId, ip);
    this.readsForClosed++;
    try {
      return await this.cache.get(clientId);
    } finally {
      this.readsForClosed--;
    }
  }

  /**
   * The secret that was right; `public` for a client that has none and sent none; its certificate for one that proves itself by
   * that. Unknown clients cost the same.
   */
  private prove(
    known: KnownClient | undefined,
    sent: ClientCredentials,
    certificate?: ClientCertificate,
  ): KnownSecret | 'public' | 'certificate' | undefined {
    if (sent.clientSecret === undefined) {
      if (known?.client.public) return 'public';
      return known && certificate && provesByCertificate(known, certificate) ? 'certificate' : undefined;
    }
    const mac = this.macs.of(sent.clientId, sent.clientSecret);
    const secrets = known?.secrets.length ? known.secrets : [NOBODYS];
    let right: KnownSecret | undefined;
    for (const secret of secrets) if (sameMac(mac, secret.mac) && secret.expiresAt > this.now()) right = secret;
    return right;
  }
}

/** Never valid: what an unknown client's secret is compared with. */
const NOBODYS: KnownSecret = { id: '', mac: Buffer.alloc(32), expiresAt: 0, notedAt: 0 };
