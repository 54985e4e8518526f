import { deployment, freePort, ROOT } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { codeFor, Visitor } from './support/browser';
import { signInOn, startChromium } from './support/chromium';
import { readGuide, register, runCommand, Workplace, type Guide } from './support/guide';
import { eventually, makeKey, makeOrganization, makeUser, unique, type TestUser } from './support/operator';

const keyward = deployment();
/** As the guides have it. */
const CALLBACK = 'http://localhost:3000/callback';

let browser: Browser;
let org: string;
let issuer: string;
let user: TestUser;

beforeAll(async () => {
  browser = await startChromium();
  org = await makeOrganization();
  ({ issuer } = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body);
  user = await makeUser(org);
});
afterAll(() => browser.close());

/** Follows a guide whose application has a free port in place of 3000. */
async function following(name: string, work: (guide: Guide, place: Workplace, port: number) => Promise<void>) {
  const port = await freePort();
  const guide = readGuide(name, {
    johnsorg: org,
    '3000': String(port),
    'shop-app': unique('shop'),
    'shop-cli': unique('shop'),
  });
  const place = new Workplace(guide.files);
  try {
    await work(guide, place, port);
  } finally {
    place.close();
  }
}

async function browsing(work: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
  try {
    await work(await context.newPage());
  } finally {
    await context.close();
  }
}

it('a server signs in, greets and signs out as its guide says', async () => {
  await following('server', async (guide, place, port) => {
    const { consumerKey, consumerSecret = '' } = await register(guide);
    const env = { ISSUER: issuer, CLIENT_ID: consumerKey, CLIENT_SECRET: consumerSecret, PORT: String(port) };
    await place.run('server.mjs', env, /open http/);
    await browsing(async (page) => {
      await page.goto(`http://localhost:${port}/`);
      await page.getByRole('link', { name: 'Sign in' }).click();
      await signInOn(page, user);
      await page.getByText(`Hello ${user.username}`).waitFor();
      await page.getByRole('link', { name: 'Sign out' }).click();
      await page.getByRole('link', { name: 'Sign in' }).waitFor();
      await page.goto(`${issuer}/account`);
      await page.getByLabel('Password').waitFor();
    });
  });
});

it('X-09 a page of another origin signs in, renews and signs out by oidc-client-ts as its guide says', async () => {
  await following('single-page', async (guide, place, port) => {
    const { consumerKey } = await register(guide);
    const files: Record<string, string> = {
      ...guide.files,
      'settings.js': `const settings = ${JSON.stringify({ authority: issuer, client_id: consumerKey })};`,
      'oidc-client-ts.min.js': readFileSync(
        join(ROOT, 'node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js'),
        'utf8',
      ),
    };
    const server = createServer(({ url = '/' }, response) => {
      const name = new URL(url, 'http://localhost').pathname.slice(1) || 'index.html';
      response
        .writeHead(name in files ? 200 : 404, {
          'content-type': name.endsWith('.js') ? 'text/javascript' : 'text/html',
        })
        .end(files[name]);
    });
    await once(server.listen(port, 'localhost'), 'listening');
    await browsing(async (page) => {
      await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
      await page.getByText('Nobody is signed in').waitFor();
      await page.getByRole('button', { name: 'Sign in' }).click();
      await signInOn(page, user);
      await page.getByText(`Hello ${user.username}`).waitFor();
      await page.getByRole('button', { name: 'New token' }).click();
      await page.getByText('A new token until').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('Nobody is signed in').waitFor();
    }).finally(() => {
      server.closeAllConnections();
      server.close();
    });
  });
});

it('RFC 8252 a command line signs in by an address of its own machine as its guide says', async () => {
  await following('command-line', async (guide, place) => {
    const { consumerKey } = await register(guide);
    const { said, end } = await place.run(
      'sign-in.mjs',
      { ISSUER: issuer, CLIENT_ID: consumerKey },
      /authorize\?\S+\n/,
    );
    const [url = ''] = /https:\S+/.exec(said) ?? [];
    await browsing(async (page) => {
      await page.goto(url);
      await signInOn(page, user);
      await page.getByText('You are signed in').waitFor();
    });
    expect(JSON.parse(await end)).toEqual({ user: user.username, access_token: expect.any(String) });
  });
});

it('RFC 8628 a command line without a browser signs in by a code as its guide says', async () => {
  await following('command-line', async (guide, place) => {
    const { consumerKey } = await register(guide);
    const device = await place.run('device.mjs', { ISSUER: issuer, CLIENT_ID: consumerKey }, /type in \S+\n/);
    const [, url = '', code = ''] = /Open (\S+) and type in (\S+)/.exec(device.said) ?? [];
    await browsing(async (page) => {
      await page.goto(url);
      await page.getByRole('textbox').fill(code);
      await page.keyboard.press('Enter');
      await page.getByLabel('User name').fill(user.username);
      await page.getByLabel('Password').fill(user.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('button[value=allow]').click();
      await page.getByText('Your device is connected').waitFor();
    });
    expect(JSON.parse(await device.end)).toEqual({ user: user.username, access_token: expect.any(String) });
  });
});

/** What the system and the screen are to the app of the mobile guide. */
const PHONE = `
import { createInterface } from 'node:readline';
import { renew, signIn } from './sign-in.mjs';
const { ISSUER: issuer, CLIENT_ID: clientId, REDIRECT_URI: redirectUri } = process.env;
const open = (url) => {
  console.error('open ' + url);
  return new Promise((resolve) => createInterface(process.stdin).once('line', resolve));
};
const { access_token, refresh_token: refreshToken } = await signIn({ issuer, clientId, redirectUri, open });
const renewed = await renew({ issuer, clientId, refreshToken });
console.log(JSON.stringify({ first: access_token, second: renewed.access_token }));
process.exit();`;

it.each(['com.example.shop:/callback', 'https://shop.example/app/callback'])(
  'RFC 8252 an app on a phone that is called back at %s signs in and renews as its guide says',
  async (redirectUri) => {
    await following('mobile', async (guide, place) => {
      const { consumerKey } = await register(guide);
      place.write('phone.mjs', PHONE);
      const env = { ISSUER: issuer, CLIENT_ID: consumerKey, REDIRECT_URI: redirectUri };
      const app = await place.run('phone.mjs', env, /open \S+\n/);
      const { pathname, search } = new URL(/https:\S+/.exec(app.said)?.[0] ?? '');
      const visitor = new Visitor();
      const { headers } = await visitor.signIn(await visitor.get(pathname + search), user);
      expect(headers['location']?.startsWith(`${redirectUri}?code=`)).toBe(true);
      app.tell(`${headers['location']}\n`);
      const { first, second } = JSON.parse(await app.end) as { first: string; second: string };
      expect(decodeJwt(first).sub).toBe(user.id);
      expect(decodeJwt(second)).toMatchObject({ sub: user.id, scope: 'openid profile offline_access' });
    });
  },
);

it('a client moves from the password grant as its guide says', async () => {
  const moving = await makeOrganization();
  const someone = await makeUser(moving);
  const key = await makeKey(moving);
  const { commands } = readGuide('from-the-password-grant', { johnsorg: moving, $CLIENT_ID: key.consumerKey });
  const [allow = '', announce = '', endForKey = '', endForAll = ''] = commands.filter((line) =>
    line.startsWith('npx '),
  );
  const before = await key.signIn(someone);
  expect([before.status, before.headers['sunset']]).toEqual([200, undefined]);
  const onThePage = async () => key.token(await codeFor(moving, key, someone, { redirect_uri: CALLBACK }));
  await runCommand(allow);
  await eventually(async () => (await onThePage().catch(() => undefined))?.status === 200);
  expect(decodeJwt((await onThePage()).body.access_token as string).sub).toBe(someone.id);
  await runCommand(announce);
  const announced = async () => (await key.signIn(someone)).headers;
  await eventually(async () => (await announced())['sunset'] === 'Thu, 01 Jan 2099 00:00:00 GMT');
  expect((await announced())['deprecation']).toMatch(/^@\d+$/);
  await runCommand(endForKey);
  await eventually(async () => (await key.signIn(someone)).body.error === 'unauthorized_client');
  await runCommand(endForAll);
  const refresh = { grant_type: 'refresh_token', refresh_token: before.body.refresh_token as string };
  expect((await key.token(refresh)).status).toBe(200);
  expect((await onThePage()).status).toBe(200);
});

it('the curl line of the guide for the password grant is that grant', async () => {
  const shown = readGuide('from-the-password-grant').commands.find((line) => line.startsWith('curl ')) ?? '';
  const names = [...shown.matchAll(/(?:-d|--data-urlencode) "?(\w+)=/g)].map(([, name]) => name);
  expect(names.sort()).toEqual(['grant_type', 'password', 'username']);
  expect((await keyward.passwordToken()).status).toBe(200);
});
