import type { Answer, Processes } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { buildConnector, Client } from 'undici';

type Form = Record<string, string>;

/** One request of the load and what came of it. */
export interface Sample {
  grant: GrantType;
  /** Which of the clients; each sends one request after the other. */
  client: string;
  /** `undefined` when the connection broke before an answer. */
  status?: number;
  retryAfter?: string;
  /** What was wrong: the answer's error, or the connection's. */
  error?: string;
  /** Unix milliseconds. */
  startedAt: number;
  ms: number;
}

/** The connection was not made, so nothing was sent. */
class NotConnected extends Error {}

/** What the clients ask for. */
export const GRANTS = ['client_credentials', 'refresh_token', 'password'] as const;
export type GrantType = (typeof GRANTS)[number];
/** How many clients send each kind of request. */
const CLIENTS: Record<GrantType, number> = { client_credentials: 4, refresh_token: 4, password: 2 };
/** Between an answer and the next request of a client, milliseconds: some hundred requests a second in all, few passwords. */
const PAUSE: Record<GrantType, number> = { client_credentials: 20, refresh_token: 40, password: 150 };
const PATIENCE_MS = 20_000;
/** At least, and at most: nobody waits much longer for an answer. */
const STUCK_MS = [500, 1500] as const;
/** So many successes in a row that every client has had some. */
const STEADY = 60;

/** Does something while clients are at work; everything they were answered. */
export async function underLoad(processes: Processes, work: (load: Load) => Promise<void>): Promise<Sample[]> {
  const load = await Load.start(processes);
  try {
    await work(load);
  } finally {
    await load.stop();
  }
  return load.samples;
}

/** What did not get its token. */
export const failed = (samples: readonly Sample[]): Sample[] => samples.filter(({ status }) => status !== 200);

/**
 * Asserts that what failed did so as an answer of its own: 503, in time, with the advice to come again. The longest is a figure for
 * whoever reads the run: on a busy machine it is not the gateway's alone.
 */
export function expectUnavailable(failures: readonly Sample[]): void {
  for (const failure of failures) {
    expect(failure).toMatchObject({ status: 503, error: 'temporarily_unavailable', retryAfter: '1' });
    expect(failure.ms).toBeLessThan(10_000);
  }
  const longest = Math.max(0, ...failures.map(({ ms }) => ms));
  process.stdout.write(`    ${failures.length} answered 503, after ${longest} ms at most\n`);
}

/** Clients at work, each with one connection that it keeps, until its gateway takes no more: then to the other one. */
export class Load {
  readonly samples: Sample[] = [];
  /** What is not answered yet. */
  private readonly open = new Set<Pick<Sample, 'grant' | 'startedAt'>>();
  private stopping = false;
  private working: Promise<unknown> = Promise.resolve();

  private constructor(private readonly processes: Processes) {}

  /** Resolves when all are at work. */
  static async start(processes: Processes): Promise<Load> {
    const load = new Load(processes);
    const clients = GRANTS.flatMap((grant) => Array.from({ length: CLIENTS[grant] }, (_, i) => ({ grant, i })));
    const forms = await Promise.all(clients.map(({ grant }) => load.formOf(grant)));
    load.working = Promise.all(clients.map(({ grant, i }, n) => load.work(grant, i, forms[n] ?? {})));
    await load.progress();
    return load;
  }

  /** Waits until every kind of request, or each of these, has been sent again and answered so. */
  async progress(grants: readonly GrantType[] = GRANTS, status = 200): Promise<void> {
    const from = Date.now();
    const answered = (grant: GrantType) =>
      this.samples.some((sample) => sample.grant === grant && sample.status === status && sample.startedAt >= from);
    await this.until(() => grants.every(answered));
  }

  /** Waits until a request of these kinds that was sent from now on is stuck: without an answer for longer than any took before. */
  async stuck(grants: readonly GrantType[]): Promise<void> {
    const from = Date.now();
    const [least, most] = STUCK_MS;
    const longer = new Map(grants.map((grant) => [grant, Math.min(most, Math.max(least, this.longest(grant)))]));
    const isStuck = ({ grant, startedAt }: Pick<Sample, 'grant' | 'startedAt'>) =>
      startedAt >= from && Date.now() - startedAt > (longer.get(grant) ?? Infinity);
    await this.until(() => [...this.open].some(isStuck));
  }

  /** Waits until nothing fails any more. */
  async steady(): Promise<void> {
    const from = this.samples.length;
    await this.until(() => this.samples.length >= from + STEADY && failed(this.samples.slice(-STEADY)).length === 0);
  }

  /** Resolves when the last request is answered. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.working;
  }

  private longest(kind: GrantType): number {
    return Math.max(0, ...this.samples.filter(({ grant }) => grant === kind).map(({ ms }) => ms));
  }

  private async until(holds: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`The load does not go on: ${JSON.stringify(this.samples.slice(-10))}`);
      await pause(10);
    }
  }

  /** A client's first request; each that refreshes has a family of its own. */
  private async formOf(grant: GrantType): Promise<Form> {
    const { deployment, access } = this.processes;
    const { username, password } = access.demo;
    if (grant === 'client_credentials') return { grant_type: grant };
    if (grant === 'password') return { grant_type: grant, username, password };
    return { grant_type: grant, ...refreshTokenOf(await deployment.passwordToken()) };
  }

  private async work(grant: GrantType, i: number, first: Form): Promise<void> {
    const connection = new Connection(this.processes, i);
    let form = first;
    while (!this.stopping) {
      const answer = await this.take({ grant, client: `${grant} ${i}` }, connection.token(form));
      // A refresh that has failed is tried again with the token it was tried with.
      if (grant === 'refresh_token' && answer?.status === 200) form = { ...form, ...refreshTokenOf(answer) };
      await pause(PAUSE[grant]);
    }
    await connection.close();
  }

  private async take(who: Pick<Sample, 'grant' | 'client'>, request: Promise<Answer>): Promise<Answer | undefined> {
    const startedAt = Date.now();
    const waiting = { ...who, startedAt };
    this.open.add(waiting);
    const note = (what: Pick<Sample, 'status' | 'retryAfter' | 'error'>) =>
      this.samples.push({ ...waiting, ...what, ms: Date.now() - startedAt });
    try {
      const answer = await request;
      const { status, headers, body } = answer;
      note({ status, retryAfter: headers['retry-after'], error: body.error as string | undefined });
      return answer;
    } catch (error) {
      note({ error: String(error) });
      return undefined;
    } finally {
      this.open.delete(waiting);
    }
  }
}

const refreshTokenOf = ({ body }: Answer): { refresh_token: string } => ({
  refresh_token: body.refresh_token as string,
});

/** One connection to one gateway at a time. A request is sent again only when it could not be sent at all. */
class Connection {
  private client: Client;

  constructor(
    private readonly processes: Processes,
    private gateway: number,
  ) {
    this.client = this.open();
  }

  async token(form: Form): Promise<Answer> {
    for (let attempt = 0; ; attempt++)
      try {
        return await this.send(form);
      } catch (error) {
        if (!(error instanceof NotConnected) || attempt === this.processes.gatewayUrls.length) throw error;
        void this.client.destroy();
        this.gateway++;
        this.client = this.open();
      }
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private async send(form: Form): Promise<Answer> {
    const { consumerKey, consumerSecret } = this.processes.access.demo;
    const { statusCode, headers, body } = await this.client.request({
      method: 'POST',
      path: '/token',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64')}`,
      },
      body: new URLSearchParams(form).toString(),
    });
    const text = await body.text();
    return { status: statusCode, headers: headers as Answer['headers'], body: JSON.parse(text), text };
  }

  private open(): Client {
    const { gatewayUrls, deployment } = this.processes;
    const connect = buildConnector({ ca: deployment.ca });
    return new Client(gatewayUrls[this.gateway % gatewayUrls.length] ?? '', {
      connect: (options, done) =>
        connect(options, (...[error, socket]) =>
          error ? done(new NotConnected(error.message, { cause: error }), null) : done(null, socket),
        ),
    });
  }
}
