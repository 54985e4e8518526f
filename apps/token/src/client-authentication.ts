import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import {
  ASYMMETRIC_METHODS,
  assertClient,
  authenticateClient,
  ServiceError,
  type Client,
  type ClientCredentials,
  type Organization,
  type Reason,
  type TokenRequest,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { isPossible, readBasic } from './basic-credentials';
import { readAssertion, type ClaimedAssertion } from './client-assertion';
import { Issuers } from './issuer';

/** A proven client and the organization it belongs to. */
export interface Authenticated {
  client: Client;
  organization: Organization;
  /** What it proved itself by, where that was a secret: as the first reading of a Basic header has it. */
  secret?: string;
}

/** One answer for every cause (CA-07). */
export const invalidClient = (reason?: Reason): ServiceError =>
  new ServiceError('invalid_client', 'Client authentication failed', { reason });

/** Proves the client of a form, at every endpoint alike: RFC 6749 §2.3, RFC 7009 §2.1, RFC 7662 §2.1. */
@Injectable()
export class ClientAuthentication {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly issuers: Issuers,
  ) {}

  /** Errors: `invalid_request` for two mechanisms at once, `invalid_client`, `too_many_requests`. */
  async authenticate(request: TokenRequest, call: Call): Promise<Authenticated> {
    const { params, authorization, organizationId, ip, certificate } = request;
    const sent = params['client_assertion']
      ? { claimed: claimedBy(params, authorization) }
      : { credentials: readCredentials(params, authorization) };
    if (organizationId && !(await this.organizations.activeNow(organizationId))) throw invalidClient();
    const proof = sent.claimed
      ? this.byAssertion(sent.claimed, request, call)
      : this.bus.call(authenticateClient, { credentials: sent.credentials, organizationId, ip, certificate }, call);
    const client = await proof.catch(uniform);
    const organization = await this.organizations.activeNow(client.organizationId);
    if (!organization) throw invalidClient();
    // ASVS 5.0 10.4.16.
    if (organization.highAssurance && !ASYMMETRIC_METHODS.includes(client.method))
      throw new ServiceError('unauthorized_client', 'The client has to prove itself by a key of its own here');
    return { client, organization, secret: sent.credentials?.[0]?.clientSecret };
  }

  /** CA-22: the one organization whose issuer it is meant for; an assertion for another one proves nothing here. */
  private async byAssertion(
    claimed: ClaimedAssertion,
    { organizationId, ip }: TokenRequest,
    call: Call,
  ): Promise<Client> {
    const key = this.issuers.keyOf(claimed.audience);
    const organization = key === undefined ? undefined : await this.organizations.activeByKeyNow(key);
    if (!organization || (organizationId && organizationId !== organization.id)) throw invalidClient();
    return this.bus.call(assertClient, { ...claimed, organizationId: organization.id, ip }, call);
  }
}

/** Whatever the key manager's reason and words: the same as from here. */
function uniform(error: unknown): never {
  throw error instanceof ServiceError && error.code === 'invalid_client' ? invalidClient(error.reason) : error;
}

/** One mechanism a request, RFC 6749 §2.3. Errors: `invalid_request` for more than one (CA-04). */
function assertOneMechanism(
  { client_secret: secret, client_assertion: assertion }: Record<string, string>,
  authorization: string | undefined,
): void {
  if (Number(!!authorization) + Number(!!secret) + Number(!!assertion) > 1)
    throw new ServiceError('invalid_request', 'Request body and headers contain authorization information', {
      reason: assertion ? 'two_mechanisms' : undefined,
    });
}

function claimedBy(params: Record<string, string>, authorization: string | undefined): ClaimedAssertion {
  assertOneMechanism(params, authorization);
  return readAssertion(params);
}

/**
 * The secret that the client sent, in the readings that are possible. Errors: `invalid_client` for none or what cannot be
 * read (CA-08, CA-10).
 */
export function readCredentials(params: Record<string, string>, authorization?: string): ClientCredentials[] {
  assertOneMechanism(params, authorization);
  const { client_id: clientId, client_secret: clientSecret } = params;
  const credentials = authorization ? basicOf(authorization, clientId) : bodyOf(clientId, clientSecret);
  if (credentials.length === 0) throw invalidClient(authorization ? 'authorization_malformed' : 'client_missing');
  return credentials;
}

/** A `client_id` in the body beside a Basic header may only repeat it. */
function basicOf(authorization: string, clientId: string | undefined): ClientCredentials[] {
  const readings = readBasic(authorization);
  if (!clientId || readings.length === 0) return readings;
  const same = readings.filter((reading) => reading.clientId === clientId);
  if (same.length === 0) throw new ServiceError('invalid_request', 'Two different client identifiers were sent');
  return same;
}

const bodyOf = (clientId: string | undefined, clientSecret: string | undefined): ClientCredentials[] =>
  clientId ? [{ clientId, ...(clientSecret ? { clientSecret } : {}) }].filter(isPossible) : [];
