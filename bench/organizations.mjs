// Many organizations: `node bench/organizations.mjs [how many, 10000]`. Each gets an application with a key pair through the
// management API, then its first access token, for which its signing key is made, and a second one. Prints one JSON object.
import { readFileSync } from 'node:fs';
import { Client } from 'undici';
import testing from '../libs/testing/dist/index.js';
import { memory } from './processes.mjs';
import { basic, clientCredentials } from './requests.mjs';

const COUNT = Number(process.argv[2] ?? 10_000);
const AT_ONCE = 16;
/** Who waits for a first token does not compete with many others for the machine. */
const ASKING = 2;
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)}  ${text}`);

const cluster = await testing.startProcesses();
const { deployment, services, access } = cluster;
const ca = readFileSync(access.caFile, 'utf8');
const connect = () => new Client(deployment.baseUrl, { connect: { ca, servername: 'localhost' }, pipelining: 1 });

/** Does something for each, so many at a time, each worker with its connection. */
async function forEach(items, atOnce, work) {
  const waiting = items.entries();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      const client = connect();
      for (const [n, item] of waiting) await work(client, item, n);
      await client.close();
    }),
  );
}

async function send(client, { method = 'POST', path, headers, body }) {
  const answer = await client.request({ method, path, headers, body });
  const json = await answer.body.json();
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${JSON.stringify(json)}`);
  return json;
}

async function makeOrganizations() {
  const { username, password, consumerKey, consumerSecret } = deployment.demo.admin;
  const form = { grant_type: 'password', username, password, scope: 'keyward:manage' };
  const { body } = await deployment.send('/token', { form, basic: [consumerKey, consumerSecret] });
  const headers = { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/json' };
  const post = (client, path, json) =>
    send(client, { path: `/api/v1/organizations${path}`, headers, body: JSON.stringify(json) });
  const made = [];
  await forEach(Array.from({ length: COUNT }), AT_ONCE, async (client, _, n) => {
    const key = `org-${n}`;
    await post(client, '', { key });
    await post(client, `/${key}/applications`, { name: 'app' });
    const grantTypes = ['client_credentials'];
    const pair = await post(client, `/${key}/applications/app/keys`, { kind: 'production', grantTypes });
    made.push(clientCredentials(basic(pair.key.consumerKey, pair.consumerSecret))());
    if (made.length % 2000 === 0) say(`${made.length} organizations`);
  });
  return made;
}

/** A token of each; milliseconds. */
async function tokens(requests) {
  const took = [];
  await forEach(requests, ASKING, async (client, request) => {
    const sent = performance.now();
    await send(client, request);
    took.push(performance.now() - sent);
  });
  took.sort((a, b) => a - b);
  const at = (q) => Number(took[Math.floor((took.length - 1) * q)].toFixed(1));
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}

const memories = () =>
  Object.fromEntries(Object.entries(services).map(([name, [{ pid }]]) => [name, Math.round(memory(pid))]));

try {
  const found = { organizations: COUNT, mebibytes: { empty: memories() } };
  const requests = await makeOrganizations();
  found.mebibytes.made = memories();
  say('the first token of each');
  found.firstToken = await tokens(requests);
  say('the second');
  found.secondToken = await tokens(requests);
  found.mebibytes.issued = memories();
  say('token service and key manager start again');
  const down = performance.now();
  for (const instance of [...services['key-manager'], ...services.token]) {
    await instance.kill('SIGTERM');
    await instance.start();
  }
  found.restartSeconds = Number(((performance.now() - down) / 1000).toFixed(1));
  found.firstTokenAfterStart = await tokens(requests);
  found.mebibytes.startedAgain = memories();
  console.log(JSON.stringify(found, undefined, 2));
} finally {
  await cluster.stop();
}
