import { deployment } from '@keyward/testing';
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { createServer, type Server } from 'node:http';
import { Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeKey, makeOrganization, makeUser, type TestKey, type TestUser } from './support/operator';

const keyward = deployment();
const agent = new Agent({ ca: keyward.ca });

let server: Server;
let url: string;
let user: TestUser;
let key: TestKey;
let opaque: TestKey;
let foreign: TestKey;

/** A resource server that knows an organization by its issuer's name alone. */
beforeAll(async () => {
  const [org, other] = [await makeOrganization(), await makeOrganization()];
  user = await makeUser(org);
  [key, opaque, foreign] = await Promise.all([makeKey(org), makeKey(org, { tokenType: 'opaque' }), makeKey(other)]);
  const { issuer } = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body as { issuer: string };
  const app = express();
  const bearer = auth({
    issuerBaseURL: issuer,
    audience: `${issuer}/api`,
    strict: true,
    tokenSigningAlg: 'ES256',
    agent,
  });
  app.get('/', bearer, (request, response) => void response.json(request.auth?.payload));
  app.get('/openid', bearer, requiredScopes('openid'), (_, response) => void response.json({}));
  server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
});

const ask = async (token: string, path = '/') => {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = response.ok ? ((await response.json()) as Record<string, unknown>) : {};
  return { status: response.status, body };
};

describe('AT-01 express-oauth2-jwt-bearer in strict mode', () => {
  it("takes a user's and an application's access token for ones of RFC 9068", async () => {
    const { body } = await key.signIn(user);
    expect(await ask(body.access_token)).toMatchObject({
      status: 200,
      body: { sub: user.id, client_id: key.consumerKey, scope: 'default' },
    });
    const { body: own } = await key.token({ grant_type: 'client_credentials' });
    expect(await ask(own.access_token)).toMatchObject({ status: 200, body: { sub: key.consumerKey } });
  });

  it('finds its scopes', async () => {
    const { body } = await key.signIn(user, { scope: 'openid' });
    expect((await ask(body.access_token, '/openid')).status).toBe(200);
    expect((await ask((await key.signIn(user)).body.access_token, '/openid')).status).toBe(403);
  });

  it('AT-03 takes none of another organization, no ID token, no opaque one and none that was changed', async () => {
    const { body } = await key.signIn(user, { scope: 'openid' });
    const own = (await foreign.token({ grant_type: 'client_credentials' })).body.access_token as string;
    const others = [own, body.id_token as string, (await opaque.signIn(user)).body.access_token as string];
    const [header, claims = '', signature = ''] = (body.access_token as string).split('.');
    const other = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
    const changed = [`${header}.${other(claims)}.${signature}`, `${header}.${claims}.${other(signature)}`];
    for (const token of [...others, ...changed]) expect((await ask(token)).status).toBe(401);
  });
});
