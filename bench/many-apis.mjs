// Many organizations with APIs of their own: `node bench/run.mjs --only apis`. What a gateway needs to start with them and to hold
// them, and how long the first and the hundredth request to an organization take.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { Client } from 'undici';
import testing from '../libs/testing/dist/index.js';
import { memory } from './processes.mjs';

/** Organizations that are asked, and how often each. */
const [ASKED, TIMES] = [200, 100];

/** Seconds and memory without and with them, and medians of lookups in milliseconds. */
export async function manyApis({ say, organizations = 10_000, each = 5 }) {
  const upstream = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const cluster = await testing.startProcesses();
  try {
    const [gateway] = cluster.services.gateway;
    say('a gateway without APIs');
    const without = { startMs: await restart(gateway), mib: memory(gateway.pid) };
    say(`${organizations} organizations with ${each} APIs each`);
    await insert(cluster, `http://127.0.0.1:${upstream.address().port}`, organizations, each);
    say('a gateway with them');
    const full = { startMs: await restart(gateway), mib: memory(gateway.pid) };
    say('lookups');
    const { first, hundredth } = await lookups(cluster, organizations);
    return { organizations, apis: organizations * each, without, with: full, first, hundredth };
  } finally {
    await cluster.stop();
    upstream.closeAllConnections();
    upstream.close();
  }
}

async function restart(gateway) {
  await gateway.kill();
  const start = performance.now();
  await gateway.start();
  return Math.round(performance.now() - start);
}

/** As they are stored; how they come about through the management API is not what is measured. */
async function insert(cluster, url, organizations, each) {
  const client = new pg.Client({ connectionString: cluster.postgres.adminUrl });
  await client.connect();
  await client.query(
    `INSERT INTO directory.organizations (id, key, name)
       SELECT gen_random_uuid(), 'many-' || n, 'Many' FROM generate_series(1, $1) n`,
    [organizations],
  );
  const resource = (verb, template, authentication, scopes = []) => ({ verb, template, authentication, scopes });
  const resources = [
    resource('GET', '/open', 'none'),
    resource('GET', '/orders', 'any', ['read']),
    resource('POST', '/orders', 'user', ['update']),
    resource('GET', '/orders/{id}', 'any', ['read']),
    resource('DELETE', '/orders/{id}', 'user', ['update']),
  ];
  await client.query(
    `INSERT INTO catalog.apis (organization_id, id, name, version, context, description, is_default, state, visibility, visible_to,
         upstreams, resources, backend_token, subscription_required, approval_required, created_at, updated_at)
       SELECT o.id, gen_random_uuid(), 'api-' || n, '1.0', '/api-' || n, '', true, 'PUBLISHED', 'organization', '{}', $2, $3, false,
         true, false, now(), now()
       FROM directory.organizations o, generate_series(1, $1) n WHERE o.key LIKE 'many-%'`,
    [each, JSON.stringify({ production: url }), JSON.stringify(resources)],
  );
  await client.end();
}

/** Medians, milliseconds, of requests one after the other. */
async function lookups(cluster, organizations) {
  const ca = readFileSync(cluster.access.caFile, 'utf8');
  const client = new Client(cluster.deployment.baseUrl, { connect: { ca, servername: 'localhost' } });
  const ask = async (n) => {
    const start = performance.now();
    const { statusCode, body } = await client.request({ method: 'GET', path: `/t/many-${n}/api-1/1.0/open` });
    await body.dump();
    if (statusCode !== 200) throw new Error(`${statusCode} for ${n}`);
    return performance.now() - start;
  };
  for (let n = 0; n < 500; n++) await ask(organizations); // warms compiled code and connections, not what is asked below
  const [first, hundredth] = [[], []];
  for (let n = 1; n <= ASKED; n++) first.push(await ask(n));
  for (let time = 2; time < TIMES; time++) for (let n = 1; n <= ASKED; n += 20) await ask(n);
  for (let n = 1; n <= ASKED; n++) hundredth.push(await ask(n));
  await client.close();
  const median = (all) => Number(all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)].toFixed(2));
  return { first: median(first), hundredth: median(hundredth) };
}
