import { Injectable } from '@nestjs/common';
import type { Client, Organization } from '@keyward/contracts';
import { query } from '@keyward/database';
import { DataSource } from 'typeorm';
import { Clock } from '../clock';
import { dayOf, newId } from '../time-id';
import { newSecret, readToken, writeToken } from '../token-string';

/** RFC 9126 §2.2. */
const URN = 'urn:ietf:params:oauth:request_uri:';
/** Seconds within which a browser has to begin with it. */
export const REQUEST_LIFETIME = 90;
/** How a client proves itself is no part of its request, and is not kept. */
const PROOF = new Set(['client_secret', 'client_assertion', 'client_assertion_type']);

type Params = Record<string, string>;

/** A request that was pushed, as far as it has come. */
export interface PushedRequest {
  id: string;
  params: Params;
  /** The session whose user has signed in for it, as it may have asked. */
  signedInBy: string | null;
}

/** Whether a `request_uri` is one of those given out here: no other is ever looked at, or fetched (AZ-10). */
export const isPushed = (requestUri: string | undefined): requestUri is string => requestUri?.startsWith(URN) ?? false;

/** Authorization requests that clients have sent themselves, RFC 9126: only the hash of their name is stored. */
@Injectable()
export class PushedRequests {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Its `request_uri`. */
  async keep({ clientId, organizationId }: Client, params: Params): Promise<string> {
    const now = this.clock.now();
    const name = writeToken('kpr', { id: newId(now) }, newSecret('kpr'));
    const kept = Object.fromEntries(Object.entries(params).filter(([param]) => !PROOF.has(param)));
    const values = [organizationId, name.day, name.id, name.hash, clientId, JSON.stringify(kept)];
    await query(this.dataSource, 'insert-pushed-request', 'SELECT insert_pushed_request($1, $2, $3, $4, $5, $6, $7)', [
      ...values,
      new Date(now + REQUEST_LIFETIME * 1000),
    ]);
    return URN + name.text;
  }

  /** That of this client, unless it is over; `signedInBy` notes the session whose user has just signed in for it. */
  async begin(
    requestUri: string,
    { clientId, organizationId }: Client,
    signedInBy?: string,
  ): Promise<PushedRequest | undefined> {
    const name = readToken('kpr', requestUri.slice(URN.length));
    if (!name) return undefined;
    const [row] = await query<Omit<PushedRequest, 'id'>>(
      this.dataSource,
      'begin-pushed-request',
      `SELECT params, signed_in_by AS "signedInBy" FROM begin_pushed_request($1, $2, $3, $4, $5, $6, $7)`,
      [organizationId, name.day, name.id, name.hash, clientId, signedInBy ?? null, new Date(this.clock.now())],
    );
    return row && { id: name.id, ...row };
  }

  /** Whether this is the one answer that it gets. */
  async use(id: string, organization: Organization): Promise<boolean> {
    const [row] = await query<{ used: boolean }>(
      this.dataSource,
      'use-pushed-request',
      'SELECT use_pushed_request($1, $2, $3, $4) AS used',
      [organization.id, dayOf(id), id, new Date(this.clock.now())],
    );
    return row?.used === true;
  }
}
