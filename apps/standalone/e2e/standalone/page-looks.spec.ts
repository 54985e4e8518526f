import { deployment } from '@keyward/testing';
import type { BrowserContextOptions } from 'playwright-core';
import { picture, violationsOf } from '../support/chromium';
import { pollDevice, startDevice } from '../support/device';
import { eventually, makeKey, makeOrganization, makeUser, manage, unique, type TestUser } from '../support/operator';
import { back, signIn, startPages, type Pages } from '../support/pages';
import { disc } from '../support/picture';

const keyward = deployment();

let pages: Pages;
let user: TestUser;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  user = await makeUser(pages.org, `${unique('john')}@johns.org`);
});

const LOOKS: [string, BrowserContextOptions][] = [
  ['desktop-light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['desktop-dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ['phone-light', { viewport: { width: 360, height: 740 }, colorScheme: 'light' }],
  ['phone-dark', { viewport: { width: 320, height: 640 }, colorScheme: 'dark', javaScriptEnabled: true }],
];

describe.each(LOOKS)('every page, %s', (look, options) => {
  it('is accessible, fits the screen, and leads through the whole flow', async () => {
    await pages.visiting(async (page) => {
      const inspect = async (name: string) => {
        expect([name, await violationsOf(page)]).toEqual([name, []]);
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect([name, overflow]).toEqual([name, 0]);
        await picture(page, `${name}-${look}`);
      };
      await page.goto(pages.request());
      await inspect('sign-in');
      await signIn(page, { ...user, password: 'a wrong password' });
      await page.getByRole('alert').waitFor();
      await inspect('sign-in-wrong');
      await signIn(page, user);
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await inspect('consent');
      await page.getByRole('button', { name: 'Allow' }).click();
      await back(page);
      expect(pages.callback.answers.at(-1)).toEqual({
        code: expect.any(String),
        state: expect.any(String),
        iss: expect.any(String),
      });
      const waiting = await startDevice(pages.device, { scope: 'openid offline_access' });
      await page.goto(new URL(`/t/${pages.org}/device`, keyward.baseUrl).href);
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
      expect((await pollDevice(pages.device, waiting)).status).toBe(200);
      await page.goto(new URL(`/t/${pages.org}/account`, keyward.baseUrl).href);
      await inspect('account');
      await page.goto(new URL(`/t/${pages.org}/sign-out`, keyward.baseUrl).href);
      await inspect('sign-out');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await inspect('signed-out');
      await page.goto(pages.request({ redirect_uri: 'https://evil.example/' }));
      await inspect('error');
      // AZ-08: nobody goes on to a client that nobody knows, unless they want to.
      await page.goto(pages.request({ client_id: pages.unknown.consumerKey, response_type: 'token' }));
      await inspect('error-unknown-client');
      await page.getByRole('button', { name: 'Go on' }).click();
      await back(page);
      expect(pages.callback.answers.at(-1)).toMatchObject({
        error: 'unsupported_response_type',
        iss: expect.any(String),
      });
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
        ...{ name: 'Shop', redirectUris: [pages.callback.redirectUri], public: true, applicationType: 'native' },
      }),
    ]);
    await pages.visiting(
      async (page) => {
        const inspect = async (name: string) => {
          expect([name, await violationsOf(page)]).toEqual([name, []]);
          if (colour === '#7a1f3d') await picture(page, `branded-${name}-desktop-${colorScheme}`);
        };
        const url = pages.request({ client_id: shop.consumerKey }).replace(`/t/${pages.org}/`, `/t/${own}/`);
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

it('speaks German to whom that is the language', async () => {
  await pages.visiting(
    async (page) => {
      await page.goto(pages.request());
      await page.getByRole('button', { name: 'Anmelden' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await picture(page, 'sign-in-german');
    },
    { locale: 'de-DE', viewport: { width: 1280, height: 800 } },
  );
});
