import { deployment } from '@keyward/testing';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { authorizationUrl, pkce } from './browser';
import { startCallback, startChromium, type Callback } from './chromium';
import { DEVICE_CODE } from './device';
import { makeKey, makeOrganization, manage, unique, type KeyOptions, type TestKey, type TestUser } from './operator';

/** An organization with clients of every kind, and a browser to visit its pages with. */
export interface Pages {
  org: string;
  callback: Callback;
  key: TestKey;
  device: TestKey;
  /** One that nobody has vouched for. */
  unknown: TestKey;
  /** Does something in a browser of its own; whatever the page's policy or script complains of fails it. */
  visiting: (work: (page: Page) => Promise<void>, options?: BrowserContextOptions) => Promise<void>;
  /** The URL of an authorization request of `key`. */
  request: (params?: Record<string, string>) => string;
  stop: () => Promise<void>;
}

export async function startPages(): Promise<Pages> {
  const [browser, callback] = await Promise.all([startChromium(), startCallback()]);
  const { redirectUri } = callback;
  const org = await makeOrganization();
  await manage('PATCH', `/${org}`, { name: "John's Organization" });
  const settings: KeyOptions = { redirectUris: [redirectUri], public: true, applicationType: 'native' };
  const key = await makeKey(org, settings);
  const params = {
    client_id: key.consumerKey,
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
  };
  return {
    ...{ org, callback, key },
    device: await makeKey(org, { grantTypes: [DEVICE_CODE, 'refresh_token'], public: true }),
    unknown: await makeKey(org, { ...settings, trusted: false }),
    visiting: (work, options) => visit(browser, work, options),
    request: (more) => {
      const fresh = { code_challenge: pkce().challenge, state: unique('state') };
      return new URL(authorizationUrl(org, { ...params, ...fresh, ...more }), deployment().baseUrl).href;
    },
    stop: async () => {
      await browser.close();
      await callback.stop();
    },
  };
}

async function visit(
  browser: Browser,
  work: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
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

export async function signIn(
  page: Page,
  { username, password }: Pick<TestUser, 'username' | 'password'>,
): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export const back = (page: Page) => page.getByRole('heading', { name: 'Back at the application' }).waitFor();
