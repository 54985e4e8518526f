import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import type { ApiKeyRecord, ClientRecord, Organization } from '@keyward/contracts';
import { Fault } from '../fault';
import type { Grant } from './grant';
import { isAmong, referrerOf, type Referrer } from './referrers';

/** An API key as requests need it. */
interface Known {
  id: string;
  record: ApiKeyRecord;
  client: ClientRecord;
  grant: Grant;
  /** Unix milliseconds. */
  until: number;
  addresses?: BlockList;
  referrers?: Referrer[];
}

/** What a request with an API key may do. */
export interface KeyGrant {
  grant: Grant;
  client: ClientRecord;
}

/** Every API key, by its hash, as the key manager's feed tells of it. */
export class ApiKeys {
  private readonly byHash = new Map<string, Known>();
  private readonly hashes = new Map<string, string>();

  apply(id: string, record: ApiKeyRecord | null): void {
    const before = this.hashes.get(id);
    if (before !== undefined) this.byHash.delete(before);
    this.hashes.delete(id);
    if (!record) return;
    this.hashes.set(id, record.hash);
    this.byHash.set(record.hash, known(id, record));
  }

  clear(): void {
    this.byHash.clear();
    this.hashes.clear();
  }

  /** What a key opens of an organization's APIs. Throws the fault of one that is unknown, over, or used elsewhere than it may. */
  grantOf(key: string, organization: Organization, request: IncomingMessage, address: string): KeyGrant {
    const found = key.length > 100 ? undefined : this.byHash.get(hash('sha256', key, 'base64'));
    if (!found || found.record.organizationId !== organization.id || found.until <= Date.now())
      throw new Fault('invalidCredentials');
    if (found.addresses && !found.addresses.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'))
      throw new Fault('forbiddenSource');
    if (found.referrers && !isAmong(found.referrers, request.headers.referer)) throw new Fault('forbiddenSource');
    return found;
  }
}

function known(id: string, record: ApiKeyRecord): Known {
  const { organizationId, applicationId, kind, addresses, referrers, expiresAt } = record;
  const until = expiresAt === undefined ? Infinity : Date.parse(expiresAt);
  return {
    ...{ id, record, until, client: { organizationId, applicationId, kind, active: true } },
    // It is the application's, never a user's, and no scope is granted to it.
    grant: {
      ...{ organizationId, org: '', ofUser: false, scopes: [], exp: Math.floor(until / 1000) },
      claims: { client_id: id, sub: applicationId, jti: id, iat: 0 },
    },
    ...(addresses.length > 0 && { addresses: listOf(addresses) }),
    ...(referrers.length > 0 && { referrers: referrers.map(referrerOf) }),
  };
}

function listOf(addresses: string[]): BlockList {
  const list = new BlockList();
  for (const each of addresses) {
    const [address = '', bits] = each.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
