import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import testing from '../libs/testing/dist/index.js';
import { closed, open } from './load.mjs';
import { basic, clientCredentials, signIn } from './requests.mjs';
const S = Number(process.env.S ?? 6);
const bare = () =>
  new Promise((res) => {
    const c = spawn(process.execPath, ['bench/argon2.mjs', String(S / 2), '19456', '2'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    createInterface(c.stdout).on('line', (t) => res(JSON.parse(t).perSecond));
  });
const variants = { plain: {}, go1: { GOMAXPROCS: '1' } };
const up = [];
for (const [name, env] of Object.entries(variants)) {
  Object.assign(process.env, env);
  const cluster = await testing.startProcesses();
  for (const k of Object.keys(env)) delete process.env[k];
  const users = [];
  for (let n = 0; n < 16; n++) {
    const { password } = await cluster.deployment.cliJson(
      'users',
      'create',
      `b${n}`,
      '--org',
      cluster.deployment.demo.organization,
    );
    users.push({ username: `b${n}@${cluster.deployment.demo.organization}`, password });
  }
  const { consumerKey, consumerSecret } = cluster.deployment.demo;
  up.push({ name, cluster, headers: basic(consumerKey, consumerSecret), users });
}
for (let r = 0; r < 3; r++) {
  let b = await bare();
  for (const { name, cluster, headers, users } of up) {
    const at = { origin: cluster.deployment.baseUrl, ca: cluster.deployment.ca };
    const load = { ...at, connections: 32, seconds: S, next: signIn(headers, users) };
    await closed({ ...load, seconds: 1 });
    const p = await closed(load);
    const after = await bare();
    const cc = await closed({ ...at, connections: 16, seconds: 3, next: clientCredentials(headers) });
    console.log(
      name,
      p.perSecond.toFixed(1),
      'bare',
      ((b + after) / 2).toFixed(1),
      'ratio',
      (p.perSecond / ((b + after) / 2)).toFixed(3),
      'cc/s',
      cc.perSecond.toFixed(0),
    );
    b = after;
  }
}
for (const { cluster } of up) await cluster.stop();
