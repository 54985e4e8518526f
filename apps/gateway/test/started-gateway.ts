import { LocalExchange, type Call, type Reply } from '@keyward/bus';
import {
  apiKeys,
  apis,
  applicationPlans,
  clientRevocations,
  consumerKeyChanges,
  denyRules,
  organizations,
  plans,
  recordUsage,
  subscriptions,
  tokenRevocations,
  trustedIssuers,
  userRevocations,
  type Change,
  type Feed,
  type Organization,
  type Rpc,
  type ServiceError,
} from '@keyward/contracts';
import {
  BusSettings,
  createLogger,
  OAuthSettings,
  ProcessSettings,
  ProxySettings,
  ServerSettings,
  type State,
} from '@keyward/runtime';
import { Agent, request } from 'undici';
import type { GatewayConfig } from '../src/config';
import { startGateway, type Gateway } from '../src/start';
import { certificate } from './certificate';

const organization = (number: number, key: string, changes: Partial<Organization> = {}): Organization => ({
  id: `00000000-0000-7000-8000-00000000000${number}`,
  key,
  name: key,
  state: 'active',
  passwordGrant: true,
  pkce: 'all',
  compatibilityProfile: 'rfc',
  highAssurance: false,
  clientRegistration: 'closed',
  dpopNonce: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  ...changes,
});

export const ROOT = organization(1, 'root');
export const JOHNSORG = organization(2, 'johnsorg');
export const SUSPENDED = organization(3, 'suspended', { state: 'suspended' });
export const NO_PASSWORDS = organization(4, 'no-passwords', { passwordGrant: false });

/** What a service's answer is made from: of its request, or an error to throw. */
type Handler<Req, Res> = (request: Req, call: Call) => Res | Promise<Res>;

/** The other side of the wire: services that say what a test wants them to say. */
export class Services {
  readonly exchange = new LocalExchange();
  private readonly wire = this.exchange.wire();
  private readonly handlers = new Map<string, Handler<never, object>>();
  private readonly positions = new Map<string, number>();

  constructor(records: Organization[] = [ROOT, JOHNSORG, SUSPENDED, NO_PASSWORDS]) {
    this.on(organizations.position, () => ({ position: 0 }));
    this.on(organizations.since, () => ({ changes: [], more: false, gone: false }));
    const all = records.map((record) => ({ id: record.id, record }));
    this.on(organizations.snapshot, ({ after }) => ({ position: 0, records: after ? [] : all, more: false }));
    for (const feed of [tokenRevocations, userRevocations, clientRevocations]) this.tell(feed, {});
    this.tell(apis, {});
    this.tell(subscriptions, {});
    this.tell(consumerKeyChanges, {});
    this.on(recordUsage, () => ({}));
    this.tell(apiKeys, {});
    this.tell(trustedIssuers, {});
    this.tell(plans, {});
    this.tell(applicationPlans, {});
    this.tell(denyRules, {});
  }

  /** What a feed's snapshot has in it. */
  tell<R extends object>(feed: Feed<R>, records: Record<string, R>): void {
    const all = Object.entries(records).map(([id, record]) => ({ id, record }));
    this.positions.set(feed.name, 0);
    this.on(feed.since, () => ({ changes: [], more: false, gone: false }));
    this.on(feed.snapshot, ({ after }) => ({ position: 0, records: after ? [] : all, more: false }));
  }

  /** Says one change. */
  change<R extends object>(feed: Feed<R>, id: string, record: R | null): void {
    const position = (this.positions.get(feed.name) ?? 0) + 1;
    this.positions.set(feed.name, position);
    this.wire.publish(feed.changed.subject, { position, id, record } satisfies Change<R>);
  }

  on<Req extends object, Res extends object>({ subject }: Rpc<Req, Res>, handler: Handler<Req, Res>): void {
    if (!this.handlers.has(subject))
      this.wire.respond(subject, 'test', (body, call) => this.answer(subject, body, call));
    this.handlers.set(subject, handler);
  }

  private async answer(subject: string, body: unknown, call: Call): Promise<Reply> {
    try {
      return { ok: await this.handlers.get(subject)?.(body as never, call) };
    } catch (error) {
      const { code, description, retryAfter, dpopNonce } = error as ServiceError;
      return { error: { code, description, retryAfter, dpopNonce } };
    }
  }
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body when it is JSON. */
  json: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- Tests look into whatever was answered.
}

export interface Asked {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

export interface TestGateway extends Gateway {
  lines: string[];
  ask(path: string, asked?: Asked): Promise<Answer>;
  /** Posts a form. */
  post(path: string, form: string | Record<string, string>, headers?: Asked['headers']): Promise<Answer>;
}

export type TestSettings = { [K in keyof GatewayConfig]?: Partial<GatewayConfig[K]> };

/** A gateway on a free port of this machine, in front of `services` or of what its settings name. */
export async function testGateway(
  services?: Services,
  settings: TestSettings = {},
  until: State = 'ready',
): Promise<TestGateway> {
  const { cert, certFile, keyFile } = await certificate();
  const config: GatewayConfig = {
    process: Object.assign(new ProcessSettings(), { production: false }, settings.process),
    server: Object.assign(
      new ServerSettings(),
      { offset: -8243, publicUrl: 'https://id.example', host: '127.0.0.1', tlsCertFile: certFile, tlsKeyFile: keyFile },
      settings.server,
    ),
    bus: Object.assign(new BusSettings(), settings.bus),
    oauth: Object.assign(new OAuthSettings(), settings.oauth),
    proxy: Object.assign(new ProxySettings(), { upstreamPrivateAddresses: true }, settings.proxy),
  };
  const lines: string[] = [];
  const logger = createLogger('gateway', {
    level: 'debug',
    stream: { write: (line: string) => void lines.push(line) },
  });
  const gateway = await startGateway(config, services?.exchange.wire(), logger);
  while ((await gateway.ready()).status !== until) await new Promise(setImmediate);

  const dispatcher = new Agent({ connect: { ca: cert } });
  let closed: Promise<void> | undefined;
  const ask = async (path: string, { method = 'GET', headers, body }: Asked = {}): Promise<Answer> => {
    const answer = await request(gateway.url + path, { dispatcher, method: method as 'GET', headers, body });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).includes('json') && text !== '';
    return { status: answer.statusCode, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
  };
  return {
    ...gateway,
    lines,
    ask,
    post: (path, form, headers) =>
      ask(path, {
        method: 'POST',
        body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      }),
    // A test may have closed it already.
    close: () => (closed ??= Promise.all([gateway.close(), dispatcher.close()]).then(() => undefined)),
  };
}
