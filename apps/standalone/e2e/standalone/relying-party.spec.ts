import { deployment } from '@keyward/testing';
import { request } from 'undici';
import { Visitor } from '../support/browser';

const keyward = deployment();
const { relyingParty, username, password, organization, issuer } = keyward.demo;

const visit = async (url: string | URL, cookie?: string) => {
  const answer = await request(url, { headers: { ...(cookie && { cookie }) } });
  return {
    cookie: String(answer.headers['set-cookie']).split(';')[0],
    status: answer.statusCode,
    location: String(answer.headers['location']),
    text: await answer.body.text(),
  };
};

it('demo.json names a page where the demo user signs in and sees the tokens', async () => {
  expect(relyingParty).toEqual({
    url: expect.stringMatching(/^http:\/\/localhost:\d+$/),
    consumerKey: expect.any(String),
    redirectUri: `${relyingParty?.url}/callback`,
  });
  expect((await visit(relyingParty?.url ?? '')).text).toContain('Sign in with Keyward');
  const { status, location, cookie } = await visit(`${relyingParty?.url}/sign-in`);
  expect([status, location.startsWith(`${issuer}/authorize?`)]).toEqual([303, true]);
  const { pathname, search } = new URL(location);
  const visitor = new Visitor();
  const [user = ''] = username.split(`@${organization}`);
  const { headers } = await visitor.signIn(await visitor.get(pathname + search), { username: user, password });
  const callback = headers['location'] ?? '';
  expect(callback.startsWith(`${relyingParty?.redirectUri}?code=`)).toBe(true);
  expect((await visit(callback)).text).toContain('not begun here'); // in another browser
  const { text } = await visit(callback, cookie);
  expect(text).toContain('You are signed in');
  expect(text).toContain('&#34;sub&#34;');
  // Neither an answer that was read already nor one that was not asked for is taken.
  expect((await visit(callback, cookie)).text).toContain('not begun here');
  expect((await visit(`${relyingParty?.redirectUri}?code=x&state=y`)).text).toContain('not begun here');
});
