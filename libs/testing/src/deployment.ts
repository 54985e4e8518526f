import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** The repository. */
export const ROOT = join(__dirname, '../../..');
/** The built main.js of an app, or another of its files. */
export const entryOf = (app: string, file = 'main.js'): string => join(ROOT, 'apps', app, 'dist', file);

/** The suite runs on machines that have other work as well; what overload is answered with is tested elsewhere. */
const PATIENCE_MS = 20_000;

/** A user and a consumer key that together get tokens. */
export interface DemoCredentials {
  organization: string;
  /** The whole login name. */
  username: string;
  password: string;
  consumerKey: string;
  consumerSecret: string;
}

/** What `keyward demo` prints. */
export interface Demo extends DemoCredentials {
  tokenUrl: string;
  issuer: string;
  admin: DemoCredentials;
  /** Of `npm start` alone. */
  relyingParty?: { url: string; consumerKey: string; redirectUri: string };
  /** Resources of a sample API, where there is one: `GET readUrl` needs `read`, `PUT updateUrl` needs `update`. */
  api?: { readUrl: string; updateUrl: string };
}

/** How specs reach a deployment; plain data, so that it can be handed to the workers of a test run. */
export interface Access {
  target: 'standalone' | 'processes' | 'remote';
  /** Scheme, host and port of a gateway. */
  baseUrl: string;
  /** PEM file to check its certificate against; the system's authorities when absent. */
  caFile?: string;
  /** Where all that its processes write can be read; unknown of one that was there already. */
  directory?: string;
  /** What this machine is called where the deployment runs; absent where that is here. */
  host?: string;
  /** A certificate for this machine that the deployment believes where it fetches from other servers. */
  trusted?: { certFile: string; keyFile: string };
  demo: Demo;
}

/** A request; at most one of the bodies. */
export interface SendOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';
  headers?: Record<string, string>;
  /** `POST`ed as a form. Pairs, when a name occurs twice. */
  form?: Record<string, string> | [string, string][];
  json?: unknown;
  /** As it is; the headers say what it is. */
  body?: string;
  /** Client credentials for the Basic header, encoded as RFC 6749 §2.3.1 has it. */
  basic?: [clientId: string, clientSecret: string];
  bearer?: string;
}

/** An answer; `body` is what its JSON says, or its text. */
export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs look into whatever came
  body: any;
  text: string;
}

/** What the keyward command printed, and its exit code. */
export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A running Keyward, spoken to over HTTP and by its command line only. */
export class Deployment {
  /** The certificate's authority, for clients that a spec brings. */
  readonly ca?: string;
  private readonly agent: Agent;

  /** `patience`: for how long a request is sent again, as it is asked for, where the answer is 503; milliseconds. */
  constructor(
    readonly access: Access,
    private readonly patience = 0,
  ) {
    this.ca = access.caFile === undefined ? undefined : readFileSync(access.caFile, 'utf8');
    this.agent = new Agent({ connect: { ca: this.ca } });
  }

  get baseUrl(): string {
    return this.access.baseUrl;
  }

  get demo(): Demo {
    return this.access.demo;
  }

  /** The client credentials of the demo organization's application. */
  get basic(): [string, string] {
    return [this.demo.consumerKey, this.demo.consumerSecret];
  }

  /** A request to a path, or to the whole URL of another gateway. */
  async send(path: string, options: SendOptions = {}): Promise<Answer> {
    const end = Date.now() + this.patience;
    for (;;) {
      const answer = await this.ask(path, options);
      const { 'retry-after': seconds } = answer.headers;
      if (answer.status !== 503 || !seconds || Date.now() > end) return answer;
      await pause(Number(seconds) * 1000);
    }
  }

  private async ask(path: string, options: SendOptions): Promise<Answer> {
    const body = options.form ? new URLSearchParams(options.form).toString() : bodyOf(options);
    const answer = await request(new URL(path, this.baseUrl), {
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...headersOf(options), ...options.headers },
      body,
      dispatcher: this.agent,
    });
    const headers = Object.entries(answer.headers).map(([name, value]) => [name, value?.toString()]);
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(headers) as Answer['headers'],
      body: parse(text),
      text,
    };
  }

  /** `POST /token` by the demo application. */
  token(form: Record<string, string>): Promise<Answer> {
    return this.send('/token', { form, basic: this.basic });
  }

  /** The password grant of the demo user. */
  passwordToken(extra: Record<string, string> = {}): Promise<Answer> {
    const { username, password } = this.demo;
    return this.token({ grant_type: 'password', username, password, ...extra });
  }

  /** Runs the keyward command as the operator. */
  cli(args: readonly string[], input = ''): Promise<CliResult> {
    const { baseUrl, caFile, demo } = this.access;
    return runCli(args, operatorEnv(baseUrl, demo.admin, caFile), input);
  }

  /** The JSON that the command prints; throws with what it says when it fails. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs look into whatever came
  async cliJson(...args: string[]): Promise<any> {
    const { code, stdout, stderr } = await this.cli([...args, '--json']);
    if (code !== 0) throw new Error(`keyward ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  }
}

/** The deployment of this test run; e2e-setup has started or found it. */
export function deployment(): Deployment {
  const access = process.env['KEYWARD_DEPLOYMENT'];
  if (!access) throw new Error('There is no deployment: run with --selectProjects e2e.');
  return new Deployment(JSON.parse(access) as Access, PATIENCE_MS);
}

/** What the built keyward command is to this process. */
interface Command {
  run: (args: readonly string[], terminal: object) => Promise<number>;
}

/** Runs the built keyward command in this process, which saves the start of another; `hear` is told what it says as it says it. */
export async function runCli(
  args: readonly string[],
  env: Record<string, string>,
  input = '',
  hear: (said: string) => void = () => undefined,
): Promise<CliResult> {
  const { run } = (await import(entryOf('cli', 'program.js'))) as Command;
  const said = { stdout: '', stderr: '' };
  const code = await run(args, {
    env: { ...plainEnv(), KEYWARD_HOME: '/nonexistent', ...env },
    stdin: Readable.from([input]),
    out: (text: string) => (said.stdout += text),
    err: (text: string) => hear((said.stderr += text)),
  });
  return { code, ...said };
}

/** What the keyward command needs to be the operator of a server. */
export const operatorEnv = (
  url: string,
  admin: Pick<DemoCredentials, 'password' | 'consumerSecret'>,
  caFile?: string,
): Record<string, string> => ({
  KEYWARD_URL: url,
  KEYWARD_ADMIN_PASSWORD: admin.password,
  KEYWARD_CLI_SECRET: admin.consumerSecret,
  ...(caFile === undefined ? {} : { KEYWARD_CA_FILE: caFile }),
});

/** The variables that any process needs: no setting of whoever runs the tests reaches what is tested. */
export function plainEnv(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function bodyOf({ json, body }: SendOptions): string | undefined {
  return json === undefined ? body : JSON.stringify(json);
}

function headersOf({ form, json, basic, bearer }: SendOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (form) headers['content-type'] = 'application/x-www-form-urlencoded';
  if (json !== undefined) headers['content-type'] = 'application/json';
  if (basic)
    headers['authorization'] = `Basic ${Buffer.from(basic.map(encodeURIComponent).join(':')).toString('base64')}`;
  if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`;
  return headers;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
