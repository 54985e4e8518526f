import { lookup as resolve, type LookupAddress } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP, type BlockList, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import type { OutboundSettings } from '../settings/outbound';
import { blockList, isReachable } from './addresses';
import { FairSlots } from './fair-slots';

/** DR-09: bytes of an answer at most, and milliseconds for all of it; with the wait for room, less than a request waits for its own. */
const LIMITS = { bytes: 1024 * 1024, ms: 2000 };
/**
 * Requests at once, and of one organization: where all servers hang that some organizations name, room comes free often enough for
 * another one to have it in time.
 */
const SLOTS = { all: 64, each: 8, waiting: 64, waitMs: 400 };

/** Why nothing was fetched; for logs, never for the caller, who would learn what answers inside. */
export class OutboundError extends Error {}

/** Nobody was asked: there was no room for a request more. It says nothing of the server that it was meant for. */
export class OutboundBusy extends OutboundError {}

/** What another server answered. */
export interface OutboundAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** What is sent beside the URL; a `GET` without a body when absent. */
export interface OutboundRequest {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** The organization that named the URL, which has its share of the requests at once; the operator's own have no such limit. */
  organizationId?: string;
  /** Of the answer; 1 MB when absent. */
  mostBytes?: number;
}

/**
 * The one way to a URL that somebody else has named (DR-09): https alone, public addresses alone, no redirect, limits of time
 * and size. Addresses are checked where the connection is made, so that a name cannot mean another one by then.
 */
export class Outbound {
  private readonly agent: Agent;
  private readonly allowed: BlockList;
  private readonly slots = new FairSlots(SLOTS);

  constructor({ addresses, caFile }: Pick<OutboundSettings, 'addresses' | 'caFile'>) {
    this.allowed = blockList(addresses);
    const ca = caFile ? [...rootCertificates, readFileSync(caFile, 'utf8')] : undefined;
    this.agent = new Agent({
      connect: { lookup: this.lookup, timeout: LIMITS.ms, ...(ca && { ca }) },
      maxResponseSize: LIMITS.bytes,
      // More than an organization's share, so that none takes all there are to a server that many name.
      connections: 2 * SLOTS.each,
      keepAliveTimeout: 1000,
    });
  }

  /** Throws `OutboundBusy` for want of room, `OutboundError` for whatever else was not fetched. A redirect is an answer like another. */
  async send(to: string, asked: OutboundRequest = {}): Promise<OutboundAnswer> {
    const url = this.check(to);
    const { organizationId } = asked;
    if (organizationId === undefined) return await this.fetch(url, asked);
    if (!(await this.slots.take(organizationId))) throw new OutboundBusy('too many requests at once');
    try {
      return await this.fetch(url, asked);
    } finally {
      this.slots.giveBack(organizationId);
    }
  }

  private async fetch(
    url: URL,
    { method = 'GET', headers = {}, body, mostBytes = LIMITS.bytes }: OutboundRequest,
  ): Promise<OutboundAnswer> {
    try {
      const signal = AbortSignal.timeout(LIMITS.ms);
      const answer = await request(url, { method, headers, body, signal, dispatcher: this.agent });
      return { status: answer.statusCode, headers: answer.headers, body: await bytesOf(answer.body, mostBytes) };
    } catch (error) {
      throw new OutboundError(`${url.origin} was not fetched`, { cause: error });
    }
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private check(to: string): URL {
    const url = URL.canParse(to) ? new URL(to) : undefined;
    if (!url || !isOutboundUrl(to)) throw new OutboundError('not an https URL');
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // A literal is connected to without being looked up.
    if (isIP(host) !== 0 && !isReachable(host, this.allowed)) throw new OutboundError(`${host} may not be reached`);
    return url;
  }

  private readonly lookup: LookupFunction = (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        done(error, []);
        return;
      }
      const refused = found.find(({ address }) => !isReachable(address, this.allowed));
      const [first] = found as [LookupAddress];
      if (refused) done(new OutboundError(`${refused.address} may not be reached`), []);
      else if (options.all) done(null, found);
      else done(null, first.address, first.family);
    });
  };
}

/** Leaving the loop ends the request. */
async function bytesOf(body: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > most) throw new OutboundError(`more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Whether a URL has the form that can be fetched: https, a host, and neither a user nor a fragment. */
export function isOutboundUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && !text.includes('#');
}
