import { deployment, type Answer, type Deployment } from '@keyward/testing';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { expectError } from '../support/answers';
import { forwarding, type Forwarding } from '../support/forwarding';

describe('a gateway in front of API Manager', () => {
  let gateways: Forwarding;
  let gateway: Deployment;
  let apiManager: Server;
  let answer: RequestListener;
  let seen: { url?: string; authorization?: string; body: string }[];

  beforeAll(async () => {
    gateways = await forwarding();
    const { certFile, keyFile } = gateways;
    apiManager = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
      void text(request).then((body) => {
        seen.push({ url: request.url, authorization: request.headers.authorization, body });
        answer(request, response);
      });
    });
    await once(apiManager.listen(0), 'listening');
    const { port } = apiManager.address() as { port: number };
    const url = `https://localhost:${port}/services/`;
    gateway = await gateways.start({ url, caFile: certFile, demo: deployment().demo });
  });
  beforeEach(() => {
    seen = [];
  });
  afterAll(async () => {
    await gateways.stop();
    apiManager.close();
    apiManager.closeAllConnections();
  });

  /** As Tomcat behind API Manager sends it. */
  const says =
    (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
    (_, response) => {
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-frame-options': 'DENY',
        'x-xss-protection': '1; mode=block',
        'set-cookie': 'JSESSIONID=0A1B; Path=/oauth2; Secure; HttpOnly',
        server: 'WSO2 Carbon Server',
        ...headers,
      });
      response.end(body);
    };
  const noServerNorCookie = ({ headers }: Answer) => {
    for (const name of ['set-cookie', 'server', 'x-xss-protection']) expect(headers[name]).toBeUndefined();
  };

  it('compatibility.md 1.3: a success arrives as it was sent', async () => {
    const tokens =
      '{"access_token":"292ff0fd-256b-3814-9ac4-ddd3b5c8a07b","refresh_token":"33c3be15-d5b8-3b5b-96dc-8ab41c2f5e7f",' +
      '"scope":"apim:subscribe default","token_type":"Bearer","expires_in":3600}';
    answer = says(200, tokens, { 'cache-control': 'no-store', pragma: 'no-cache' });
    const got = await gateway.passwordToken({ scope: 'apim:subscribe' });
    expect(got).toMatchObject({ status: 200, text: tokens });
    expect(got.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    noServerNorCookie(got);
    const [{ url, authorization, body }] = seen as [(typeof seen)[0]];
    expect(url).toBe('/oauth2/token');
    expect(authorization).toMatch(/^Basic /);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'password',
      username: gateway.demo.username,
      password: gateway.demo.password,
      scope: 'apim:subscribe',
    });
  });

  it.each([
    [401, 'invalid_client', 'A valid OAuth client could not be found for client_id: x', 'Basic realm=am.example'],
    [400, 'invalid_grant', 'Authentication failed for john@johns.org@johnsorg', undefined],
    [400, 'invalid_request', 'Unsupported grant_type value', undefined],
    [500, 'server_error', 'Internal Server Error.', undefined],
  ])(
    'compatibility.md 1.4: %s %s arrives as it was sent, and is not kept',
    async (status, error, description, realm) => {
      const body = JSON.stringify({ error_description: description, error });
      answer = says(status, body, realm ? { 'www-authenticate': realm } : {});
      const got = await gateway.passwordToken();
      expect(got).toMatchObject({ status, text: body });
      expect(got.headers['www-authenticate']).toBe(realm);
      expect(got.headers['cache-control']).toBe('no-store'); // API Manager sends none with errors.
      noServerNorCookie(got);
    },
  );

  it('serves its revocation, introspection and keys', async () => {
    answer = says(200, '', { 'content-type': 'text/html', RevokedAccessToken: 'x' });
    const revoked = await gateway.send('/revoke', { form: { token: 'x' }, basic: gateway.basic });
    expect([revoked.status, revoked.text, revoked.headers['revokedaccesstoken']]).toEqual([200, '', undefined]);
    answer = says(200, '{"active":true,"token_type":"Bearer"}');
    const introspected = await gateway.send('/introspect', { form: { token: 'x' }, basic: gateway.basic });
    expect(introspected.body).toEqual({ active: true, token_type: 'Bearer' });
    answer = says(200, '{"keys":[]}', { 'cache-control': 'public, max-age=600' });
    const jwks = await gateway.send('/t/johnsorg/jwks');
    expect([jwks.body, jwks.headers['cache-control']]).toEqual([{ keys: [] }, 'public, max-age=600']);
    expect(seen.map(({ url }) => url)).toEqual(['/oauth2/revoke', '/oauth2/introspect', '/t/johnsorg/oauth2/jwks']);
  });

  /** The answer, unless it is late: the requirement is 503 within three seconds, which a slow machine makes more. */
  const inTime = (asked: Promise<Answer>): Promise<Answer> =>
    Promise.race([
      asked,
      pause(15_000, undefined, { ref: false }).then(() => {
        throw new Error('no answer in time');
      }),
    ]);

  it.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    ['breaks off', (request) => request.socket.destroy()],
  ])('X-10 one that %s is 503 in time, and is asked once', async (_, listener) => {
    answer = listener;
    const got = await inTime(gateway.passwordToken());
    expectError(got, 'temporarily_unavailable', 503);
    expect(Number(got.headers['retry-after'])).toBeGreaterThan(0);
    expect(seen).toHaveLength(1); // A password is never sent twice.
  });

  it('X-10 one that is down is 503 in time, for documents too; back again it is served', async () => {
    const { port } = apiManager.address() as { port: number };
    apiManager.close();
    apiManager.closeAllConnections();
    for (const asked of [gateway.passwordToken(), gateway.send('/jwks')])
      expectError(await inTime(asked), 'temporarily_unavailable', 503);
    await once(apiManager.listen(port), 'listening');
    answer = says(200, '{"access_token":"x","token_type":"Bearer","expires_in":3600}');
    expect((await gateway.passwordToken()).status).toBe(200);
  });
});
