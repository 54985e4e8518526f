import { deployment } from '@keyward/testing';
import { createLocalJWKSet, jwtVerify } from 'jose';

const keyward = deployment();
const { demo } = keyward;

/** The body of the curl line: characters that a shell and a form leave alone are not encoded there. */
const form = `grant_type=password&username=${demo.username}&password=${demo.password}`;

const introspect = async (token: string) =>
  (await keyward.send('/introspect', { form: { token }, basic: keyward.basic })).body;

it('the curl line of the quick start gets tokens in the form of compatibility.md §1.3', async () => {
  const answer = await keyward.send('/token', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(keyward.basic.join(':')).toString('base64')}`,
    },
    body: form,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': expect.stringMatching(/^application\/json/),
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  expect(answer.body).toEqual({
    access_token: expect.any(String),
    refresh_token: expect.any(String),
    scope: 'default',
    token_type: 'Bearer',
    expires_in: 3600,
  });
});

it('the three token endpoints are one', async () => {
  const { username, password } = demo;
  const path = `/t/${demo.organization}/oauth2/token`;
  for (const endpoint of ['/token', '/oauth2/token', path]) {
    const form = { grant_type: 'password', username, password };
    expect(await keyward.send(endpoint, { form, basic: keyward.basic })).toMatchObject({ status: 200 });
  }
});

it('an access token is a JWT that the published keys of its issuer verify', async () => {
  const { body } = await keyward.passwordToken();
  const { jwks_uri } = (await keyward.send(`/t/${demo.organization}/.well-known/openid-configuration`)).body;
  const keys = createLocalJWKSet((await keyward.send(new URL(jwks_uri).pathname)).body);
  const { payload, protectedHeader } = await jwtVerify(body.access_token, keys, {
    issuer: demo.issuer,
    audience: `${demo.issuer}/api`,
    typ: 'at+jwt',
  });
  expect(protectedHeader.alg).toBe('ES256');
  expect(payload).toMatchObject({
    client_id: demo.consumerKey,
    org: demo.organization,
    scope: 'default',
    exp: (payload.iat ?? 0) + 3600,
  });
});

it('a refresh token gets new tokens, which are introspected and revoked', async () => {
  const first = await keyward.passwordToken();
  const second = await keyward.token({ grant_type: 'refresh_token', refresh_token: first.body.refresh_token });
  expect(second.status).toBe(200);
  expect(second.body.refresh_token).not.toBe(first.body.refresh_token);

  expect(await introspect(second.body.access_token)).toMatchObject({
    active: true,
    client_id: demo.consumerKey,
    iss: demo.issuer,
  });
  const revoked = await keyward.send('/revoke', {
    form: { token: second.body.refresh_token },
    basic: keyward.basic,
  });
  expect(revoked.status).toBe(200);
  expect(await introspect(second.body.refresh_token)).toEqual({ active: false });
  expect(await introspect(second.body.access_token)).toEqual({ active: false });
});

it('the client gets a token of its own, without a refresh token', async () => {
  const { status, body } = await keyward.token({ grant_type: 'client_credentials' });
  expect(status).toBe(200);
  expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
});

it('discovery names endpoints that answer', async () => {
  const { body } = await keyward.send(`/t/${demo.organization}/.well-known/openid-configuration`);
  expect(body.issuer).toBe(demo.issuer);
  for (const name of ['token_endpoint', 'revocation_endpoint', 'introspection_endpoint'])
    expect((await keyward.send(new URL(body[name]).pathname, { form: {} })).status).toBe(401);
  expect((await keyward.send(new URL(body.jwks_uri).pathname)).body.keys).not.toHaveLength(0);
});

it('a wrong password and an unknown user get one answer', async () => {
  const answers = await Promise.all(
    [demo.username, `nobody@${demo.organization}`, 'john@johns.org@nowhere'].map((username) =>
      keyward.token({ grant_type: 'password', username, password: 'not the password of john' }),
    ),
  );
  for (const { status, body } of answers) {
    expect(status).toBe(400);
    expect(body).toEqual(answers[0]?.body);
    expect(body.error).toBe('invalid_grant');
  }
});
