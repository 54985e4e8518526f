import { deployment } from '@keyward/testing';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { authorizationUrl, pkce } from './support/browser';
import { picture, startCallback, startChromium, violationsOf, type Callback } from './support/chromium';
import { DEVICE_CODE, pollDevice, startDevice } from './support/device';
import { disc } from './support/picture';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  unique,
  type KeyOptions,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();

let browser: Browser;
let callback: Callback;
let org: string;
let key: TestKey;
let device: TestKey;
let unknown: TestKey;
let user: TestUser;

beforeAll(async () => {
  [browser, callback] = await Promise.all([startChromium(), startCallback()]);
  org = await makeOrganization();
  await manage('PATCH', `/${org}`, { name: "John's Organization" });
  const settings: KeyOptions = { redirectUris: [callback.redirectUri], public: true, applicationType: 'native' };
  key = await makeKey(org, settings);
  unknown = await makeKey(org, { ...settings, trusted: false });
  device = await makeKey(org, { grantTypes: [DEVICE_CODE, 'refresh_token'], public: true });
}, 180_000);
afterAll(async () => {
  await browser.close();
  await callback.stop();
});
beforeEach(async () => {
  user = await makeUser(org, `${unique('john')}@johns.org`);
});

const request = (params: Record<string, string> = {}) =>
  new URL(
    authorizationUrl(org, {
      ...{ client_id: key.consumerKey, redirect_uri: callback.redirectUri, code_challenge: pkce().challenge },
      ...{ scope: 'openid profile email offline_access', state: unique('state'), ...params },
    }),
    keyward.baseUrl,
  ).href;

/** Does something in a browser of its own; whatever the page's policy or script complains of fails it. */
async function visiting(work: (page: Page) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', ...options });
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (4|5)\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  try {
    await work(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

async function signIn(page: Page, { username, password }: Pick<TestUser, 'username' | 'password'>): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const back = (page: Page) => page.getByRole('heading', { name: 'Back at the application' }).waitFor();

const LOOKS: [string, BrowserContextOptions][] = [
  ['desktop-light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['desktop-dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ['phone-light', { viewport: { width: 360, height: 740 }, colorScheme: 'light' }],
  ['phone-dark', { viewport: { width: 320, height: 640 }, colorScheme: 'dark', javaScriptEnabled: true }],
];

describe.each(LOOKS)('every page, %s', (look, options) => {
  it('is accessible, fits the screen, and leads through the whole flow', async () => {
    await visiting(async (page) => {
      const inspect = async (name: string) => {
        expect([name, await violationsOf(page)]).toEqual([name, []]);
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect([name, overflow]).toEqual([name, 0]);
        await picture(page, `${name}-${look}`);
      };
      await page.goto(request());
      await inspect('sign-in');
      await signIn(page, { ...user, password: 'a wrong password' });
      await page.getByRole('alert').waitFor();
      await inspect('sign-in-wrong');
      await signIn(page, user);
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await inspect('consent');
      await page.getByRole('button', { name: 'Allow' }).click();
      await back(page);
      expect(callback.answers.at(-1)).toEqual({
        code: expect.any(String),
        state: expect.any(String),
        iss: expect.any(String),
      });
      const waiting = await startDevice(device, { scope: 'openid offline_access' });
      await page.goto(new URL(`/t/${org}/device`, keyward.baseUrl).href);
      await inspect('device-code');
      await page.getByLabel('Code').fill('BBBB-BBBB');
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('alert').waitFor();
      await inspect('device-code-wrong');
      await page.getByLabel('Code').fill(waiting.user_code);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await inspect('device');
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
      await inspect('device-done');
      expect((await pollDevice(device, waiting)).status).toBe(200);
      await page.goto(new URL(`/t/${org}/account`, keyward.baseUrl).href);
      await inspect('account');
      await page.goto(new URL(`/t/${org}/sign-out`, keyward.baseUrl).href);
      await inspect('sign-out');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await inspect('signed-out');
      await page.goto(request({ redirect_uri: 'https://evil.example/' }));
      await inspect('error');
      // AZ-08: nobody goes on to a client that nobody knows, unless they want to.
      await page.goto(request({ client_id: unknown.consumerKey, response_type: 'token' }));
      await inspect('error-unknown-client');
      await page.getByRole('button', { name: 'Go on' }).click();
      await back(page);
      expect(callback.answers.at(-1)).toMatchObject({ error: 'unsupported_response_type', iss: expect.any(String) });
    }, options);
  });
});

describe.each(['#7a1f3d', '#ffe600', '#0a0a0a', '#ffffff'])('in the colour %s of its organization', (colour) => {
  const SCHEMES = ['light', 'dark'] as const;

  it.each(SCHEMES)('every text can be read, %s', async (colorScheme) => {
    const own = await makeOrganization();
    const logo = disc(96, [122, 31, 61]).toString('base64');
    await manage('PATCH', `/${own}`, { name: "John's Organization" });
    await manage('PUT', `/${own}/branding`, { colour, logo });
    const [someone, shop] = await Promise.all([
      makeUser(own, 'john@johns.org'),
      makeKey(own, {
        ...{ name: 'Shop', redirectUris: [callback.redirectUri], public: true, applicationType: 'native' },
      }),
    ]);
    await visiting(
      async (page) => {
        const inspect = async (name: string) => {
          expect([name, await violationsOf(page)]).toEqual([name, []]);
          if (colour === '#7a1f3d') await picture(page, `branded-${name}-desktop-${colorScheme}`);
        };
        const url = request({ client_id: shop.consumerKey }).replace(`/t/${org}/`, `/t/${own}/`);
        await eventually(async () => {
          await page.goto(url);
          return (await page.locator('img.logo').count()) === 1;
        });
        const shown = await page.evaluate(`document.querySelector('img.logo').naturalWidth`);
        expect(shown).toBe(96);
        await inspect('sign-in');
        await signIn(page, { ...someone, password: 'wrong' });
        await page.getByRole('alert').waitFor();
        await inspect('sign-in-wrong');
        await signIn(page, someone);
        await page.getByRole('button', { name: 'Allow' }).waitFor();
        await inspect('consent');
        await page.getByRole('button', { name: 'Allow' }).click();
        await back(page);
        await page.goto(new URL(`/t/${own}/account`, keyward.baseUrl).href);
        await inspect('account');
      },
      { viewport: { width: 1280, height: 800 }, colorScheme },
    );
  });
});

it('works by the keyboard alone', async () => {
  await visiting(async (page) => {
    await page.goto(request());
    await page.locator('#username:focus').waitFor();
    await page.keyboard.type(user.username); // The field that comes first has the focus.
    await page.keyboard.press('Tab');
    await page.keyboard.type(user.password);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await back(page);
  });
});

it('DV-04 a device is connected by the keyboard alone, without JavaScript', async () => {
  const waiting = await startDevice(device);
  await visiting(
    async (page) => {
      await page.goto(new URL(`/t/${org}/device`, keyward.baseUrl).href);
      await page.locator('#user-code:focus').waitFor(); // It comes first.
      await page.keyboard.type(waiting.user_code);
      await page.keyboard.press('Enter');
      await signIn(page, user);
      await page.getByRole('button', { name: 'Allow' }).press('Enter');
      await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
    },
    { javaScriptEnabled: false },
  );
  expect((await pollDevice(device, waiting)).status).toBe(200);
});

it('works without JavaScript', async () => {
  await visiting(
    async (page) => {
      await page.goto(request());
      await signIn(page, { ...user, password: 'wrong' });
      await page.getByRole('alert').waitFor();
      await signIn(page, user);
      await page.getByRole('button', { name: 'Allow' }).click();
      await back(page);
    },
    { javaScriptEnabled: false },
  );
});

it.each([true, false])('AZ-12 posts its answer, with JavaScript %s', async (javaScriptEnabled) => {
  await visiting(
    async (page) => {
      const state = unique('state');
      await page.goto(request({ response_mode: 'form_post', state }));
      await signIn(page, user);
      await page.getByRole('button', { name: 'Allow' }).click();
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Go on' }).click();
      await back(page);
      expect(callback.answers.at(-1)).toMatchObject({ code: expect.any(String), state });
    },
    { javaScriptEnabled },
  );
});

it('AZ-11 tells the application when its user does not agree', async () => {
  await visiting(async (page) => {
    await page.goto(request());
    await signIn(page, user);
    await page.getByRole('button', { name: 'Deny' }).click();
    await back(page);
    expect(callback.answers.at(-1)).toMatchObject({ error: 'access_denied' });
  });
});

it('abuse 15: says the same when the account is closed as when the password is wrong', async () => {
  await visiting(async (page) => {
    await page.goto(request());
    for (let n = 0; n < 5; n++) await signIn(page, { ...user, password: `wrong ${n}` });
    const text = await page.getByRole('alert').textContent();
    await signIn(page, user);
    expect(await page.getByRole('alert').textContent()).toBe(text);
  });
});

it('two tabs: the one that comes second goes on with who is signed in', async () => {
  await visiting(async (page) => {
    const other = await page.context().newPage();
    await page.goto(request());
    await other.goto(request());
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    await signIn(other, user);
    await back(other);
  });
});

it('the back button shows no page of before that would act again, and signing out holds', async () => {
  await visiting(async (page) => {
    await page.goto(request());
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    await page.goBack();
    await page.goto(new URL(`/t/${org}/sign-out`, keyward.baseUrl).href);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await page.goto(new URL(`/t/${org}/account`, keyward.baseUrl).href);
    await page.getByLabel('Password').waitFor();
  });
});

it('abuse 28: a page that has expired says so, and goes on with the same request', async () => {
  await visiting(async (page) => {
    const state = unique('state');
    await page.goto(request({ state }));
    await page.context().clearCookies();
    await signIn(page, user);
    expect(await page.getByRole('alert').textContent()).toBe('This page was out of date. Please try again.');
    expect(await violationsOf(page)).toEqual([]);
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await page.context().clearCookies({ name: '__Host-keyward-csrf' });
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    expect(callback.answers.at(-1)).toMatchObject({ code: expect.any(String), state });
  });
});

it('abuse 31: no page has in it, or in its URL, what only its user or its client may know', async () => {
  await visiting(async (page) => {
    const seen: string[] = [];
    page.on('response', (response) => {
      if (response.url().startsWith(keyward.baseUrl)) seen.push(response.url());
    });
    const look = async () => seen.push(await page.content());
    await page.goto(request());
    await signIn(page, { ...user, password: 'a wrong password of mine' });
    await page.getByRole('alert').waitFor();
    await look();
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await look();
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    await page.goto(new URL(`/t/${org}/account`, keyward.baseUrl).href);
    await look();
    const cookies = (await page.context().cookies(keyward.baseUrl)).map(({ value }) => value);
    const secrets = [
      user.password,
      'a wrong password of mine',
      user.id,
      callback.answers.at(-1)?.['code'] ?? '',
      ...cookies,
    ];
    for (const secret of secrets) {
      expect(secret).not.toBe('');
      expect(seen.filter((each) => each.includes(secret))).toEqual([]);
    }
  });
});

it('speaks German to whom that is the language', async () => {
  await visiting(
    async (page) => {
      await page.goto(request());
      await page.getByRole('button', { name: 'Anmelden' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await picture(page, 'sign-in-german');
    },
    { locale: 'de-DE', viewport: { width: 1280, height: 800 } },
  );
});
