// `npm run bench`: the figures of bench/README.md, as ratios taken in one run. `--help` says what it takes.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import testing from '../libs/testing/dist/index.js';
import { changes } from './changes.mjs';
import { endpoints } from './endpoints.mjs';
import { closed, open } from './load.mjs';
import { manyApis } from './many-apis.mjs';
import { cpuSeconds, memory } from './processes.mjs';
import { proxies } from './proxy.mjs';
import { basic, clientCredentials, refreshing, signIn } from './requests.mjs';

/** What can be measured by itself. */
const PARTS = {
  tokens: 'client_credentials and refresh_token beside oidc-provider, in one process and over NATS',
  passwords: 'the password grant beside bare argon2id, and what it does to other grants',
  start: 'the first token in a new home, in one process',
  endpoints: 'introspection, revocation and token exchange beside oidc-provider',
  proxy: 'requests through the gateway beside @fastify/http-proxy, nginx and the bare upstream',
  apis: 'a gateway with 50,000 APIs: start, memory, lookups',
  changes: 'how soon changes and revocations hold at three gateways',
};
const HELP = `npm run bench [-- options]; once it is built: node bench/run.mjs [options]

  --only PART[,PART]  these alone
  --seconds N         of each load, 8
  --warm-up N         seconds of it before, 20: what a request runs through is compiled beside the first thousands of them
  --json FILE         where the figures go, bench/results/latest.json

${Object.entries(PARTS)
  .map(([name, what]) => `  ${name.padEnd(10)} ${what}`)
  .join('\n')}

Progress goes to standard error, tables to standard output.`;
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    'warm-up': { type: 'string', default: '20' },
    only: { type: 'string' },
    json: { type: 'string', default: 'bench/results/latest.json' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit();
}
const SECONDS = Number(options.seconds);
const WARM_UP = Number(options['warm-up']);
const CONNECTIONS = 16;
/** Of logins: more than one machine hashes at once, so that it never waits for work. */
const LOGINS = 32;
const USERS = 64;
/** Of logins and bare argon2id in turns. */
const ROUNDS = 5;
const only = options.only?.split(',');
const wanted = (name) => !only || only.includes(name);
const unknown = only?.filter((name) => !(name in PARTS)) ?? [];
if (unknown.length > 0 || !(SECONDS > 0 && WARM_UP > 0)) {
  console.error(unknown.length > 0 ? `--only: there is no ${unknown.join(', ')}\n\n${HELP}` : HELP);
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
const results = {};
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)}  ${text}`);

const rss = (roots) => roots.reduce((sum, root) => sum + memory(root), 0);

/** Closed load, with the CPU seconds of the processes that answer it. */
async function measured(roots, load) {
  await closed({ ...load, seconds: WARM_UP });
  const before = cpuSeconds(roots);
  const result = await closed(load);
  const cpu = cpuSeconds(roots) - before;
  return { ...result, perCpuSecond: (result.perSecond * load.seconds) / cpu };
}

const running = new Set();
function start(args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  const line = new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (text) => text.startsWith('{') && resolve(JSON.parse(text)));
    child.once('exit', () => reject(new Error(`${args[0]} ended early`)));
  });
  return { child, line };
}

async function bareArgon2() {
  const { line } = start(['bench/argon2.mjs', String(SECONDS), '19456', '2']);
  return (await line).perSecond;
}

/** A round of logins between two of bare argon2id, so often that the machine's changes of speed meet both: the one in the middle. */
async function besideBareArgon2(load) {
  const rounds = [];
  let before = await bareArgon2();
  for (let round = 0; round < ROUNDS; round++) {
    const password = await closed(load);
    const after = await bareArgon2();
    const bare = (before + after) / 2;
    rounds.push({ ...password, bareArgon2: bare, ratio: password.perSecond / bare });
    before = after;
  }
  const ratios = rounds.map(({ ratio }) => ratio);
  return { ...rounds.toSorted((a, b) => a.ratio - b.ratio)[ROUNDS >> 1], ratios };
}

/** Logins from another process, which has connected and waits for `begin`. */
async function startStorm(load) {
  const child = spawn(process.execPath, ['bench/storm.mjs'], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  child.stdin.write(`${JSON.stringify(load)}\n`);
  await lines.next();
  return {
    begin: async () => void child.stdin.write('\n'),
    get result() {
      return lines.next().then(({ value }) => JSON.parse(value));
    },
  };
}

/** The same two loads on oidc-provider and on a deployment of ours, one after the other. */
async function tokenLoads(name, roots, origin, ca, headers, refreshTokens, scope) {
  const load = { origin, ca, connections: CONNECTIONS, seconds: SECONDS };
  say(`${name}: client_credentials`);
  const client = await measured(roots, { ...load, next: clientCredentials(headers, scope) });
  say(`${name}: refresh_token`);
  const refresh = await measured(roots, { ...load, ...refreshing(headers, refreshTokens) });
  return { client_credentials: client, refresh_token: refresh };
}

async function oidcProvider() {
  const { certFile, keyFile } = await testing.writeCertificate(scratch);
  const { child, line } = start(['bench/oidc-provider.mjs', certFile, keyFile, String(CONNECTIONS)]);
  const { port, clientId, clientSecret, refreshTokens } = await line;
  const ca = readFileSync(certFile, 'utf8');
  const headers = basic(clientId, clientSecret);
  const found = await tokenLoads(
    'oidc-provider',
    [child.pid],
    `https://localhost:${port}`,
    ca,
    headers,
    refreshTokens,
    '&scope=read',
  );
  child.kill();
  return found;
}

/** Users of the demo organization, made through the command line's own API calls. */
async function makeUsers(deployment) {
  const made = [];
  for (let n = 0; n < USERS; n++) {
    const username = `bench-${n}`;
    const { password } = await deployment.cliJson('users', 'create', username, '--org', deployment.demo.organization);
    made.push({ username: `${username}@${deployment.demo.organization}`, password });
  }
  return made;
}

async function refreshTokensOf(deployment) {
  const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => deployment.passwordToken()));
  return answers.map(({ body }) => body.refresh_token);
}

async function processes() {
  const up = performance.now();
  const cluster = await testing.startProcesses();
  const startSeconds = (performance.now() - up) / 1000;
  try {
    const { deployment, services } = cluster;
    const roots = Object.values(services)
      .flat()
      .map((service) => service.pid);
    const { consumerKey, consumerSecret } = deployment.demo;
    const headers = basic(consumerKey, consumerSecret);
    const at = { origin: deployment.baseUrl, ca: deployment.ca };
    const found = { startSeconds };

    if (wanted('tokens')) {
      const all = [...roots, cluster.nats.pid, cluster.postgres.pid].filter(Boolean);
      Object.assign(
        found,
        await tokenLoads('Keyward over NATS', all, at.origin, at.ca, headers, await refreshTokensOf(deployment)),
      );
    }
    if (wanted('passwords')) {
      say('Keyward over NATS: making users');
      const users = await makeUsers(deployment);
      const load = { ...at, connections: LOGINS, seconds: SECONDS, next: signIn(headers, users) };
      await closed({ ...load, seconds: WARM_UP });
      say(`bare argon2id and the password grant in turns, ${ROUNDS} times`);
      found.password = await besideBareArgon2(load);

      say('client_credentials at 200/s: quiet, then beside logins at twice their capacity');
      const steady = { ...at, rate: 200, seconds: SECONDS, next: clientCredentials(headers) };
      const quiet = await open(steady);
      const rate = Math.round(found.password.perSecond * 2);
      const logins = await startStorm({ ...at, rate, seconds: SECONDS, connections: 256, headers, users });
      const [storm, login] = await Promise.all([open({ ...steady, begin: logins.begin }), logins.result]);
      found.storm = {
        quietP95: quiet.p95,
        stormP95: storm.p95,
        ratio: storm.p95 / quiet.p95,
        quiet,
        storm,
        logins: login,
      };
    }
    found.memory = Object.fromEntries(Object.entries(services).map(([name, [one]]) => [name, memory(one.pid)]));
    return found;
  } finally {
    await cluster.stop();
  }
}

async function standalone() {
  const up = performance.now();
  const one = await testing.startStandalone();
  try {
    const { deployment } = one;
    await deployment.passwordToken();
    const postmaster = readFileSync(join(one.home, 'postgres', 'postmaster.pid'), 'utf8');
    const roots = [one.process.pid, Number(postmaster.split('\n', 1)[0])];
    const found = { startToFirstTokenSeconds: (performance.now() - up) / 1000 };
    const { consumerKey, consumerSecret } = deployment.demo;
    const headers = basic(consumerKey, consumerSecret);
    found.memoryIdle = rss(roots);
    if (wanted('tokens'))
      Object.assign(
        found,
        await tokenLoads(
          'Keyward standalone',
          roots,
          deployment.baseUrl,
          deployment.ca,
          headers,
          await refreshTokensOf(deployment),
        ),
      );
    found.memoryLoaded = rss(roots);
    return found;
  } finally {
    await one.stop();
  }
}

try {
  results.machine = {
    cores: availableParallelism(),
    node: process.version,
    seconds: SECONDS,
    warmUp: WARM_UP,
    connections: CONNECTIONS,
  };
  if (wanted('tokens')) results.oidcProvider = await oidcProvider();
  if (wanted('proxy')) results.proxy = await proxies({ seconds: SECONDS, say, start, scratch });
  if (wanted('endpoints')) results.endpoints = await endpoints({ seconds: SECONDS, say, start, measured, scratch });
  if (wanted('tokens') || wanted('passwords')) results.processes = await processes();
  if (wanted('tokens') || wanted('start')) results.standalone = await standalone();
  if (wanted('tokens')) results.oidcProviderAgain = await oidcProvider();
  if (wanted('apis')) results.apis = await manyApis({ say });
  if (wanted('changes')) results.changes = await changes({ say });
  mkdirSync(dirname(options.json), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  const { print } = await import('./table.mjs');
  print(results);
} finally {
  for (const child of running) child.kill();
  rmSync(scratch, { recursive: true, force: true });
}
