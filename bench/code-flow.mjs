// The authorization code flow with its pages, on Keyward in one process and on oidc-provider with its in-memory adapter and the
// pages it has for development: `node bench/code-flow.mjs [seconds]`. Sixteen browsers, each signed in, ask for a code and exchange
// it; then sixteen strangers ask for the sign-in page. Prints one JSON object and a table.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'undici';
import testing from '../libs/testing/dist/index.js';

const SECONDS = Number(process.argv[2] ?? 8);
const BROWSERS = 16;
const REDIRECT_URI = 'https://client.example/cb';

/** A browser of one server: keeps cookies, one request at a time. */
class Browser {
  constructor(origin, ca) {
    this.client = new Client(origin, { connect: { ca, servername: 'localhost' }, pipelining: 1 });
    this.cookies = new Map();
  }

  async send(path, form, headers = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const {
      statusCode,
      headers: got,
      body,
    } = await this.client.request({
      method: form ? 'POST' : 'GET',
      path,
      headers: { cookie, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }), ...headers },
      body: form && new URLSearchParams(form).toString(),
    });
    for (const set of [got['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: statusCode, location: got.location, text: await body.text() };
  }

  /** Follows redirects within the server; where it is sent to beyond it, or the page it ends at. */
  async get(path) {
    let answer = await this.send(path);
    while (answer.location && !answer.location.startsWith(REDIRECT_URI)) {
      const { pathname, search } = new URL(answer.location, 'https://localhost');
      answer = await this.send(pathname + search);
    }
    return answer;
  }

  /** Posts the form of a page. */
  async submit({ text }, typed) {
    const unescape = (value) =>
      value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code)).replace(/&amp;/g, '&');
    const [, action] = /<form[^>]*\saction="([^"]*)"/.exec(text);
    const hidden = [...text.matchAll(/<input\s+type="hidden"\s+name="([^"]*)"\s+value="([^"]*)"/g)];
    const fields = Object.fromEntries(hidden.map(([, name, value]) => [name, unescape(value)]));
    const { pathname, search } = new URL(unescape(action), 'https://localhost');
    const answer = await this.send(pathname + search, { ...fields, ...typed });
    if (!answer.location || answer.location.startsWith(REDIRECT_URI)) return answer;
    const next = new URL(answer.location, 'https://localhost');
    return this.get(next.pathname + next.search);
  }
}

function request({ authorize, clientId, scope }) {
  const verifier = randomBytes(32).toString('base64url');
  const params = {
    ...{ client_id: clientId, redirect_uri: REDIRECT_URI, response_type: 'code', scope, state: 's', nonce: 'n' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  return { verifier, path: `${authorize}?${new URLSearchParams(params)}` };
}

async function flow(browser, server) {
  const { verifier, path } = request(server);
  const { location } = await browser.get(path);
  const code = new URL(location).searchParams.get('code');
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
  const { status, text } = await browser.send(server.token, form, { authorization: server.authorization, cookie: '' });
  if (status !== 200 || !JSON.parse(text).id_token) throw new Error(`no tokens: ${status} ${text}`);
}

async function page(browser, server) {
  browser.cookies.clear();
  const { status, text } = await browser.get(request(server).path);
  if (status !== 200 || !text.includes('password')) throw new Error(`no sign-in page: ${status}`);
}

async function perSecond(work, browsers, server) {
  const run = async (seconds) => {
    const end = performance.now() + seconds * 1000;
    let done = 0;
    const turns = async (browser) => {
      for (; performance.now() < end; done++) await work(browser, server);
    };
    await Promise.all(browsers.map(turns));
    return done / seconds;
  };
  await run(Math.min(3, SECONDS));
  return run(SECONDS);
}

async function measure(server) {
  const browsers = Array.from({ length: BROWSERS }, () => new Browser(server.origin, server.ca));
  for (const [n, browser] of browsers.entries()) await server.signIn(browser, n);
  const found = { flows: await perSecond(flow, browsers, server), pages: await perSecond(page, browsers, server) };
  for (const { client } of browsers) await client.destroy();
  return found;
}

async function keyward() {
  const one = await testing.startStandalone();
  try {
    const { deployment } = one;
    const { organization: org, username, password } = deployment.demo;
    const cli = (...args) => deployment.cliJson(...args, '--org', org);
    await cli('applications', 'create', 'bench');
    const { key, consumerSecret } = await cli('keys', 'generate', 'bench', '--redirect-uris', REDIRECT_URI);
    const server = {
      ...{ origin: deployment.baseUrl, ca: deployment.ca, scope: 'openid', clientId: key.consumerKey },
      ...{ authorize: `/t/${org}/authorize`, token: `/t/${org}/oauth2/token` },
      authorization: `Basic ${Buffer.from(`${key.consumerKey}:${consumerSecret}`).toString('base64')}`,
    };
    server.signIn = async (browser) => {
      const first = await browser.get(request(server).path);
      const next = await browser.submit(first, { username: username.slice(0, -org.length - 1), password });
      if (!next.location) await browser.submit(next, { decision: 'allow' });
    };
    return await measure(server);
  } finally {
    await one.stop();
  }
}

async function oidcProvider() {
  const scratch = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
  const { certFile, keyFile } = await testing.writeCertificate(scratch);
  const args = ['bench/oidc-provider.mjs', certFile, keyFile, '0', 'pages'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const line = new Promise((resolve) => createInterface(child.stdout).on('line', resolve));
    const { port, clientId, clientSecret } = JSON.parse(await line);
    const server = {
      ...{ origin: `https://localhost:${port}`, ca: readFileSync(certFile, 'utf8'), scope: 'openid', clientId },
      ...{ authorize: '/auth', token: '/token' },
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    };
    server.signIn = async (browser, n) => {
      const first = await browser.get(request(server).path);
      const next = await browser.submit(first, { login: `user-${n}`, password: 'x' });
      if (!next.location) await browser.submit(next, {});
    };
    return await measure(server);
  } finally {
    child.kill();
    rmSync(scratch, { recursive: true, force: true });
  }
}

const before = await oidcProvider();
const ours = await keyward();
const after = await oidcProvider();
const mean = (what) => (before[what] + after[what]) / 2;
console.log(JSON.stringify({ seconds: SECONDS, browsers: BROWSERS, keyward: ours, oidcProvider: [before, after] }));
console.log('\n| per second | oidc-provider, in memory | Keyward standalone | ratio |\n| --- | --- | --- | --- |');
for (const what of ['flows', 'pages'])
  console.log(
    `| ${what} | ${mean(what).toFixed(0)} | ${ours[what].toFixed(0)} | ${(ours[what] / mean(what)).toFixed(2)} |`,
  );
