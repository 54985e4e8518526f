import { getJwks, ServiceError, type PublicJwk } from '@keyward/contracts';
import { raw } from '../../test/raw';
import { JOHNSORG, ROOT, Services, testGateway, type TestGateway } from '../../test/started-gateway';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

const KEY: PublicJwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k1', use: 'sig', alg: 'ES256' };

describe('metadata', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway(new Services());
  });
  afterAll(() => gateway.close());

  it.each([
    '/t/johnsorg/.well-known/openid-configuration',
    '/t/johnsorg/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/t/johnsorg',
    '/.well-known/openid-configuration/t/johnsorg',
  ])('DS-01 DS-02 DS-05 %s tells what works', async (path) => {
    const { status, headers, json } = await gateway.ask(path);
    expect([status, headers['cache-control'], headers.pragma]).toEqual([200, 'public, max-age=300', undefined]);
    expect(headers['content-type']).toMatch(/^application\/json/);
    const issuer = 'https://id.example/t/johnsorg';
    const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];
    const algorithms = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'];
    expect(json).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      pushed_authorization_request_endpoint: `${issuer}/oauth2/par`,
      require_pushed_authorization_requests: false,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'form_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      ui_locales_supported: ['en', 'de'],
      token_endpoint: `${issuer}/oauth2/token`,
      token_endpoint_auth_methods_supported: methods,
      token_endpoint_auth_signing_alg_values_supported: algorithms,
      device_authorization_endpoint: `${issuer}/oauth2/device_authorize`,
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256', 'RS256']),
      revocation_endpoint: `${issuer}/oauth2/revoke`,
      revocation_endpoint_auth_methods_supported: methods,
      revocation_endpoint_auth_signing_alg_values_supported: algorithms,
      introspection_endpoint: `${issuer}/oauth2/introspect`,
      introspection_endpoint_auth_methods_supported: methods,
      introspection_endpoint_auth_signing_alg_values_supported: algorithms,
      userinfo_endpoint: `${issuer}/userinfo`,
      end_session_endpoint: `${issuer}/logout`,
      jwks_uri: `${issuer}/jwks`,
      grant_types_supported: [
        'password',
        'client_credentials',
        'refresh_token',
        'authorization_code',
        EXCHANGE,
        BEARER,
        DEVICE,
      ],
      scopes_supported: ['default', 'openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
      claims_supported: expect.arrayContaining(['sub', 'sid', 'email']),
      claims_parameter_supported: true,
      acr_values_supported: ['urn:keyward:acr:password'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      userinfo_signing_alg_values_supported: ['RS256', 'ES256'],
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      subject_types_supported: ['public', 'pairwise'],
      request_uri_parameter_supported: false,
    });
  });

  it.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'])(
    'DS-01 %s is that of root',
    async (path) => {
      expect((await gateway.ask(path)).json.issuer).toBe('https://id.example/t/root');
    },
  );

  it('DS-06 every endpoint it names is there', async () => {
    const { json } = await gateway.ask('/t/johnsorg/.well-known/openid-configuration');
    const endpoints = Object.entries(json as object).filter(([name]) => /_endpoint$|_uri$/.test(name));
    expect(endpoints.length).toBe(9);
    for (const [, url] of endpoints) {
      const { status } = await gateway.ask(new URL(url as string).pathname, { method: 'DELETE' });
      expect(status).toBe(405);
    }
  });

  it('DS-04 no array is empty', async () => {
    const { json } = await gateway.ask('/.well-known/openid-configuration');
    for (const value of Object.values(json as object)) expect(value).not.toEqual([]);
  });

  it('DS-01 HEAD answers as GET without a body', async () => {
    const { status, headers, text } = await gateway.ask('/t/johnsorg/.well-known/openid-configuration', {
      method: 'HEAD',
    });
    expect([status, text, headers['cache-control']]).toEqual([200, '', 'public, max-age=300']);
  });

  it.each<Record<string, string>>([
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-forwarded-prefix': '/evil' },
    { forwarded: 'host=evil.example;proto=http' },
    { 'x-original-host': 'evil.example', 'x-host': 'evil.example' },
  ])('DS-08 abuse 32: %j changes nothing', async (headers) => {
    const trusting = await testGateway(new Services(), { server: { trustedProxies: ['127.0.0.1'] } });
    const plain = await gateway.ask('/t/johnsorg/.well-known/openid-configuration');
    for (const each of [gateway, trusting])
      expect((await each.ask('/t/johnsorg/.well-known/openid-configuration', { headers })).text).toBe(plain.text);
    await trusting.close();
  });

  it('DS-08 abuse 32: nor does Host', async () => {
    const path = '/t/johnsorg/.well-known/openid-configuration';
    const answer = await raw(gateway.url, `GET ${path} HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
    expect(answer).toContain('"issuer":"https://id.example/t/johnsorg"');
    expect(answer).not.toContain('evil.example');
  });

  it('X-08 headers that name an organization or a certificate change nothing', async () => {
    const headers = { 'x-tenant': 'root', 'x-organization': 'root', 'x-client-cert': 'x', 'ssl-client-cert': 'x' };
    const { json } = await gateway.ask('/t/johnsorg/.well-known/openid-configuration', { headers });
    expect(json.issuer).toBe('https://id.example/t/johnsorg');
  });

  it.each(['unknown', 'suspended', '%20', 'a.b', 'johnsorg%2f', 'a'.repeat(5000)])(
    'DS-07 of %.20s is one 404',
    async (orgkey) => {
      const { status, text } = await gateway.ask(`/t/${orgkey}/.well-known/openid-configuration`);
      expect([status, text]).toEqual([404, '{"error":"not_found"}']);
    },
  );

  it('RO-09 password is not listed where the organization or the server has switched it off', async () => {
    const { json } = await gateway.ask('/t/no-passwords/.well-known/openid-configuration');
    const others = ['client_credentials', 'refresh_token', 'authorization_code', EXCHANGE, BEARER, DEVICE];
    expect(json.grant_types_supported).toEqual(others);
    const off = await testGateway(new Services(), { oauth: { passwordGrant: false } });
    const everywhere = await off.ask('/t/johnsorg/.well-known/openid-configuration');
    await off.close();
    expect(everywhere.json.grant_types_supported).toEqual(others);
  });
});

describe('JWKS', () => {
  let services: Services;
  let gateway: TestGateway;
  let asked: string[];
  beforeEach(async () => {
    asked = [];
    services = new Services();
    services.on(getJwks, ({ organizationId }) => {
      asked.push(organizationId);
      return { keys: [{ ...KEY, kid: organizationId }] };
    });
    gateway = await testGateway(services);
  });
  afterEach(() => gateway.close());

  it.each([
    ['/jwks', ROOT.id],
    ['/oauth2/jwks', ROOT.id],
    ['/t/johnsorg/jwks', JOHNSORG.id],
    ['/t/johnsorg/oauth2/jwks', JOHNSORG.id],
  ])('JK-01 JK-07 %s is the organization’s own, for caches to keep', async (path, id) => {
    const { status, headers, json } = await gateway.ask(path);
    expect([status, headers['cache-control'], headers.pragma]).toEqual([200, 'public, max-age=300', undefined]);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(json).toEqual({ keys: [{ ...KEY, kid: id }] });
  });

  it('JK-08 many readers are one question, and the answer outlives the key manager', async () => {
    await Promise.all(Array.from({ length: 20 }, () => gateway.ask('/t/johnsorg/jwks')));
    expect(asked).toEqual([JOHNSORG.id]);
    services.on(getJwks, () => {
      throw new ServiceError('temporarily_unavailable');
    });
    const later = Date.now() + 60_000;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => later);
    const { status, json } = await gateway.ask('/t/johnsorg/jwks');
    clock.mockRestore();
    expect([status, json.keys[0].kid]).toEqual([200, JOHNSORG.id]);
  });

  it('JK-01 without a key manager and nothing known it is 503', async () => {
    services.on(getJwks, () => {
      throw new ServiceError('temporarily_unavailable', undefined, { retryAfter: 3 });
    });
    const { status, headers } = await gateway.ask('/t/johnsorg/jwks');
    expect([status, headers['retry-after'], headers['cache-control']]).toEqual([503, '3', 'no-store']);
  });
});
