import { deployment, type Answer, type SendOptions } from '@keyward/testing';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { expectError } from './support/answers';
import { dpopKey } from './support/dpop';
import { assertionOf, now, pairOf, signed } from './support/assertion';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { answerDevice, pollDevice, startDevice } from './support/device';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  unique,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const DOCUMENTS = ['openid-configuration', 'oauth-authorization-server'];

let org: string;
let user: TestUser;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org, { redirectUris: [REDIRECT_URI] })]);
});

/** OpenID Connect Discovery 1.0 §4 puts the well-known part after the issuer's path, RFC 8414 §3 before it. */
const pathsOf = (orgkey: string) =>
  DOCUMENTS.flatMap((name) => [`/t/${orgkey}/.well-known/${name}`, `/.well-known/${name}/t/${orgkey}`]);
const metadataOf = async (orgkey: string): Promise<Record<string, unknown>> =>
  (await keyward.send(`/t/${orgkey}/.well-known/openid-configuration`)).body as Record<string, unknown>;

describe('the metadata', () => {
  it('DS-01 DS-02 is at every place that a client may look, and names the issuer it was asked for', async () => {
    const documents = await Promise.all(pathsOf(org).map((path) => keyward.send(path)));
    for (const { status, headers, body } of documents) {
      expect([status, headers['content-type']]).toEqual([200, expect.stringMatching(/^application\/json/)]);
      expect(body).toEqual(documents[0]?.body);
    }
    const { issuer } = documents[0]?.body as { issuer: string };
    expect(issuer).toMatch(new RegExp(`^https://[^/?#]+/t/${org}$`));
    expect(new URL(issuer).host).toBe(new URL(keyward.demo.issuer).host);
    expect(decodeJwt((await key.signIn(user)).body.access_token).iss).toBe(issuer);
  });

  it('DS-01 at the root is of the organization root', async () => {
    const root = await metadataOf('root');
    expect(root['issuer']).toMatch(/\/t\/root$/);
    for (const name of DOCUMENTS) expect((await keyward.send(`/.well-known/${name}`)).body).toEqual(root);
  });

  it('DS-01 an organization is asked for in any case and answers in its own', async () => {
    expect(await metadataOf(org.toUpperCase())).toEqual(await metadataOf(org));
  });

  it('DS-03 DS-04 DS-05 has https URLs, no empty array, and says what it would be wrong to leave out', async () => {
    const metadata = await metadataOf(org);
    for (const [name, value] of Object.entries(metadata)) {
      if (Array.isArray(value)) expect([name, value.length]).not.toEqual([name, 0]);
      if (/_(endpoint|uri)$/.test(name))
        expect(value).toMatch(new RegExp(`^${String(metadata['issuer'])}/[a-z0-9/_]+$`));
    }
    expect(metadata).toMatchObject({
      response_types_supported: ['code'],
      grant_types_supported: [
        'password',
        'client_credentials',
        'refresh_token',
        'authorization_code',
        EXCHANGE,
        BEARER,
        DEVICE,
      ],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      subject_types_supported: ['public', 'pairwise'],
      request_uri_parameter_supported: false, // Absent means true.
    });
  });

  it('RO-09 DS-06 lists the password grant only where it is allowed', async () => {
    const own = await makeOrganization();
    const lists = async () => ((await metadataOf(own))['grant_types_supported'] as string[]).includes('password');
    expect(await lists()).toBe(true);
    await manage('PATCH', `/${own}`, { passwordGrant: false });
    await eventually(async () => !(await lists()));
    expect((await metadataOf(org))['grant_types_supported']).toContain('password');
  });

  it('DS-07 is not there for what is unknown or suspended, and nobody learns which', async () => {
    const suspended = await makeOrganization();
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });
    await eventually(async () => (await keyward.send(`/t/${suspended}/jwks`)).status === 404);
    for (const [i, path] of pathsOf(suspended).entries()) {
      const gone = await keyward.send(path);
      expect([gone.status, gone.body]).toEqual([404, { error: 'not_found' }]);
      for (const orgkey of ['no-such-one', 'a', '-', 'x'.repeat(100), 'root.', '%00']) {
        const unknown = await keyward.send(pathsOf(orgkey)[i] ?? '');
        expect([orgkey, unknown.status, unknown.text]).toEqual([orgkey, 404, gone.text]);
      }
    }
  });

  /** A request whose Host is not the name that the certificate is checked for. */
  async function ask(path: string, headers: Record<string, string>, form?: Record<string, string>) {
    const to = new URL(path, keyward.baseUrl);
    const asked = request(to, {
      method: form ? 'POST' : 'GET',
      headers: { ...headers, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ca: keyward.ca,
      servername: to.hostname,
    });
    asked.end(form && new URLSearchParams(form).toString());
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, text: await text(answer) };
  }

  const HEADERS: Record<string, string>[] = [
    { host: 'evil.example' },
    { host: 'evil.example:8243' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-forwarded-port': '80' },
    { 'x-forwarded-prefix': '/evil', 'x-original-url': '/evil', 'x-rewrite-url': '/evil' },
    { forwarded: 'host=evil.example;proto=http', 'x-host': 'evil.example', 'x-forwarded-server': 'evil.example' },
  ];

  it.each(HEADERS)('DS-08 abuse 32: no header changes a word of it, nor the issuer of a token: %j', async (headers) => {
    for (const path of ['/.well-known/openid-configuration', '/jwks', ...pathsOf(org)])
      expect(await ask(path, headers)).toEqual({ status: 200, text: (await keyward.send(path)).text });
    const [client_id, client_secret] = key.basic;
    const issued = await ask('/token', headers, { grant_type: 'client_credentials', client_id, client_secret });
    const { access_token: token } = JSON.parse(issued.text) as { access_token: string };
    expect(decodeJwt(token).iss).toBe((await metadataOf(org))['issuer']);
  });
});

describe('DS-06 all that it says is so:', () => {
  const METHODS = {
    client_secret_basic: (form: Record<string, string>): SendOptions => ({ form, basic: key.basic }),
    client_secret_post: (form: Record<string, string>) => ({
      form: { ...form, client_id: key.consumerKey, client_secret: key.consumerSecret },
    }),
    private_key_jwt: async (form: Record<string, string>) => ({ form: { ...form, ...(await asserted('ES256')) } }),
    none: async (form: Record<string, string>) => {
      const open = await makeKey(org, { public: true, redirectUris: [REDIRECT_URI] });
      const granted = form['grant_type'] ? await codeFor(org, open, user) : form;
      return { form: { ...granted, client_id: open.consumerKey } };
    },
  };
  /** A new client's assertion. */
  const asserted = async (alg: string) => {
    const pair = await pairOf(alg);
    const jwks = { keys: [pair.jwk] };
    const { consumerKey } = await makeKey(org, { tokenEndpointAuthMethod: 'private_key_jwt', jwks });
    return assertionOf(consumerKey, String((await metadataOf(org))['issuer']), pair);
  };
  const password = () => ({ grant_type: 'password', username: user.loginName, password: user.password });
  const GRANTS: Record<string, () => Promise<Answer>> = {
    password: () => key.token(password()),
    client_credentials: () => key.token({ grant_type: 'client_credentials' }),
    refresh_token: async () => {
      const { refresh_token } = (await key.signIn(user)).body as { refresh_token: string };
      return key.token({ grant_type: 'refresh_token', refresh_token });
    },
    authorization_code: async () => key.token(await codeFor(org, key, user)),
  };
  const authorize = (params: Record<string, string> = {}) =>
    new Visitor().get(
      authorizationUrl(org, { client_id: key.consumerKey, code_challenge: pkce().challenge, ...params }),
    );
  GRANTS[EXCHANGE] = async () => {
    const given = (await key.signIn(user)).body as { access_token: string };
    const exchanging = await makeKey(org, { grantTypes: [EXCHANGE] });
    const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token';
    return exchanging.token({ grant_type: EXCHANGE, subject_token: given.access_token, subject_token_type });
  };
  GRANTS[BEARER] = async () => {
    const [pair, iss] = [await pairOf(), `https://${unique('hr')}.example`];
    const trusted = { name: unique('hr'), issuer: iss, jwks: { keys: [pair.jwk] } };
    await manage('POST', `/${org}/trusted-issuers`, { ...trusted, users: [{ subject: '1', userId: user.id }] });
    const aud = String((await metadataOf(org))['issuer']);
    const assertion = await signed({ iss, sub: '1', aud, jti: unique('jti'), exp: now() + 60 }, pair);
    return (await makeKey(org, { grantTypes: [BEARER] })).token({ grant_type: BEARER, assertion });
  };
  GRANTS[DEVICE] = async () => {
    const device = await makeKey(org, { grantTypes: [DEVICE] });
    const waiting = await startDevice(device);
    await answerDevice(waiting, user);
    return pollDevice(device, waiting);
  };
  const endpoint = (path: string, form: Record<string, string>) => async (url: unknown) => {
    expect(url).toBe(`${String((await metadataOf(org))['issuer'])}${path}`);
    expect((await keyward.send(String(url), METHODS.client_secret_basic(form))).status).toBe(200);
  };
  const methods = (path: string, form: Record<string, string>) => async (supported: unknown) => {
    expect(supported).toEqual(Object.keys(METHODS));
    for (const as of Object.values(METHODS))
      expect((await keyward.send(`/t/${org}${path}`, await as(form))).status).toBe(200);
  };
  const algorithms = (path: string, form: Record<string, string>) => async (supported: unknown) => {
    for (const alg of supported as string[])
      expect((await keyward.send(`/t/${org}${path}`, { form: { ...form, ...(await asserted(alg)) } })).status).toBe(
        200,
      );
  };

  /** How each member is held to its word. One that is not here has nothing to say. */
  const HELD: Record<string, (value: unknown) => Promise<void>> = {
    authorization_endpoint: async (url) => {
      expect(url).toBe(`${String((await metadataOf(org))['issuer'])}/authorize`);
      expect((await authorize()).status).toBe(200);
    },
    pushed_authorization_request_endpoint: async (url) => {
      const form = { response_type: 'code', redirect_uri: REDIRECT_URI, code_challenge: pkce().challenge };
      const asked = { form: { ...form, code_challenge_method: 'S256' }, basic: key.basic };
      expect((await keyward.send(String(url), asked)).status).toBe(201);
    },
    // That a client, or an organization of high assurance, may have to is shown by the tests of PR-02 and ASVS 10.4.13.
    require_pushed_authorization_requests: async (required) => {
      expect(required).toBe(false);
      expect((await authorize()).status).toBe(200);
    },
    response_types_supported: async (types) => {
      expect(types).toEqual(['code']);
      expect(answerOf(await authorize({ response_type: 'token' }))).toMatchObject({
        error: 'unsupported_response_type',
      });
    },
    response_modes_supported: async (modes) => {
      for (const mode of modes as string[]) expect((await authorize({ response_mode: mode })).status).toBe(200);
      expect(answerOf(await authorize({ response_mode: 'fragment' }))).toMatchObject({ error: 'invalid_request' });
    },
    code_challenge_methods_supported: async (methods) => {
      expect(methods).toEqual(['S256']);
      expect(answerOf(await authorize({ code_challenge_method: 'plain' }))).toMatchObject({ error: 'invalid_request' });
    },
    authorization_response_iss_parameter_supported: async (supported) => {
      expect(supported).toBe(true);
      expect(answerOf(await authorize({ prompt: 'none' }))).toMatchObject({ iss: (await metadataOf(org))['issuer'] });
    },
    prompt_values_supported: async (prompts) => {
      for (const prompt of prompts as string[])
        expect((await authorize({ prompt })).status).toBe(prompt === 'none' ? 303 : 200);
    },
    ui_locales_supported: async (locales) => {
      const pages = (locales as string[]).map(async (locale) => (await authorize({ ui_locales: locale })).text);
      for (const [n, page] of (await Promise.all(pages)).entries())
        expect(page).toContain(`<html lang="${(locales as string[])[n]}"`);
    },
    issuer: async (issuer) => expect(decodeJwt((await key.signIn(user)).body.access_token).iss).toBe(issuer),
    token_endpoint: endpoint('/oauth2/token', { grant_type: 'client_credentials' }),
    token_endpoint_auth_methods_supported: methods('/oauth2/token', { grant_type: 'client_credentials' }),
    token_endpoint_auth_signing_alg_values_supported: algorithms('/oauth2/token', { grant_type: 'client_credentials' }),
    device_authorization_endpoint: async (url) => {
      const { basic } = await makeKey(org, { grantTypes: [DEVICE] });
      expect((await keyward.send(String(url), { form: {}, basic })).body.user_code).toEqual(expect.any(String));
    },
    dpop_signing_alg_values_supported: async (algorithms) => {
      for (const alg of algorithms as string[]) {
        const form = { grant_type: 'client_credentials' };
        const { body } = await (await dpopKey(alg)).send('/token', { form, basic: key.basic });
        expect(body.token_type).toBe('DPoP');
      }
    },
    revocation_endpoint: endpoint('/oauth2/revoke', { token: 'x' }),
    revocation_endpoint_auth_methods_supported: methods('/oauth2/revoke', { token: 'x' }),
    revocation_endpoint_auth_signing_alg_values_supported: algorithms('/oauth2/revoke', { token: 'x' }),
    introspection_endpoint: endpoint('/oauth2/introspect', { token: 'x' }),
    introspection_endpoint_auth_methods_supported: methods('/oauth2/introspect', { token: 'x' }),
    introspection_endpoint_auth_signing_alg_values_supported: algorithms('/oauth2/introspect', { token: 'x' }),
    userinfo_endpoint: async (url) => {
      const { access_token } = (await key.signIn(user, { scope: 'openid' })).body;
      expect((await keyward.send(String(url), { bearer: access_token })).body.sub).toBe(user.id);
    },
    end_session_endpoint: async (url) => expect((await keyward.send(String(url))).status).toBe(200),
    claims_supported: async (claims) => {
      const { body } = await key.signIn(user, { scope: 'openid profile' });
      const { body: info } = await keyward.send(`/t/${org}/userinfo`, { bearer: body.access_token });
      for (const name of [...Object.keys(decodeJwt(body.id_token)), ...Object.keys(info)])
        expect(claims).toContain(name);
    },
    // What it does is shown by the tests of OC-07.
    claims_parameter_supported: async (supported) => {
      expect(supported).toBe(true);
      expect(answerOf(await authorize({ claims: '[]' }))).toMatchObject({ error: 'invalid_request' });
    },
    acr_values_supported: async (values) => {
      const { body } = await key.signIn(user, { scope: 'openid', acr_values: (values as string[]).join(' ') });
      expect(values).toEqual([decodeJwt(body.id_token as string)['acr']]);
    },
    id_token_signing_alg_values_supported: async (algorithms) => {
      const { id_token } = (await key.signIn(user, { scope: 'openid' })).body;
      expect(algorithms).toEqual(['RS256', 'ES256']);
      expect(decodeProtectedHeader(id_token as string).alg).toBe('RS256');
      for (const alg of algorithms as ('RS256' | 'ES256')[]) {
        const client = await makeKey(org, { idTokenSignedResponseAlg: alg });
        const { body } = await client.signIn(user, { scope: 'openid' });
        expect(decodeProtectedHeader(body.id_token as string).alg).toBe(alg);
      }
    },
    userinfo_signing_alg_values_supported: async (algorithms) => {
      for (const alg of algorithms as ('RS256' | 'ES256')[]) {
        const client = await makeKey(org, { userinfoSignedResponseAlg: alg });
        const { body } = await client.signIn(user, { scope: 'openid' });
        const { text } = await keyward.send(`/t/${org}/userinfo`, { bearer: body.access_token });
        expect(decodeProtectedHeader(text).alg).toBe(alg);
      }
    },
    // What a client is told is shown by the tests of BL-01.
    backchannel_logout_supported: async (supported) => expect(supported).toBe(true),
    backchannel_logout_session_supported: async (supported) => expect(supported).toBe(true),
    jwks_uri: async (url) => {
      const keys = createLocalJWKSet((await keyward.send(String(url))).body);
      await jwtVerify((await key.signIn(user)).body.access_token, keys);
    },
    grant_types_supported: async (types) => {
      expect(types).toEqual(Object.keys(GRANTS));
      for (const grant of Object.values(GRANTS)) expect((await grant()).status).toBe(200);
    },
    scopes_supported: async (scopes) => {
      for (const scope of scopes as string[]) expect((await key.signIn(user, { scope })).body.scope).toBe(scope);
    },
    subject_types_supported: async (types) => {
      expect(types).toEqual(['public', 'pairwise']); // The second is shown by the tests of OC-09.
      const subjects = [key, await makeKey(org)].map(async (client) => (await client.signIn(user)).body.access_token);
      const [first, second] = (await Promise.all(subjects)).map((token) => decodeJwt(token as string).sub);
      expect(first).toBe(second);
    },
    request_uri_parameter_supported: async (supported) => {
      expect(supported).toBe(false);
      const answer = answerOf(await authorize({ request_uri: 'https://app.example/request' }));
      expect(answer).toMatchObject({ error: 'request_uri_not_supported' });
    },
  };

  it.each(Object.keys(HELD))('%s', async (name) => {
    const metadata = await metadataOf(org);
    expect(metadata).toHaveProperty(name);
    await HELD[name]?.(metadata[name]);
  });

  it('and there is no member beside these', async () => {
    expect(Object.keys(await metadataOf(org)).sort()).toEqual(Object.keys(HELD).sort());
  });

  it('and what it does not say is not served', async () => {
    expect((await keyward.send(`/t/${org}/oidc/logout`)).status).toBe(404);
    expect((await keyward.send(`/t/${org}/oauth2/register`, { json: {} })).status).toBe(403);
    for (const grant_type of ['implicit', 'urn:openid:params:grant-type:ciba'])
      expectError(await key.token({ grant_type }), 'unsupported_grant_type');
  });
});
