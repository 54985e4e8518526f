import { lookup as resolve, type LookupAddress } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP, type BlockList, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import type { OutboundSettings } from '../settings/outbound';
import { blockList, isReachable } from './addresses';

/** DR-09: bytes of an answer at most, and milliseconds for all of it; less than a request waits for its own. */
const LIMITS = { bytes: 1024 * 1024, ms: 2000, atOnce: 32 };

/** Why nothing was fetched; for logs, never for the caller, who would learn what answers inside. */
export class OutboundError extends Error {}

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
}

/**
 * The one way to a URL that somebody else has named (DR-09): https alone, public addresses alone, no redirect, limits of time
 * and size. Addresses are checked where the connection is made, so that a name cannot mean another one by then.
 */
export class Outbound {
  private readonly agent: Agent;
  private readonly allowed: BlockList;
  private running = 0;

  constructor({ addresses, caFile }: Pick<OutboundSettings, 'addresses' | 'caFile'>) {
    this.allowed = blockList(addresses);
    const ca = caFile ? [...rootCertificates, readFileSync(caFile, 'utf8')] : undefined;
    this.agent = new Agent({
      connect: { lookup: this.lookup, timeout: LIMITS.ms, ...(ca && { ca }) },
      maxResponseSize: LIMITS.bytes,
      connections: 4,
      keepAliveTimeout: 1000,
    });
  }

  /** Throws `OutboundError` for whatever was not fetched. A redirect is an answer like another. */
  async send(to: string, { method = 'GET', headers = {}, body }: OutboundRequest = {}): Promise<OutboundAnswer> {
    const url = this.check(to);
    if (this.running >= LIMITS.atOnce) throw new OutboundError('too many requests at once');
    this.running++;
    try {
      const signal = AbortSignal.timeout(LIMITS.ms);
      const answer = await request(url, { method, headers, body, signal, dispatcher: this.agent });
      return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(await answer.body.arrayBuffer()) };
    } catch (error) {
      throw new OutboundError(`${url.origin} was not fetched`, { cause: error });
    } finally {
      this.running--;
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

/** Whether a URL has the form that can be fetched: https, a host, and neither a user nor a fragment. */
export function isOutboundUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && !text.includes('#');
}
