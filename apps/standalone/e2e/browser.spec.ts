import { deployment } from '@keyward/testing';
import { violationsOf } from './support/chromium';
import { pollDevice, startDevice } from './support/device';
import { makeUser, unique, type TestUser } from './support/operator';
import { back, signIn, startPages, type Pages } from './support/pages';

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

it('works by the keyboard alone', async () => {
  await pages.visiting(async (page) => {
    await page.goto(pages.request());
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
  const waiting = await startDevice(pages.device);
  await pages.visiting(
    async (page) => {
      await page.goto(new URL(`/t/${pages.org}/device`, keyward.baseUrl).href);
      await page.locator('#user-code:focus').waitFor(); // It comes first.
      await page.keyboard.type(waiting.user_code);
      await page.keyboard.press('Enter');
      await signIn(page, user);
      await page.getByRole('button', { name: 'Allow' }).press('Enter');
      await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
    },
    { javaScriptEnabled: false },
  );
  expect((await pollDevice(pages.device, waiting)).status).toBe(200);
});

it('works without JavaScript', async () => {
  await pages.visiting(
    async (page) => {
      await page.goto(pages.request());
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
  await pages.visiting(
    async (page) => {
      const state = unique('state');
      await page.goto(pages.request({ response_mode: 'form_post', state }));
      await signIn(page, user);
      await page.getByRole('button', { name: 'Allow' }).click();
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Go on' }).click();
      await back(page);
      expect(pages.callback.answers.at(-1)).toMatchObject({ code: expect.any(String), state });
    },
    { javaScriptEnabled },
  );
});

it('AZ-11 tells the application when its user does not agree', async () => {
  await pages.visiting(async (page) => {
    await page.goto(pages.request());
    await signIn(page, user);
    await page.getByRole('button', { name: 'Deny' }).click();
    await back(page);
    expect(pages.callback.answers.at(-1)).toMatchObject({ error: 'access_denied' });
  });
});

it('abuse 15: says the same when the account is closed as when the password is wrong', async () => {
  await pages.visiting(async (page) => {
    const allow = page.getByRole('button', { name: 'Allow' });
    let text: string | null;
    do {
      await page.context().clearCookies();
      await page.goto(pages.request());
      for (let n = 0; n < 5; n++) await signIn(page, { ...user, password: `wrong ${n}` });
      text = await page.getByRole('alert').textContent();
      await signIn(page, user);
      await page.waitForLoadState();
      await page.getByRole('alert').or(allow).waitFor();
    } while (await allow.isVisible()); // It came after the moment for which the account was closed.
    expect(await page.getByRole('alert').textContent()).toBe(text);
  });
});

it('two tabs: the one that comes second goes on with who is signed in', async () => {
  await pages.visiting(async (page) => {
    const other = await page.context().newPage();
    await page.goto(pages.request());
    await other.goto(pages.request());
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    await signIn(other, user);
    await back(other);
  });
});

it('the back button shows no page of before that would act again, and signing out holds', async () => {
  await pages.visiting(async (page) => {
    await page.goto(pages.request());
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    await page.goBack();
    await page.goto(new URL(`/t/${pages.org}/sign-out`, keyward.baseUrl).href);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await page.goto(new URL(`/t/${pages.org}/account`, keyward.baseUrl).href);
    await page.getByLabel('Password').waitFor();
  });
});

it('abuse 28: a page that has expired says so, and goes on with the same request', async () => {
  await pages.visiting(async (page) => {
    const state = unique('state');
    await page.goto(pages.request({ state }));
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
    expect(pages.callback.answers.at(-1)).toMatchObject({ code: expect.any(String), state });
  });
});

it('abuse 31: no page has in it, or in its URL, what only its user or its client may know', async () => {
  await pages.visiting(async (page) => {
    const seen: string[] = [];
    page.on('response', (response) => {
      if (response.url().startsWith(keyward.baseUrl)) seen.push(response.url());
    });
    const look = async () => seen.push(await page.content());
    await page.goto(pages.request());
    await signIn(page, { ...user, password: 'a wrong password of mine' });
    await page.getByRole('alert').waitFor();
    await look();
    await signIn(page, user);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await look();
    await page.getByRole('button', { name: 'Allow' }).click();
    await back(page);
    await page.goto(new URL(`/t/${pages.org}/account`, keyward.baseUrl).href);
    await look();
    const cookies = (await page.context().cookies(keyward.baseUrl)).map(({ value }) => value);
    const secrets = [
      user.password,
      'a wrong password of mine',
      user.id,
      pages.callback.answers.at(-1)?.['code'] ?? '',
      ...cookies,
    ];
    for (const secret of secrets) {
      expect(secret).not.toBe('');
      expect(seen.filter((each) => each.includes(secret))).toEqual([]);
    }
  });
});
