// `npm run test:compose`: docker-compose.yml really run, from `npm run env` to the end-to-end suite, with PostgreSQL and NATS
// going away and coming late. In a project of its own, removed at the end; needs Docker and the port 8243.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import testing from '../libs/testing/dist/index.js';

const PROJECT = 'keyward-check';
const URL = 'https://localhost:8243';
/** What this machine is called in the containers. */
const HOST = 'suite.internal';
const SERVICES = ['directory', 'key-manager', 'catalog', 'token', 'gateway'];
const scratch = mkdtempSync(join(tmpdir(), 'keyward-compose-'));
const demoFile = join(scratch, 'demo.json');
const logFile = join(scratch, 'log');
const log = openSync(logFile, 'a');

const quiet = {
  stdio: ['ignore', 'pipe', log],
  encoding: 'utf8',
  env: { ...process.env, ADDRESS_FAILURES: '1000000' },
};
const docker = (...args) => execFileSync('docker', args, quiet).trim();
const [command, ...first] =
  spawnSync('docker', ['compose', 'version']).status === 0 ? ['docker', 'compose'] : ['docker-compose'];
const files = ['-f', 'docker-compose.yml', '-f', join(scratch, 'suite.yml')];
const compose = (...args) => execFileSync(command, [...first, '-p', PROJECT, ...files, ...args], quiet).trim();
const containerOf = (service) => compose('ps', '-q', service);

/**
 * What the suite needs besides: containers find the servers of the specs, which stand for those of other people, at this machine
 * and believe them. Production refuses to fetch from addresses like its own.
 */
async function suiteFile() {
  const { certFile } = await testing.writeCertificate(scratch, HOST);
  chmodSync(scratch, 0o755); // the user of a container reads it
  const addresses = docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', 'bridge');
  const extra_hosts = [`${HOST}:host-gateway`];
  const fetching = {
    extra_hosts,
    environment: { NODE_ENV: 'development', OUTBOUND_ADDRESSES: addresses, OUTBOUND_CA_FILE: '/run/certs/suite.crt' },
    volumes: [`${certFile}:/run/certs/suite.crt:ro`],
  };
  const gateway = { extra_hosts, environment: { UPSTREAM_PRIVATE_ADDRESSES: 'true' } };
  const services = { 'key-manager': fetching, token: fetching, gateway };
  writeFileSync(join(scratch, 'suite.yml'), JSON.stringify({ services }));
}

/** Everything that `npm run env` has written. */
const written = () =>
  ['.env', ...readdirSync('certs').map((name) => join('certs', name))].map((f) => readFileSync(f, 'utf8'));
const demo = () => JSON.parse(readFileSync(demoFile, 'utf8'));

/** A password grant: every service and its database take part. */
function token({ consumerKey, consumerSecret, username, password } = demo()) {
  const started = performance.now();
  const auth = `${consumerKey}:${consumerSecret}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return new Promise((resolve, reject) => {
    request(
      `${URL}/token`,
      { method: 'POST', auth, headers, agent: false, ca: readFileSync('certs/ca.crt') },
      (answer) => {
        answer.resume().on('end', () => {
          const ms = Math.round(performance.now() - started);
          resolve({ status: answer.statusCode, retryAfter: answer.headers['retry-after'], ms });
        });
      },
    )
      .on('error', reject)
      .end(String(new URLSearchParams({ grant_type: 'password', username, password })));
  });
}

/** Resolves to the seconds until a token is given. */
async function recovered(limit = 60) {
  for (const started = Date.now(); Date.now() - started < limit * 1000; await sleep(250))
    if ((await token().catch(() => ({}))).status === 200) return ((Date.now() - started) / 1000).toFixed(1);
  throw new Error(`no token within ${limit} s`);
}

/** Runs in a service's container: what PostgreSQL and NATS say to a client that does not speak TLS. */
async function plainLinks() {
  const { connect } = require('node:net');
  const say = (host, port, hello) =>
    new Promise((resolve) => {
      let said = '';
      const socket = connect(port, host, () => hello && socket.write(hello));
      socket.on('data', (data) => {
        said += data;
        if (!hello)
          socket.write(
            'CONNECT {"verbose":true,"user":"token","pass":"' + process.env.NATS_PASSWORD + '"}\r\nPING\r\n',
          );
      });
      socket.on('error', () => undefined).on('close', () => resolve(said));
    });
  const startup = Buffer.from('____\0\x03\0\0user\0keyward_token\0database\0keyward\0\0', 'latin1');
  startup.writeInt32BE(startup.length);
  console.log(JSON.stringify({ postgres: await say('postgres', 5432, startup), nats: await say('nats', 4222) }));
}

const steps = {
  'npm run env, twice: the second changes nothing': () => {
    execFileSync('npm', ['run', '-s', 'env'], quiet);
    const before = written();
    execFileSync('npm', ['run', '-s', 'env'], quiet);
    assert.deepEqual(written(), before);
  },
  'the images are built': () => {
    compose('build');
    return docker('image', 'inspect', '-f', '{{.Size}} bytes', 'keyward-cli');
  },
  'everything starts, migrations first': async () => {
    compose('up', '-d');
    assert.equal(docker('inspect', '-f', '{{.State.ExitCode}}', docker('ps', '-aqf', `name=${PROJECT}.migrate`)), '0');
  },
  'the demo organization: its JSON alone, and renewed secrets the second time': async () => {
    const made = JSON.parse(compose('run', '--rm', 'cli', 'demo'));
    writeFileSync(demoFile, compose('run', '--rm', 'cli', 'demo'), { mode: 0o600 });
    assert.deepEqual(Object.keys(demo()), Object.keys(made));
    assert.equal(demo().consumerKey, made.consumerKey);
    assert.notEqual(demo().password, made.password);
    assert.deepEqual([(await token(made)).status, (await token()).status], [401, 200]);
  },
  'other commands': () => assert.match(compose('run', '--rm', 'cli', 'organizations', 'list'), /johnsorg[^]*root/),
  'everything is healthy': () => {
    for (const service of [...SERVICES, 'postgres', 'nats'])
      assert.equal(docker('inspect', '-f', '{{.State.Health.Status}}', containerOf(service)), 'healthy', service);
  },
  'nobody is root or may write, but PostgreSQL to its volume': () => {
    for (const service of [...SERVICES, 'postgres', 'nats']) {
      const script = 'grep ^Uid: /proc/1/status; touch /written /etc/written 2>/dev/null || echo read-only';
      const said = compose('exec', '-T', service, 'sh', '-c', script);
      assert.doesNotMatch(said, /^Uid:.*\b0\b/m, service);
      assert.match(said, /read-only$/, service);
    }
  },
  'PostgreSQL and NATS refuse links without TLS': () => {
    const said = JSON.parse(compose('exec', '-T', 'token', 'node', '-e', `(${plainLinks.toString()})()`));
    assert.match(said.postgres, /28000[^]*no encryption/);
    assert.match(said.nats, /"tls_required":true/);
    assert.doesNotMatch(said.nats, /\+OK|PONG/);
  },
  'the end-to-end suite': () => {
    const env = {
      ...{ ...process.env, BASE_URL: URL, KEYWARD_CA_FILE: 'certs/ca.crt', KEYWARD_DEMO_JSON: demoFile },
      ...{ KEYWARD_TEST_HOST: HOST, KEYWARD_TEST_CERT_FILE: join(scratch, 'certificate.pem') },
      KEYWARD_TEST_KEY_FILE: join(scratch, 'certificate.key.pem'),
    };
    const { status } = spawnSync('npx', ['jest', '--selectProjects', 'e2e'], { stdio: 'inherit', env });
    assert.equal(status, 0);
    writeFileSync(demoFile, compose('run', '--rm', 'cli', 'demo')); // the suite may have closed or changed something
  },
  'without NATS 503 in time, and back by itself': () => outage('nats'),
  'without PostgreSQL 503 in time, and back by itself': () => outage('postgres'),
  'PostgreSQL and NATS come later than the services': async () => {
    const late = ['postgres', 'nats'].map(containerOf);
    const services = SERVICES.map(containerOf);
    docker('stop', ...services, ...late);
    docker('start', ...services);
    await sleep(8000);
    docker('start', ...late);
    return `a token after ${await recovered()} s`;
  },
  'what it takes': () => '\n' + docker('stats', '--no-stream', '--format', '  {{.Name}}  {{.MemUsage}}'),
};

async function outage(service) {
  const container = containerOf(service);
  docker('stop', container);
  const answers = [await token(), await token()];
  docker('start', container);
  for (const { status, ms, retryAfter } of answers) {
    assert.equal(status, 503);
    assert.ok(ms < 3000, `${ms} ms`);
    assert.ok(Number(retryAfter) > 0);
  }
  return `503 after ${answers.map(({ ms }) => `${ms} ms`).join(' and ')}; a token after ${await recovered()} s`;
}

try {
  await suiteFile();
  for (const [title, step] of Object.entries(steps)) {
    const started = performance.now();
    const told = await step();
    console.log(
      `${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${title}${told ? `: ${told}` : ''}`,
    );
  }
} catch (error) {
  console.error(`${compose('logs', '--no-color', '--tail=20')}\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
  console.error(error);
  process.exitCode = 1;
} finally {
  compose('--profile', 'cli', 'down', '-v', '--remove-orphans');
  const left =
    docker('ps', '-aqf', `label=com.docker.compose.project=${PROJECT}`) +
    docker('volume', 'ls', '-qf', `name=${PROJECT}`);
  if (left) process.exitCode = 1;
  console.log(left ? `left behind: ${left}` : 'nothing is left but the images, .env and certs/');
  closeSync(log);
  rmSync(scratch, { recursive: true });
}
