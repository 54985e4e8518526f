import { deployment, type Answer } from '@keyward/testing';
import { answerOf, authorizationUrl, formOf, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { makeKey, makeOrganization, makeUser, manage, type TestKey, type TestUser } from './support/operator';

const keyward = deployment();

let org: string;
let user: TestUser;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  [user, key] = await Promise.all([
    makeUser(org),
    makeKey(org, { redirectUris: [REDIRECT_URI, `${REDIRECT_URI}?shop=1`], trusted: false }),
  ]);
});

const request = (more: Record<string, string> = {}) =>
  authorizationUrl(org, { client_id: key.consumerKey, code_challenge: pkce().challenge, state: 's', ...more });

const MISTAKES: Record<string, string>[] = [
  { response_type: 'token' },
  { scope: 'a  b' },
  { prompt: 'none' },
  { request: 'x' },
  { resource: 'https://other.example/' },
  { response_mode: 'form_post', max_age: 'x' },
];

function expectStayed({ status, headers, text }: Answer): void {
  expect([status, headers['location']]).toEqual([400, undefined]);
  expect(text).toContain('app.example');
  expect(text).not.toContain('<script');
}

it('AZ-08 nobody who has not signed in is sent to a client that nobody knows, whatever is wrong with its request', async () => {
  for (const mistake of MISTAKES) expectStayed(await new Visitor().get(request(mistake)));
  const trusted = await makeKey(org, { redirectUris: [REDIRECT_URI] });
  for (const mistake of MISTAKES.slice(0, -1))
    answerOf(await new Visitor().get(request({ ...mistake, client_id: trusted.consumerKey })));
});

it('AZ-08 AZ-05 they may choose to go on, with the answer that the client would have had', async () => {
  const { issuer } = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body;
  const answer = { error: 'unsupported_response_type', state: 's', iss: issuer, error_description: expect.any(String) };
  const mistake = { response_type: 'token' };
  const byQuery = await new Visitor().get(request({ ...mistake, redirect_uri: `${REDIRECT_URI}?shop=1` }));
  expect(byQuery.text).toMatch(/<form method="get"/);
  expect(formOf(byQuery).fields).toEqual({ shop: '1', ...answer });
  const byForm = await new Visitor().get(request({ ...mistake, response_mode: 'form_post' }));
  expect(byForm.text).toMatch(/<form method="post"/);
  expect(formOf(byForm)).toEqual({ action: REDIRECT_URI, fields: answer });
});

it('AZ-08 who has signed in is sent on, and so is everybody once the client is known', async () => {
  const visitor = new Visitor();
  const first = await visitor.get(request());
  const consent = await visitor.submit(first, { username: user.username, password: user.password });
  expect(answerOf(await visitor.submit(consent, { decision: 'deny' }))).toMatchObject({ error: 'access_denied' });
  expect(answerOf(await visitor.get(request({ response_type: 'token' })))).toHaveProperty('error');
  await manage('PATCH', `/${org}/keys/${key.consumerKey}`, { trusted: true });
  expect(answerOf(await new Visitor().get(request({ prompt: 'none' })))).toMatchObject({ error: 'login_required' });
});
