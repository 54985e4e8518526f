import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { certificate } from '../../test/certificate';
import { Services, testGateway, type TestGateway } from '../../test/started-gateway';

const FORM = { grant_type: 'password', username: 'john', password: 'x y' };

interface Seen {
  method?: string;
  url?: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Remote = (seen: Seen, response: ServerResponse) => void;

/** As API Manager 3.2 answers. */
const apiManager: Remote = (_, response) => {
  response.writeHead(200, {
    'content-type': 'application/json',
    'set-cookie': 'JSESSIONID=1',
    server: 'WSO2',
    'x-frame-options': 'DENY',
  });
  response.end('{"access_token":"t","scope":"default","token_type":"Bearer","expires_in":3600}');
};

describe('in front of a remote key manager', () => {
  let server: Server;
  let remote: Remote;
  let seen: Seen[];
  let gateway: TestGateway;

  beforeAll(async () => {
    const { key, cert, certFile } = await certificate();
    server = createServer({ key, cert }, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { method, url, headers } = request;
        seen.push({ method, url, headers, body });
        remote({ method, url, headers, body }, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    gateway = await forwarding(`https://localhost:${port}/services/`, certFile);
  });
  afterAll(async () => {
    await gateway.close();
    server.close();
  });
  beforeEach(() => {
    seen = [];
    remote = apiManager;
  });

  it.each([
    ['/token', '/oauth2/token'],
    ['/oauth2/token', '/oauth2/token'],
    ['/par', '/oauth2/par'],
    ['/device_authorize', '/oauth2/device_authorize'],
    ['/revoke', '/oauth2/revoke'],
    ['/oauth2/introspect', '/oauth2/introspect'],
    ['/t/johnsorg/token', '/t/johnsorg/oauth2/token'],
    ['/t/JohnsOrg/oauth2/revoke', '/t/johnsorg/oauth2/revoke'],
  ])('POST %s goes to %s as it is', async (path, target) => {
    const { status, json, headers } = await gateway.post(path, FORM, {
      authorization: 'Basic eDp5',
      accept: 'application/json',
      'user-agent': 'client/1',
      cookie: 'a=b',
      'x-forwarded-for': '1.1.1.1',
      'x-forwarded-host': 'evil.example',
      'x-tenant': 'root',
      'proxy-authorization': 'Basic eDp5',
    });
    expect([status, json.access_token]).toEqual([200, 't']);
    expect(seen).toHaveLength(1);
    const [{ method, url, body, headers: sent }] = seen as [Seen];
    expect([method, url, body]).toEqual(['POST', target, 'grant_type=password&username=john&password=x+y']);
    expect(sent).toMatchObject({
      authorization: 'Basic eDp5',
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'user-agent': 'client/1',
      'x-forwarded-for': '127.0.0.1',
    });
    expect(sent.traceparent?.slice(3, 35)).toBe(headers['x-correlation-id']);
    for (const name of ['cookie', 'x-tenant', 'x-forwarded-host', 'proxy-authorization'])
      expect(sent).not.toHaveProperty(name);
  });

  it('X-03 X-08 the answer is not stored, and brings no cookie nor the other server’s name', async () => {
    const { headers } = await gateway.post('/token', FORM);
    expect([headers['cache-control'], headers.pragma]).toEqual(['no-store', 'no-cache']);
    for (const name of ['set-cookie', 'server', 'x-frame-options']) expect(headers).not.toHaveProperty(name);
  });

  it('CA-05 errors pass with their challenge', async () => {
    remote = (_, response) => {
      response.writeHead(401, {
        'content-type': 'application/json',
        'www-authenticate': 'Basic realm="km"',
        'retry-after': '7',
        'cache-control': 'private, no-store',
      });
      response.end('{"error":"invalid_client"}');
    };
    const { status, headers, text } = await gateway.post('/token', FORM);
    expect([status, text]).toEqual([401, '{"error":"invalid_client"}']);
    expect(headers).toMatchObject({
      'www-authenticate': 'Basic realm="km"',
      'retry-after': '7',
      'cache-control': 'private, no-store',
    });
  });

  it.each([
    ['/jwks', '/oauth2/jwks'],
    ['/t/johnsorg/jwks', '/t/johnsorg/oauth2/jwks'],
    ['/.well-known/openid-configuration', '/.well-known/openid-configuration'],
    ['/t/johnsorg/.well-known/openid-configuration', '/t/johnsorg/.well-known/openid-configuration'],
    ['/.well-known/oauth-authorization-server/t/johnsorg', '/.well-known/oauth-authorization-server/t/johnsorg'],
  ])('GET %s goes to %s', async (path, target) => {
    remote = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' });
      response.end('{"keys":[]}');
    };
    const { status, headers, json } = await gateway.ask(path);
    expect([status, json]).toEqual([200, { keys: [] }]);
    expect([headers['cache-control'], headers.pragma]).toEqual(['public, max-age=300', undefined]);
    expect([seen[0]?.method, seen[0]?.url]).toEqual(['GET', target]);
  });

  it('what is refused here does not get there', async () => {
    const refused = [
      await gateway.ask('/token'),
      await gateway.post('/token', '{}', { 'content-type': 'application/json' }),
      await gateway.post('/token?password=x', FORM),
      await gateway.post('/token', { password: 'x'.repeat(70_000) }),
      await gateway.post('/t/..%2f..%2fcarbon/token', FORM),
      await gateway.ask('/api/v1/organizations', { headers: { authorization: 'Bearer x' } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([405, 400, 400, 413, 404, 404]);
    expect(seen).toEqual([]);
  });

  it('DP-01 the nonce that the other server wants in a proof comes to the client', async () => {
    remote = (_, response) => response.writeHead(400, { 'dpop-nonce': 'n-1' }).end('{"error":"use_dpop_nonce"}');
    const { status, headers } = await gateway.post('/token', FORM, { dpop: 'eyJ' });
    expect([status, headers['dpop-nonce'], seen[0]?.headers.dpop]).toEqual([400, 'n-1', 'eyJ']);
  });

  it('OC-05 UserInfo is the other server’s, by GET and POST, and is not stored', async () => {
    remote = (_, response) => response.writeHead(200, { 'content-type': 'application/jwt' }).end('eyJ');
    const headers = { authorization: 'Bearer t' };
    for (const method of ['GET', 'POST'] as const) {
      const answer = await gateway.ask('/t/johnsorg/userinfo?x=1', { method, headers });
      expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, 'eyJ', 'application/jwt']);
      expect([answer.headers['cache-control'], answer.headers.pragma]).toEqual(['no-store', 'no-cache']);
      const { url, headers: sent, body } = seen.at(-1) as Seen;
      expect([seen.at(-1)?.method, url, sent.authorization, body]).toEqual([
        ...[method, '/t/johnsorg/oauth2/userinfo', 'Bearer t', ''],
      ]);
    }
  });

  it('X-10 a connection that breaks off is 503, and the grant is not sent again', async () => {
    remote = (_, response) => response.socket?.destroy();
    const { status, headers, json } = await gateway.post('/token', FORM);
    expect([status, headers['retry-after'], json]).toEqual([503, '1', { error: 'temporarily_unavailable' }]);
    expect(seen).toHaveLength(1);
  });

  it('X-10 a server that never answers, stops in the middle or does not even greet is 503 in time', async () => {
    remote = ({ url }, response) => {
      if (url === '/oauth2/revoke') response.writeHead(200, { 'content-length': '100' }).write('{');
    };
    const sockets: Socket[] = [];
    const mute = createTcpServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const muted = await forwarding(`https://127.0.0.1:${(mute.address() as AddressInfo).port}/services/`);
    const answers = await Promise.all([
      gateway.post('/token', FORM),
      gateway.post('/revoke', FORM),
      muted.post('/token', FORM),
    ]);
    await muted.close();
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => mute.close(resolve));
    for (const { status, headers, json } of answers)
      expect([status, headers['retry-after'], json]).toEqual([503, '1', { error: 'temporarily_unavailable' }]);
  });

  it('X-10 a server that is down is 503', async () => {
    const gone = createTcpServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const down = await forwarding(`https://127.0.0.1:${port}/services/`);
    const { status, json } = await down.post('/t/johnsorg/token', FORM);
    await down.close();
    expect([status, json]).toEqual([503, { error: 'temporarily_unavailable' }]);
  });

  it('a server whose certificate is not of the CA is not spoken to', async () => {
    const { port } = server.address() as AddressInfo;
    const wary = await forwarding(`https://localhost:${port}/`);
    expect((await wary.post('/token', FORM)).status).toBe(503);
    await wary.close();
    expect(seen).toEqual([]);
  });

  it('with NATS as well the management API is served', async () => {
    const { port } = server.address() as AddressInfo;
    const { certFile } = await certificate();
    const both = await testGateway(new Services(), {
      bus: { keyManagerUrl: `https://localhost:${port}/`, keyManagerCaFile: certFile },
    });
    expect((await both.post('/token', FORM)).status).toBe(200);
    expect((await both.ask('/userinfo', { headers: { authorization: 'Bearer t' } })).status).toBe(200);
    expect((await both.ask('/api/v1/organizations')).status).toBe(401);
    await both.close();
  });
});

const forwarding = (keyManagerUrl: string, keyManagerCaFile?: string) =>
  testGateway(undefined, { bus: { keyManagerUrl, keyManagerCaFile } });
