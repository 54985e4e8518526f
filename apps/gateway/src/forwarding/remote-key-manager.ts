import { readFileSync } from 'node:fs';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ServiceError } from '@keyward/contracts';
import { Pool, type Dispatcher } from 'undici';
import { DEADLINE_MS } from '../config';

/** How long a connection may take to be made, milliseconds. */
const CONNECT_MS = 1000;
/** What is left of the deadline is for the answer to be written. */
const ANSWER_MS = DEADLINE_MS - 200;
/** Bytes of an answer at most: tokens and key sets are a few KiB. */
const ANSWER_LIMIT = 1024 * 1024;

export interface Forwarded {
  method: Dispatcher.HttpMethod;
  path: string;
  headers: Record<string, string | undefined>;
  body?: Buffer;
}

export interface RemoteAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** The token endpoints of another server. Its certificate must be of a CA of Node.js, or of the one in `caFile`. */
@Injectable()
export class RemoteKeyManager implements OnApplicationShutdown {
  private readonly log = new Logger('gateway');
  private readonly pool: Pool;

  constructor(origin: string, caFile?: string) {
    this.pool = new Pool(origin, {
      connect: { timeout: CONNECT_MS, ca: caFile ? readFileSync(caFile) : undefined },
      connections: 128,
      maxResponseSize: ANSWER_LIMIT,
    });
  }

  /** Asks once: a grant is never sent twice. Throws `temporarily_unavailable` when there is no answer in time. */
  async ask({ method, path, headers, body }: Forwarded): Promise<RemoteAnswer> {
    try {
      // undici's own time limits are looked at once a second only.
      const signal = AbortSignal.timeout(ANSWER_MS);
      const answer = await this.pool.request({ method, path, headers: present(headers), body, signal });
      return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(await answer.body.arrayBuffer()) };
    } catch (error) {
      const { name, code } = error as NodeJS.ErrnoException;
      this.log.warn({ message: 'the remote key manager does not answer', path, reason: code ?? name });
      throw new ServiceError('temporarily_unavailable', undefined, { retryAfter: 1 });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }
}

const present = (headers: Forwarded['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined));
