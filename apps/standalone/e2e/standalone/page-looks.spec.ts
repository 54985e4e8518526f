import { deployment } from '@keyward/testing';
import type { Page } from 'playwright-core';
import { LOOK_RULES, picture, violationsOf } from '../support/chromium';
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

const SCHEMES = ['light', 'dark'] as const;
type Scheme = (typeof SCHEMES)[number];
interface Look {
  name: string;
  viewport: { width: number; height: number };
  colorScheme: Scheme;
}
const DESKTOP = { width: 1280, height: 800 };
const ON_DESKTOP: Look[] = SCHEMES.map((colorScheme) => ({
  ...{ name: `desktop-${colorScheme}`, viewport: DESKTOP, colorScheme },
}));
/** On a phone last: that is where the flow goes on. */
const EVERYWHERE: Look[] = [
  ...ON_DESKTOP,
  { name: 'phone-light', viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  { name: 'phone-dark', viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
];

/** Looks at the page that is open in one look after the other; what no look changes is looked at in the first. */
async function inspect(page: Page, name: string, looks: Look[], seen: (look: Look) => unknown, rules?: string[]) {
  for (const look of looks) {
    const { viewport, colorScheme } = look;
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const violations = await violationsOf(page, look === looks[0] ? rules : LOOK_RULES);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect([name, look.name, violations, overflow]).toEqual([name, look.name, [], 0]);
    await seen(look);
  }
}

it('every page is accessible and fits the screen in every look, and leads through the whole flow', async () => {
  await pages.visiting(async (page) => {
    const look = (name: string) => inspect(page, name, EVERYWHERE, (at) => picture(page, `${name}-${at.name}`));
    await page.goto(pages.request());
    await look('sign-in');
    await signIn(page, { ...user, password: 'a wrong password' });
    await page.getByRole('alert').waitFor();
    await look('sign-in-wrong');
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await look('consent');
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    expect(pages.callback.answers.at(-1)).toEqual({
      code: expect.any(String),
      state: expect.any(String),
      iss: expect.any(String),
    });
    const waiting = await startDevice(pages.device, { scope: 'openid offline_access' });
    await page.goto(new URL(`/t/${pages.org}/device`, keyward.baseUrl).href);
    await look('device-code');
    await page.getByLabel('Code').fill('BBBB-BBBB');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('alert').waitFor();
    await look('device-code-wrong');
    await page.getByLabel('Code').fill(waiting.user_code);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await look('device');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
    await look('device-done');
    expect((await pollDevice(pages.device, waiting)).status).toBe(200);
    await page.goto(new URL(`/t/${pages.org}/account`, keyward.baseUrl).href);
    await look('account');
    await page.goto(new URL(`/t/${pages.org}/sign-out`, keyward.baseUrl).href);
    await look('sign-out');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await look('signed-out');
    await page.goto(pages.request({ redirect_uri: 'https://evil.example/' }));
    await look('error');
    // AZ-08: nobody goes on to a client that nobody knows, unless they want to.
    await page.goto(pages.request({ client_id: pages.unknown.consumerKey, response_type: 'token' }));
    await look('error-unknown-client');
    await page.getByRole('button', { name: 'Go on' }).click();
    await back(page);
    expect(pages.callback.answers.at(-1)).toMatchObject({
      error: 'unsupported_response_type',
      iss: expect.any(String),
    });
  });
});

const BRANDED = '#7a1f3d';
it.each([BRANDED, '#ffe600', '#0a0a0a', '#ffffff'])(
  'every text can be read in the colour %s of its organization, light and dark',
  async (colour) => {
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
    await pages.visiting(async (page) => {
      const look = (name: string) =>
        inspect(
          page,
          name,
          ON_DESKTOP,
          (at) => colour === BRANDED && picture(page, `branded-${name}-${at.name}`),
          colour === BRANDED ? undefined : LOOK_RULES,
        );
      const url = pages.request({ client_id: shop.consumerKey }).replace(`/t/${pages.org}/`, `/t/${own}/`);
      await eventually(async () => {
        await page.goto(url);
        return (await page.locator('img.logo').count()) === 1;
      });
      const shown = await page.evaluate(`document.querySelector('img.logo').naturalWidth`);
      expect(shown).toBe(96);
      await look('sign-in');
      await signIn(page, { ...someone, password: 'wrong' });
      await page.getByRole('alert').waitFor();
      await look('sign-in-wrong');
      await signIn(page, someone);
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await look('consent');
      await page.getByRole('button', { name: 'Allow' }).click();
      await back(page);
      await page.goto(new URL(`/t/${own}/account`, keyward.baseUrl).href);
      await look('account');
    });
  },
);

it('speaks German to whom that is the language', async () => {
  await pages.visiting(
    async (page) => {
      await page.goto(pages.request());
      await page.getByRole('button', { name: 'Anmelden' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await picture(page, 'sign-in-german');
    },
    { locale: 'de-DE', viewport: DESKTOP },
  );
});
