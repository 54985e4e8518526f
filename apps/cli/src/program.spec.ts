import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Command } from 'commander';
import { type Demo, demoFileIn, writeDemo } from './demo-file';
import { keyward, run } from './program';

interface Seen {
  method: string;
  url: string;
  authorization?: string;
  body: string;
}

const operator = { KEYWARD_ADMIN_PASSWORD: 'the password of admin', KEYWARD_CLI_SECRET: 's:e+cret' };
const signedIn = { access_token: 'kat_1', scope: 'keyward:manage', token_type: 'Bearer', expires_in: 3600 };

let server: Server;
let url: string;
let seen: Seen[];
let answers: Record<string, [number, unknown]>;

/** A server of the test's own that answers what the test says and keeps what it was asked. */
async function answer(request: IncomingMessage): Promise<[number, unknown]> {
  const { method = '', url = '', headers } = request;
  seen.push({ method, url, authorization: headers.authorization, body: await text(request) });
  return answers[`${method} ${url}`] ?? [404, { code: 'not_found', title: 'Not Found', detail: 'no such thing' }];
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void answer(request).then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body === '' ? '' : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  seen = [];
  answers = { 'POST /token': [200, signedIn] };
});

async function cli(args: string[], env: Record<string, string> = operator, input = '') {
  let out = '';
  let err = '';
  const code = await run(args, {
    env: { KEYWARD_URL: url, KEYWARD_HOME: '/nonexistent', ...env },
    stdin: Readable.from([input]),
    out: (text) => (out += text),
    err: (text) => (err += text),
  });
  return { code, out, err };
}

const johnsorg = {
  key: 'johnsorg',
  name: 'John',
  state: 'active',
  passwordGrant: true,
  pkce: 'all',
  compatibilityProfile: 'rfc',
  highAssurance: false,
  clientRegistration: 'closed',
  dpopNonce: false,
  createdAt: '2025-11-21',
};

describe('signing in', () => {
  it('is the password grant of keyward-cli for the management scope', async () => {
    answers['GET /api/v1/organizations/johnsorg'] = [200, johnsorg];
    expect(await cli(['orgs', 'show', 'johnsorg'])).toMatchObject({ code: 0, err: '' });
    expect(seen[0]).toMatchObject({
      url: '/token',
      authorization: `Basic ${Buffer.from('keyward-cli:s%3Ae%2Bcret').toString('base64')}`,
      body: 'grant_type=password&username=admin&password=the+password+of+admin&scope=keyward%3Amanage',
    });
    expect(seen[1]?.authorization).toBe('Bearer kat_1');
  });

  it.each([
    [[401, { error: 'invalid_client' }], /KEYWARD_CLI_SECRET/],
    [[400, { error: 'invalid_grant' }], /KEYWARD_ADMIN_PASSWORD/],
    [[200, { ...signedIn, scope: 'default' }], /role operator/],
    [[503, { error: 'temporarily_unavailable' }], /Try again/],
  ] as [[number, unknown], RegExp][])('answers %j with what to do', async (refusal, advice) => {
    answers['POST /token'] = refusal;
    expect(await cli(['orgs', 'list'])).toMatchObject({ code: 1, out: '', err: expect.stringMatching(advice) });
  });

  it('says which secrets are missing', async () => {
    expect(await cli(['orgs', 'list'], {})).toMatchObject({
      code: 1,
      err: expect.stringContaining('KEYWARD_CLI_SECRET'),
    });
    expect(seen).toEqual([]);
  });
});

describe('the server', () => {
  const home = mkdtempSync(join(tmpdir(), 'keyward-cli-'));
  afterAll(() => rmSync(home, { recursive: true }));
  const admin = { organization: 'root', username: 'admin', password: 'p', consumerKey: 'keyward-cli' };
  const demo = (tokenUrl: string) =>
    ({ tokenUrl, username: 'j@x@johnsorg', password: 'pw', consumerKey: 'k', consumerSecret: 'cs', admin }) as Demo;

  it('is the one of the home, with the home’s secrets', async () => {
    writeDemo(demoFileIn(home), demo(`${url}/token`));
    expect(statSync(join(home, 'demo.json')).mode & 0o777).toBe(0o600);
    const { code } = await cli(['token'], { KEYWARD_HOME: home, KEYWARD_URL: url });
    expect(code).toBe(0);
    expect(seen[0]?.body).toBe('grant_type=password&username=j%40x%40johnsorg&password=pw');
  });

  it('gets no secrets of another server’s home', async () => {
    writeDemo(demoFileIn(home), demo('https://localhost:9443/token'));
    expect((await cli(['token'], { KEYWARD_HOME: home })).code).toBe(2);
    expect((await cli(['orgs', 'list'], { KEYWARD_HOME: home })).code).toBe(1);
    expect(seen).toEqual([]);
  });

  it.each(['ftp://localhost', 'localhost:8243', 'http://keyward.example'])('is never %s', async (other) => {
    expect((await cli(['orgs', 'list', '--url', other])).code).toBe(2);
  });

  it('that does not answer is named', async () => {
    const { code, err } = await cli(['orgs', 'list', '--url', 'https://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(err).toMatch(/https:\/\/127\.0\.0\.1:1 does not answer \(ECONNREFUSED\)/);
  });
});

describe('the commands', () => {
  it('print tables, over all pages, and let no control characters through', async () => {
    const evil = { ...johnsorg, key: 'b', name: '\u001b[2J' };
    answers['GET /api/v1/organizations?limit=200'] = [200, { items: [johnsorg], next: 'johnsorg' }];
    answers['GET /api/v1/organizations?limit=200&after=johnsorg'] = [200, { items: [evil] }];
    const { out } = await cli(['organizations', 'list']);
    expect(out).toBe(
      [
        'KEY       NAME  STATE   PASSWORD GRANT  PKCE            PROFILE  HIGH ASSURANCE  REGISTRATION  DPOP NONCES  CREATED',
        'johnsorg  John  active  on              of all clients  rfc      off             closed        off          2025-11-21',
        'b         ?[2J  active  on              of all clients  rfc      off             closed        off          2025-11-21',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await cli(['orgs', 'list', '--json'])).out)).toEqual([johnsorg, evil]);
  });

  it('encode what they put into a path', async () => {
    await cli(['users', 'show', 'a/../b@c', '--org', 'x/y']);
    expect(seen[1]?.url).toBe('/api/v1/organizations/x%2Fy/users/a%2F..%2Fb%40c');
  });

  it('take a name that begins with a hyphen after --, and say so', async () => {
    expect(await cli(['users', 'show', '-ann', '--org', 'x'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/unknown option '-ann'\n.*after --\)/),
    });
    await cli(['users', 'show', '--org', 'x', '--', '-ann']);
    expect(seen[1]?.url).toBe('/api/v1/organizations/x/users/-ann');
  });

  it('read secrets from standard input', async () => {
    const users = '/api/v1/organizations/johnsorg/users';
    answers[`POST ${users}`] = [201, { user: { username: 'ann', profile: {} } }];
    const args = ['users', 'create', 'ann', '--org', 'johnsorg', '--roles', 'a,b', '--password-stdin'];
    expect((await cli(args, operator, 'correct horse battery\n')).code).toBe(0);
    expect(JSON.parse(seen[1]?.body ?? '')).toEqual({
      username: 'ann',
      password: 'correct horse battery',
      roles: ['a', 'b'],
    });
    expect((await cli(args, operator, '')).code).toBe(2);
  });

  it('show a generated secret on standard output and the warning beside it', async () => {
    const key = { consumerKey: 'abc', grantTypes: [], secrets: [] };
    answers['POST /api/v1/organizations/johnsorg/keys/abc/rotate-secret'] = [200, { key, consumerSecret: 'new' }];
    const { out, err } = await cli(['keys', 'rotate-secret', 'abc', '--org', 'johnsorg', '--overlap', '0']);
    expect(out).toMatch(/^Consumer secret +new$/m);
    expect(err).toMatch(/shown this once/);
    expect(seen[1]?.body).toBe('{"overlap":0}');
  });

  it('take a setting away that is given as nothing', async () => {
    const key = { consumerKey: 'abc', grantTypes: [], secrets: [] };
    answers['PATCH /api/v1/organizations/johnsorg/keys/abc'] = [200, key];
    const lifetimes = ['--access-token-lifetime', '', '--refresh-token-lifetime', '', '--password-grant-sunset', ''];
    const { code } = await cli(['keys', 'update', 'abc', '--org', 'johnsorg', ...lifetimes]);
    expect([code, JSON.parse(seen[1]?.body ?? '')]).toEqual([
      ...[0, { accessTokenLifetime: null, refreshTokenLifetime: null, passwordGrantSunset: null }],
    ]);
  });

  it.each([
    ['this key is taken', 'keyward: This key is taken. Choose another name, or show or update the one there is.\n'],
    ['there is a role of this name', expect.stringMatching(/Choose another name/)],
    ['a client has 50 valid secrets at most', 'keyward: A client has 50 valid secrets at most.\n'],
    ['this plan is in use', 'keyward: This plan is in use.\n'],
  ])('answer a conflict, %s, with what helps', async (detail, err) => {
    answers['POST /api/v1/organizations'] = [409, { code: 'conflict', title: 'Conflict', detail }];
    expect(await cli(['orgs', 'create', 'johnsorg', '--name', 'John'])).toEqual({ code: 1, out: '', err });
  });

  it.each([
    [['orgs', 'show', 'nobody'], 1, /No such thing\. See what there is/],
    [['users', 'list'], 2, /--org/],
    [['orgs', 'update', 'johnsorg'], 2, /Nothing to change/],
    [['orgs', 'update', 'johnsorg', '--password-grant', 'maybe'], 2, /on or off/],
    [['keys', 'rotate-secret', 'x', '--org', 'o', '--overlap', '1h'], 2, /whole number of seconds/],
    [['keys', 'generate', 'x', '--org', 'o', '--consumer-secret-stdin'], 2, /--consumer-key/],
    [['nonsense'], 2, /unknown command/],
    [['orgs'], 2, /Usage/],
  ] as [string[], number, RegExp][])('answer %j with exit code %i', async (args, code, err) => {
    expect(await cli(args)).toMatchObject({ code, err: expect.stringMatching(err) });
  });

  it('all have a help with examples', async () => {
    const names: string[][] = [];
    const walk = (command: Command, above: string[]) => {
      for (const sub of command.commands) walk(sub, [...above, sub.name()]);
      if (command.commands.length === 0) names.push(above);
    };
    const terminal = { env: {}, stdin: Readable.from([]), out: () => undefined, err: () => undefined };
    walk(keyward(terminal), []);
    expect(names.length).toBeGreaterThanOrEqual(82);
    for (const name of names) {
      const { code, out } = await cli([...name, '--help']);
      expect(code).toBe(0);
      expect(out).toContain(`$ keyward ${name.join(' ').replace('organizations', 'orgs')}`);
    }
  });
});
