import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { expectError } from './support/answers';
import { assertionOf, pairOf } from './support/assertion';
import { answerOf, authorizationUrl, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { dpopKey, type DpopKey } from './support/dpop';
import { ask, expectProblem } from './support/management';
import { eventually, makeKey, makeOrganization, manage, type TestKey } from './support/operator';

const keyward = deployment();
const CLIENT = { grant_type: 'client_credentials' };

let org: string;
let issuer: string;
let secret: TestKey;
let spa: TestKey;
let mine: DpopKey;
/** The assertion of a client with a key of its own, a new one each time. */
let asserted: () => Promise<Record<string, string>>;

beforeAll(async () => {
  org = await makeOrganization();
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  const pair = await pairOf();
  const settings = { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [pair.jwk] } };
  const [own, others] = await Promise.all([makeKey(org, settings), makeKey(org)]);
  asserted = () => assertionOf(own.consumerKey, issuer, pair);
  secret = others;
  spa = await makeKey(org, { public: true, redirectUris: [REDIRECT_URI] });
  mine = await dpopKey();
});

const token = async (more: object, headers: Record<string, string> = {}) =>
  keyward.send('/token', { form: { ...CLIENT, ...more }, headers });
const proof = async () => ({ dpop: await mine.proof('POST', '/token') });

it('DP-02 CA-21 an organization of high assurance takes clients with keys of their own, and binds every token', async () => {
  expect((await secret.token(CLIENT)).status).toBe(200);
  const before = (await secret.token(CLIENT)).body.access_token as string;
  await keyward.cliJson('orgs', 'update', org, '--high-assurance', 'on');
  await eventually(async () => (await secret.token(CLIENT)).status === 400);

  expectError(await secret.token(CLIENT), 'unauthorized_client');
  expectError(
    await token({ client_id: secret.consumerKey, client_secret: secret.consumerSecret }, await proof()),
    'unauthorized_client',
  );
  expectError(
    await keyward.send('/introspect', { form: { token: before }, basic: secret.basic }),
    'unauthorized_client',
  );
  // A wrong secret is answered as before: who has none learns nothing of it.
  expectError(await keyward.send('/token', { form: CLIENT, basic: [secret.consumerKey, 'wrong'] }), 'invalid_client');

  expectError(await token(await asserted()), 'invalid_request');
  const { status, body } = await token(await asserted(), await proof());
  expect([status, body.token_type]).toEqual([200, 'DPoP']);
  expect(decodeJwt(body.access_token as string)['cnf']).toEqual({ jkt: mine.jkt });

  expectError(
    await token({ grant_type: 'refresh_token', refresh_token: 'x', client_id: spa.consumerKey }, await proof()),
    'unauthorized_client',
  );
  // ASVS 5.0 10.4.13: what is asked for is neither in a browser's address nor its user's to change.
  const asked = authorizationUrl(org, { client_id: spa.consumerKey, code_challenge: pkce().challenge });
  const answer = answerOf(await new Visitor().get(asked));
  expect(answer).toMatchObject({ error: 'invalid_request', error_description: expect.stringContaining('pushed') });

  await manage('PATCH', `/${org}`, { highAssurance: false });
  await eventually(async () => (await secret.token(CLIENT)).status === 200);
});

it('DP-02 a client can be held to DPoP by itself', async () => {
  const bound = await makeKey(org, { tokenBinding: 'dpop' });
  expectError(await bound.token(CLIENT), 'invalid_dpop_proof');
  const answer = await mine.send('/token', { form: CLIENT, basic: bound.basic });
  expect(answer.body.token_type).toBe('DPoP');
  const updated = await manage('PATCH', `/${org}/keys/${bound.consumerKey}`, { tokenBinding: 'none' });
  expect(updated.tokenBinding).toBe('none');
  await eventually(async () => (await bound.token(CLIENT)).status === 200);
});

it('the operator’s organization has a client with a secret, and keeps it', async () => {
  expectProblem(await ask('PATCH', '/root', { highAssurance: true }), 'invalid_request', 400);
});
