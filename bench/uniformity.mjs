// BF-06: whether the time of a refused sign-in tells why. 500 interleaved samples of each cause against a wrong password:
// the medians' difference in percent and the p-value of a Mann-Whitney U test. Options: --samples N.
import { parseArgs } from 'node:util';
import testing from '../libs/testing/dist/index.js';

const { values: options } = parseArgs({ options: { samples: { type: 'string', default: '500' } } });
const SAMPLES = Number(options.samples);
/** A client may fail 300 times in 5 minutes: enough clients that none comes near. */
const PER_CLIENT = 200;
/** Below the five failures that lock an account. */
const PER_USER = 4;

const deployment = await testing.startStandalone();
try {
  const { demo, send } = bound(deployment.deployment);
  const signedIn = await send('/token', {
    form: {
      grant_type: 'password',
      username: demo.admin.username,
      password: demo.admin.password,
      scope: 'keyward:manage',
    },
    basic: [demo.admin.consumerKey, demo.admin.consumerSecret],
  });
  const bearer = signedIn.body.access_token;
  const api = async (path, json, method = 'POST') => {
    const answer = await send(`/api/v1/organizations/${demo.organization}${path}`, { method, json, bearer });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
    return answer.body;
  };
  const user = async (name, more = {}) => (await api('/users', { username: name, ...more })).user.username;

  const wrong = [];
  for (let n = 0; n * PER_USER < SAMPLES; n++) wrong.push(await user(`wrong-${n}`));
  await user('disabled');
  await api('/users/disabled', { state: 'disabled' }, 'PATCH');
  await user('pending', { state: 'pending' });
  await user('locked');

  const causes = {
    'wrong password': (n) => wrong[Math.floor(n / PER_USER)],
    'unknown user': (n) => `nobody-${n}`,
    'unknown organization': (n) => `nobody@nowhere-${n}`,
    'organization of others': () => 'admin@root',
    disabled: () => 'disabled',
    pending: () => 'pending',
    locked: () => 'locked',
  };
  const clients = [];
  for (let n = 0; n * PER_CLIENT < (SAMPLES + 20) * Object.keys(causes).length; n++) {
    const { key, consumerSecret } = await api('/applications/demo/keys', { kind: 'production' });
    clients.push([key.consumerKey, consumerSecret]);
  }
  let asked = 0;
  const attempt = async (username) => {
    const basic = clients[Math.floor(asked++ / PER_CLIENT) % clients.length];
    const start = performance.now();
    const answer = await send('/token', {
      form: { grant_type: 'password', username, password: 'not the password at all' },
      basic,
    });
    const took = performance.now() - start;
    return { took, said: `${answer.status} ${answer.text}` };
  };

  for (let n = 0; n < 20; n++) await attempt('locked');
  const times = Object.fromEntries(Object.keys(causes).map((cause) => [cause, []]));
  const said = new Set();
  for (let n = 0; n < SAMPLES; n++) {
    for (const cause of shuffled(Object.keys(causes))) {
      const { took, said: text } = await attempt(causes[cause](n));
      times[cause].push(took);
      said.add(text);
    }
    if (n % 50 === 0) console.error(`${n} of ${SAMPLES}`);
  }
  const base = times['wrong password'];
  console.log(
    `answers that differ: ${said.size - 1}\n\n| cause | median ms | difference % | p |\n| --- | --- | --- | --- |`,
  );
  for (const [cause, sample] of Object.entries(times)) {
    const difference = (median(sample) / median(base) - 1) * 100;
    console.log(
      `| ${cause} | ${median(sample).toFixed(2)} | ${difference.toFixed(1)} | ${mannWhitney(base, sample).toFixed(3)} |`,
    );
  }
} finally {
  await deployment.stop();
}

function bound(one) {
  return { demo: one.demo, send: one.send.bind(one) };
}

function shuffled(list) {
  return list
    .map((item) => [Math.random(), item])
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function median(sample) {
  const sorted = sample.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

/** Two-sided p by the normal approximation, which is close for hundreds of samples without ties. */
function mannWhitney(a, b) {
  const all = [...a.map((value) => ({ value, first: true })), ...b.map((value) => ({ value, first: false }))];
  all.sort((x, y) => x.value - y.value);
  const rankSum = all.reduce((sum, { first }, index) => sum + (first ? index + 1 : 0), 0);
  const u = rankSum - (a.length * (a.length + 1)) / 2;
  const mean = (a.length * b.length) / 2;
  const deviation = Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
  return 2 * (1 - normal(Math.abs(u - mean) / deviation));
}

/** The standard normal distribution, Abramowitz and Stegun 7.1.26. */
function normal(z) {
  const t = 1 / (1 + 0.3275911 * (z / Math.SQRT2));
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return 1 - (poly * Math.exp(-(z * z) / 2)) / 2;
}
