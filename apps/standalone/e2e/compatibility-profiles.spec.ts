import type { CompatibilityProfile } from '@keyward/contracts';
import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();
const CLIENT = { grant_type: 'client_credentials' };

/** An organization of a profile, with what its requests need. */
interface Scene {
  org: string;
  user: TestUser;
  key: TestKey;
  narrow: TestKey;
  disabled: TestKey;
}

async function sceneOf(compatibilityProfile: CompatibilityProfile): Promise<Scene> {
  const org = await makeOrganization();
  expect(await manage('PATCH', `/${org}`, { compatibilityProfile })).toMatchObject({ compatibilityProfile });
  const [user, key, narrow, disabled] = await Promise.all([
    makeUser(org),
    makeKey(org, { strictScopes: true }),
    makeKey(org, { grantTypes: ['client_credentials'] }),
    makeKey(org),
  ]);
  await manage('PATCH', `/${org}/keys/${disabled.consumerKey}`, { state: 'disabled' });
  await eventually(async () => (await disabled.token(CLIENT)).status === 401);
  const scope = compatibilityProfile === 'rfc' ? 'default' : 'am_application_scope default';
  await eventually(async () => (await narrow.token(CLIENT)).body.scope === scope);
  return { org, user, key, narrow, disabled };
}

const refresh = (key: TestKey, refresh_token: string) => key.token({ grant_type: 'refresh_token', refresh_token });
const signIn = (key: TestKey, loginName: string) => key.signIn({ loginName, password: 'not the password of anyone' });
/** The endpoint of the organization, as nobody or as somebody else. */
const at = ({ org }: Scene, form: [string, string][] | Record<string, string>, more = {}) =>
  keyward.send(`/t/${org}/oauth2/token`, { form, ...more });

async function used({ key, user }: Scene): Promise<string> {
  const { refresh_token: first } = (await key.signIn(user)).body;
  const { refresh_token: second } = (await refresh(key, first)).body;
  expect((await refresh(key, second)).status).toBe(200);
  return first;
}

type Said = [error: string, description: string];
interface Row {
  send: (scene: Scene) => Promise<Answer>;
  status: number;
  rfc: Said | ((scene: Scene) => Said);
  old: Said | ((scene: Scene) => Said);
  /** When 3.2 said something else than 2.6. */
  since3?: Said;
  since4?: Said | ((scene: Scene) => Said);
}

const OLD_CLIENT: Said = ['invalid_client', 'Client Authentication failed.'];
const NEW_CLIENT: Said = ['invalid_client', 'Client credentials are invalid.'];
const RFC_CLIENT: Said = ['invalid_client', 'Client authentication failed'];
const RFC_REFRESH: Said = ['invalid_grant', 'The refresh token is invalid, expired or revoked'];

/** `compatibility.md` §1.4 by the numbers of its rows. */
const ROWS: Record<string, Row> = {
  '1: a parameter twice': {
    send: (scene) =>
      at(
        scene,
        [
          ['grant_type', 'x'],
          ['grant_type', 'y'],
        ],
        { basic: scene.key.basic },
      ),
    status: 400,
    rfc: ['invalid_request', 'a parameter is repeated'],
    old: ['invalid_request', 'Invalid request with repeated parameters.'],
  },
  '2: a password in the URL': {
    send: ({ key }) => keyward.send('/token?password=x', { form: CLIENT, basic: key.basic }),
    status: 400,
    rfc: ['invalid_request', 'password must not be in the URL'],
    old: ['invalid_request', 'Invalid request with sensitive data in the URL.'],
  },
  '3: no grant type': {
    send: ({ key }) => key.token({}),
    status: 400,
    rfc: ['invalid_request', 'Missing grant_type parameter value'],
    old: ['invalid_request', 'Missing grant_type parameter value'],
  },
  '4: an unknown grant type': {
    send: ({ key }) => key.token({ grant_type: 'x' }),
    status: 400,
    rfc: ['unsupported_grant_type', 'Unsupported grant_type value'],
    old: ['unsupported_grant_type', 'Unsupported grant_type value'],
    since3: ['invalid_request', 'Unsupported grant_type value'],
  },
  '5: missing parameters': {
    send: ({ key }) => key.token({ grant_type: 'password' }),
    status: 400,
    rfc: ['invalid_request', 'Missing parameters: username password'],
    old: ['invalid_request', 'Missing parameters: username password'],
  },
  '1: a parameter twice, at the root, of a client in the body': {
    send: ({ key }) =>
      keyward.send('/token', {
        form: [
          ['client_id', key.consumerKey],
          ['grant_type', 'x'],
          ['grant_type', 'y'],
        ],
      }),
    status: 400,
    rfc: ['invalid_request', 'a parameter is repeated'],
    old: ['invalid_request', 'Invalid request with repeated parameters.'],
  },
  '2: a password in the URL, at the root, of a client in the body': {
    send: ({ key }) => keyward.send('/token?password=x', { form: { ...CLIENT, client_id: key.consumerKey } }),
    status: 400,
    rfc: ['invalid_request', 'password must not be in the URL'],
    old: ['invalid_request', 'Invalid request with sensitive data in the URL.'],
  },
  '6: a text': {
    send: (scene) => at(scene, CLIENT, { headers: { 'content-type': 'text/plain' } }),
    status: 400,
    rfc: ['invalid_request', 'the content type must be application/x-www-form-urlencoded'],
    old: ['invalid_request', 'Bad request content type. Expecting: application/x-www-form-urlencoded'],
  },
  '6: JSON': {
    send: ({ key }) => keyward.send('/token', { json: CLIENT, basic: key.basic }),
    status: 400,
    rfc: ['invalid_request', 'the content type must be application/x-www-form-urlencoded'],
    old: ['invalid_request', 'Bad request content type. Expecting: application/x-www-form-urlencoded'],
  },
  '6: no form': {
    send: ({ key }) => keyward.send('/token', { method: 'POST', basic: key.basic }),
    status: 400,
    rfc: ['invalid_request', 'the content type must be application/x-www-form-urlencoded'],
    old: ['invalid_request', 'Bad request content type. Expecting: application/x-www-form-urlencoded'],
  },
  '8: no client': {
    send: (scene) => at(scene, CLIENT),
    status: 401,
    rfc: RFC_CLIENT,
    old: OLD_CLIENT,
    since4: ['invalid_client', 'Unsupported client authentication mechanism'],
  },
  '9: an unknown client': {
    send: (scene) => at(scene, CLIENT, { basic: ['nobody', 'x'] }),
    status: 401,
    rfc: RFC_CLIENT,
    old: ['invalid_client', 'A valid OAuth client could not be found for client_id: nobody'],
    since4: ['invalid_client', 'Invalid Client : nobody'],
  },
  '10: a wrong secret': {
    send: ({ key }) => keyward.send('/token', { form: CLIENT, basic: [key.consumerKey, 'x'] }),
    status: 401,
    rfc: RFC_CLIENT,
    old: OLD_CLIENT,
    since4: NEW_CLIENT,
  },
  '11: two credentials': {
    send: ({ key }) => key.token({ ...CLIENT, client_id: key.consumerKey, client_secret: 'x' }),
    status: 400,
    rfc: ['invalid_request', 'Request body and headers contain authorization information'],
    old: ['invalid_request', 'Request body and headers contain authorization information'],
  },
  '12: two mechanisms': {
    send: (scene) =>
      at(scene, { ...CLIENT, client_assertion: 'x', client_assertion_type: 'y' }, { basic: scene.key.basic }),
    status: 400,
    rfc: ['invalid_request', 'Request body and headers contain authorization information'],
    old: ['invalid_request', 'The client MUST NOT use more than one authentication method in each'],
  },
  '13: a malformed header': {
    send: (scene) => at(scene, CLIENT, { headers: { authorization: 'Basic %' } }),
    status: 401,
    rfc: RFC_CLIENT,
    old: [
      'invalid_client',
      "Error decoding authorization header. Space delimited '<authMethod> <base64Hash>' format violated.",
    ],
  },
  '14: a disabled consumer key': {
    send: ({ disabled }) => disabled.token(CLIENT),
    status: 401,
    rfc: RFC_CLIENT,
    old: ['invalid_client', 'Oauth application is not in active state'],
  },
  '14: a disabled consumer key with a wrong secret': {
    send: ({ disabled }) => keyward.send('/token', { form: CLIENT, basic: [disabled.consumerKey, 'x'] }),
    status: 401,
    rfc: RFC_CLIENT,
    old: OLD_CLIENT,
    since4: NEW_CLIENT,
  },
  '15: a grant that the key may not use': {
    send: ({ narrow, user }) => narrow.signIn(user),
    status: 400,
    rfc: ['unauthorized_client', 'The client is not authorized to use this authorization grant type'],
    old: ['unauthorized_client', 'The authenticated client is not authorized to use this authorization grant type'],
  },
  '16: a wrong password': {
    send: ({ key, user }) => signIn(key, user.loginName),
    status: 400,
    rfc: ['invalid_grant', 'Authentication failed'],
    old: ({ user }) => ['invalid_grant', `Authentication failed for ${user.loginName}`],
    since4: ['invalid_grant', 'Authentication failed'],
  },
  '17: an unknown user': {
    send: ({ key, org }) => signIn(key, `nobody@${org}`),
    status: 400,
    rfc: ['invalid_grant', 'Authentication failed'],
    old: ({ org }) => ['invalid_grant', `Authentication failed for nobody@${org}`],
    since4: ['invalid_grant', 'Authentication failed'],
  },
  '18: a user of another organization, which stays unknown': {
    send: ({ key }) => signIn(key, keyward.demo.username),
    status: 400,
    rfc: ['invalid_grant', 'Authentication failed'],
    old: () => ['invalid_grant', `Authentication failed for ${keyward.demo.username}`],
    since4: ['invalid_grant', 'Authentication failed'],
  },
  '19: an unknown organization': {
    send: ({ key }) => signIn(key, 'john@no-such-organization'),
    status: 400,
    rfc: ['invalid_grant', 'Authentication failed'],
    old: ['invalid_grant', 'Authentication failed for john@no-such-organization'],
    since4: ['invalid_grant', 'Authentication failed'],
  },
  '23: a refresh token of nobody': {
    send: ({ key }) => refresh(key, 'x'),
    status: 400,
    rfc: RFC_REFRESH,
    old: ['invalid_grant', 'Persisted access token data not found'],
  },
  '23: the refresh token of another client': {
    send: async (scene) => refresh(scene.key, (await (await makeKey(scene.org)).signIn(scene.user)).body.refresh_token),
    status: 400,
    rfc: RFC_REFRESH,
    old: ['invalid_grant', 'Persisted access token data not found'],
  },
  '24: a refresh token that was used': {
    send: async (scene) => refresh(scene.key, await used(scene)),
    status: 400,
    rfc: RFC_REFRESH,
    old: ['invalid_grant', 'Invalid refresh token value in the request'],
  },
  '27: a scope that a strict application may not have': {
    send: ({ key }) => key.token({ ...CLIENT, scope: 'unheard-of' }),
    status: 400,
    rfc: ['invalid_scope', 'A requested scope is unknown or not allowed'],
    old: ['invalid_scope', 'Invalid Scope!'],
  },
};

const said = (expected: Said | ((scene: Scene) => Said), scene: Scene): Said =>
  typeof expected === 'function' ? expected(scene) : expected;

describe.each(['rfc', 'wso2-2.6', 'wso2-3.2', 'wso2-4.x'] as const)('an organization of the profile %s', (profile) => {
  let scene: Scene;
  beforeAll(async () => (scene = await sceneOf(profile)));

  it.each(Object.entries(ROWS))('answers row %s in its own words', async (_, row) => {
    const { status, body, headers } = await row.send(scene);
    const since3 = row.since3 ?? row.old;
    const texts = { rfc: row.rfc, 'wso2-2.6': row.old, 'wso2-3.2': since3, 'wso2-4.x': row.since4 ?? since3 };
    const [error, error_description] = said(texts[profile], scene);
    expect({ status, body }).toEqual({ status: row.status, body: { error, error_description } });
    expect(headers['cache-control']).toBe('no-store');
    if (status === 401) expect(headers['www-authenticate']).toMatch(/^Basic realm=/);
  });

  const isCompatible = profile !== 'rfc';

  it('names an application in the scope of its own token where clients expect it', async () => {
    const { body } = await scene.narrow.token(CLIENT);
    expect(body.scope).toBe(isCompatible ? 'am_application_scope default' : 'default');
    expect(decodeJwt(body.access_token).scope).toBe(body.scope);
    expect((await scene.key.signIn(scene.user)).body.scope).toBe('default');
  });

  it('grants the scope of a device to who asks for it, where devices have one, and keeps it on refresh', async () => {
    const scope = 'device_john-s-phone';
    if (!isCompatible) {
      expect((await scene.key.signIn(scene.user, { scope })).body.error).toBe('invalid_scope');
      return;
    }
    const { body } = await scene.key.signIn(scene.user, { scope });
    expect(body.scope).toBe(scope);
    expect((await refresh(scene.key, body.refresh_token)).body.scope).toBe(scope);
    expect((await scene.narrow.token({ ...CLIENT, scope })).body.scope).toBe(`am_application_scope ${scope}`);
    expect((await scene.key.signIn(scene.user, { scope: 'device_' })).body.error).toBe('invalid_scope');
  });

  it.each([
    ['60', 60],
    ['90000', 86400],
    ['-1', 86400],
    ['99999999999999999', 86400],
  ])('lets an application ask for a validity_period of %s, where it is known', async (validity_period, lasts) => {
    const { body } = await scene.narrow.token({ ...CLIENT, validity_period });
    expect(body.expires_in).toBe(isCompatible ? lasts : 3600);
    const { iat, exp } = decodeJwt(body.access_token);
    expect(Number(exp) - Number(iat)).toBe(body.expires_in);
    const { body: ofUser } = await scene.key.signIn(scene.user, { validity_period });
    expect(ofUser.expires_in).toBe(3600);
  });

  it.each(['0', 'x', '1.5', '', '- 1', '1e3', '9'.repeat(40)])('a validity_period of %j', async (validity_period) => {
    const { status, body } = await scene.narrow.token({ ...CLIENT, validity_period });
    const isRefused = isCompatible && validity_period !== '';
    expect({ status, error: body.error }).toEqual(
      isRefused ? { status: 400, error: 'invalid_request' } : { status: 200 },
    );
  });
});

it('answers at the root in the words of the organization whose client it was', async () => {
  const [plain, old] = await Promise.all([sceneOf('rfc'), sceneOf('wso2-3.2')]);
  const wrong = async ({ key }: Scene) =>
    (await keyward.send('/token', { form: CLIENT, basic: [key.consumerKey, 'x'] })).body.error_description;
  expect(await wrong(old)).toBe('Client Authentication failed.');
  expect(await wrong(plain)).toBe('Client authentication failed');
  // Whose client it is stays unknown where another organization is asked.
  const there = await keyward.send(`/t/${plain.org}/oauth2/token`, { form: CLIENT, basic: old.key.basic });
  expect(there.body.error_description).toBe('Client authentication failed');
  const { consumerKey } = plain.key;
  const here = await keyward.send(`/t/${old.org}/oauth2/token`, { form: CLIENT, basic: plain.key.basic });
  expect(here.body.error_description).toBe(`A valid OAuth client could not be found for client_id: ${consumerKey}`);
});

it('is one of those that exist', async () => {
  const org = await makeOrganization();
  await expect(manage('PATCH', `/${org}`, { compatibilityProfile: 'wso2-1.0' })).rejects.toThrow('400');
});
