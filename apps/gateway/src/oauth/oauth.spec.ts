import {
  introspectToken,
  issueToken,
  revokeToken,
  ServiceError,
  type ErrorCode,
  type TokenRequest,
} from '@keyward/contracts';
import { raw } from '../../test/raw';
import { JOHNSORG, Services, testGateway, type TestGateway } from '../../test/started-gateway';

const TOKEN = { access_token: 'a.b.c', scope: 'default', token_type: 'Bearer', expires_in: 3600 } as const;
const FORM = { grant_type: 'password', username: 'john', password: 'a secret' };

describe('token API', () => {
  let services: Services;
  let gateway: TestGateway;
  let seen: TokenRequest[];

  beforeAll(async () => {
    services = new Services();
    gateway = await testGateway(services);
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    seen = [];
    services.on(issueToken, (request) => {
      seen.push(request);
      return { body: TOKEN };
    });
    services.on(revokeToken, () => ({}));
    services.on(introspectToken, () => ({ active: false }));
  });

  const refusing = (code: ErrorCode, description?: string, retryAfter?: number) =>
    services.on(issueToken, () => {
      throw new ServiceError(code, description, { retryAfter });
    });

  it.each(['/token', '/oauth2/token', '/t/johnsorg/token', '/t/johnsorg/oauth2/token', '/t/JohnsOrg/token'])(
    'TE-06 POST %s answers what the token service issued',
    async (path) => {
      const { status, headers, json } = await gateway.post(path, FORM, { authorization: 'Basic abc' });
      expect(status).toBe(200);
      expect(json).toEqual(TOKEN);
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(seen).toEqual([
        {
          params: FORM,
          authorization: 'Basic abc',
          ip: '127.0.0.1',
          ...(path.startsWith('/t/') ? { organizationId: JOHNSORG.id } : {}),
        },
      ]);
    },
  );

  it('RO-08 a sunset becomes Deprecation and Sunset', async () => {
    services.on(issueToken, () => ({ body: TOKEN, sunset: '2027-01-01T00:00:00Z' }));
    const { headers } = await gateway.post('/token', FORM);
    expect(headers.sunset).toBe('Fri, 01 Jan 2027 00:00:00 GMT');
    expect(headers.deprecation).toMatch(/^@\d{10}$/);
  });

  it('RV-09 POST /revoke answers {} as JSON', async () => {
    const { status, headers, text } = await gateway.post('/revoke', { token: 'x' });
    expect([status, text]).toEqual([200, '{}']);
    expect(headers['content-type']).toMatch(/^application\/json/);
  });

  it('IN-04 POST /introspect answers what the token service found', async () => {
    const { status, text } = await gateway.post('/t/johnsorg/oauth2/introspect', { token: 'x' });
    expect([status, text]).toEqual([200, '{"active":false}']);
  });

  it.each(['/t/unknown/token', '/t/suspended/oauth2/token', '/t/a%2fb/token', '/t/%00/token'])(
    'DS-07 POST %s of no active organization is one 404 for all, and nobody is asked',
    async (path) => {
      const { status, text } = await gateway.post(path, FORM);
      expect([status, text]).toEqual([404, '{"error":"not_found"}']);
      expect(seen).toEqual([]);
    },
  );

  describe('what a request may be', () => {
    it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('TE-01 %s /token is 405', async (method) => {
      for (const path of ['/token', '/t/johnsorg/oauth2/token', '/oauth2/revoke', '/introspect']) {
        const body = method === 'PUT' ? 'grant_type=password' : undefined;
        const { status, headers, json } = await gateway.ask(path, {
          method,
          body,
          headers: { 'content-type': 'text/plain' },
        });
        expect([status, headers.allow, json.error]).toEqual([405, 'POST', 'invalid_request']);
      }
      expect(seen).toEqual([]);
    });

    it.each([
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'nonsense',
      'application/x-www-form-urlencodedx',
    ])('TE-02 content type %s is invalid_request', async (type) => {
      const { status, json } = await gateway.post('/token', '{"grant_type":"password"}', { 'content-type': type });
      expect([status, json.error]).toEqual([400, 'invalid_request']);
      expect(seen).toEqual([]);
    });

    it('TE-02 no body is invalid_request', async () => {
      const { status, json } = await gateway.ask('/token', { method: 'POST' });
      expect([status, json.error]).toEqual([400, 'invalid_request']);
    });

    it.each(['application/x-www-form-urlencoded; charset=UTF-8', 'Application/X-WWW-Form-URLEncoded;charset=utf-8'])(
      'TE-02 content type %s is accepted',
      async (type) => {
        expect((await gateway.post('/token', FORM, { 'content-type': type })).status).toBe(200);
      },
    );

    it.each([
      'grant_type=password',
      'username=john',
      'password=x',
      'client_secret=x',
      'client_id=x',
      '%70assword=x',
      'a=b&scope=',
    ])('TE-03 %s in the URL is invalid_request', async (query) => {
      const { status, json } = await gateway.post(`/token?${query}`, FORM);
      expect([status, json.error]).toEqual([400, 'invalid_request']);
      expect(seen).toEqual([]);
    });

    it('X-06 other parameters in the URL are ignored', async () => {
      expect((await gateway.post('/token?utm=1', FORM)).status).toBe(200);
    });

    it('X-11 a body over 64 KiB is 413, declared or not', async () => {
      const big = `grant_type=password&password=${'x'.repeat(65_536)}`;
      const { status, json, headers } = await gateway.post('/token', big);
      expect([status, json.error, headers['cache-control']]).toEqual([413, 'invalid_request', 'no-store']);
      const chunked = await raw(
        gateway.url,
        `POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`,
      );
      expect(chunked).toMatch(/^HTTP\/1.1 413 /);
    });

    it('X-11 headers over 16 KiB are 431', async () => {
      const answer = await raw(gateway.url, `POST /token HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1.1 431 /);
    });

    it('CA-04 two Authorization headers are invalid_request', async () => {
      const answer = await raw(
        gateway.url,
        'POST /token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTph\r\nauthorization: Basic YjpiCg==\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b',
      );
      expect(answer).toMatch(/^HTTP\/1.1 400 [^]*"error":"invalid_request"/);
    });
  });

  describe('every answer', () => {
    const NEVER = ['set-cookie', 'etag', 'x-powered-by', 'server'];

    it.each([
      ['a token', () => gateway.post('/token', FORM)],
      ['a revocation', () => gateway.post('/revoke', { token: 'x' })],
      ['an introspection', () => gateway.post('/introspect', { token: 'x' })],
      ['a refusal', () => gateway.post('/token', 'a=%zz')],
      ['another method', () => gateway.ask('/token')],
      ['a path that is not served', () => gateway.ask('/nothing')],
      ['a path that is malformed', () => gateway.ask('/t/%zz/token')],
    ])('X-03 TE-07 TE-11 %s is not stored and carries no more than it must', async (_, asked) => {
      const { headers, text } = await asked();
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        pragma: 'no-cache',
        'x-content-type-options': 'nosniff',
        'x-correlation-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      for (const name of NEVER) expect(headers).not.toHaveProperty(name);
      expect(text).toMatch(/^\{.*\}$/);
      expect(text).not.toMatch(/stack|node_modules|FST_ERR/);
    });

    it('X-10 the correlation id is the trace id of the caller, and of the message', async () => {
      const traceId = 'a'.repeat(32);
      let trace: string | undefined;
      services.on(issueToken, (_, call) => {
        trace = call.traceparent;
        return { body: TOKEN };
      });
      const { headers } = await gateway.post('/token', FORM, { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` });
      expect(headers['x-correlation-id']).toBe(traceId);
      expect(trace?.slice(3, 35)).toBe(traceId);
    });
  });

  describe('errors', () => {
    it.each<[ErrorCode, number]>([
      ['invalid_request', 400],
      ['invalid_grant', 400],
      ['invalid_scope', 400],
      ['unauthorized_client', 400],
      ['unsupported_grant_type', 400],
    ])('TE-07 %s is %i', async (code, expected) => {
      refusing(code, 'why');
      const { status, headers, json } = await gateway.post('/token', FORM);
      expect(status).toBe(expected);
      expect(json).toEqual({ error: code, error_description: 'why' });
      expect(headers).not.toHaveProperty('www-authenticate');
    });

    it.each([
      ['CA-05 with a header', { authorization: 'Basic eDp5' }],
      ['CA-06 without one', {}],
    ])('%s invalid_client is 401 with a challenge', async (_, headers) => {
      refusing('invalid_client');
      const answer = await gateway.post('/token', FORM, headers);
      expect([answer.status, answer.text]).toEqual([401, '{"error":"invalid_client"}']);
      expect(answer.headers['www-authenticate']).toBe('Basic realm="keyward"');
    });

    it('BF-05 too_many_requests is 429 with Retry-After and the error temporarily_unavailable', async () => {
      refusing('too_many_requests', undefined, 42);
      const { status, headers, json } = await gateway.post('/token', FORM);
      expect([status, headers['retry-after'], json.error]).toEqual([429, '42', 'temporarily_unavailable']);
      expect(headers['cache-control']).toBe('no-store');
    });

    it('X-10 temporarily_unavailable is 503 with Retry-After', async () => {
      refusing('temporarily_unavailable');
      const { status, headers, json } = await gateway.post('/token', FORM);
      expect([status, headers['retry-after'], json]).toEqual([503, '1', { error: 'temporarily_unavailable' }]);
    });

    it('X-10 an unexpected failure is server_error and says nothing', async () => {
      services.on(issueToken, () => {
        throw new Error('relation "secrets" does not exist');
      });
      const { status, text } = await gateway.post('/token', FORM);
      expect([status, text]).toEqual([500, '{"error":"server_error"}']);
    });

    it('X-10 an introspection nobody answers is 503, never inactive', async () => {
      const alone = await testGateway(new Services());
      const { status, json } = await alone.post('/introspect', { token: 'x' });
      await alone.close();
      expect([status, json]).toEqual([503, { error: 'temporarily_unavailable' }]);
    });

    it.each(['"quoted" \\ and\r\nSet-Cookie: a=b', '\t\u0000 é ☃ <script>', 'x'.repeat(5000)])(
      'X-07 error_description keeps to its characters: %j',
      async (description) => {
        refusing('invalid_request', description);
        const { json, headers } = await gateway.post('/token', FORM);
        expect(json.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,300}$/);
        expect(headers).not.toHaveProperty('set-cookie');
      },
    );
  });
});
