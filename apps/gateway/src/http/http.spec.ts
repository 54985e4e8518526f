import { connect } from 'node:tls';
import { issueToken, organizations, ServiceError } from '@keyward/contracts';
import { certificate } from '../../test/certificate';
import { holdTime } from '../../test/held-time';
import { raw } from '../../test/raw';
import { Services, testGateway, type TestGateway } from '../../test/started-gateway';

const TOKEN = { access_token: 'a.b.c', scope: 'default', token_type: 'Bearer', expires_in: 3600 } as const;
const FORM = { grant_type: 'password' };

describe('the client’s address', () => {
  const services = new Services();
  let ip: string;
  services.on(issueToken, (request) => {
    ip = request.ip;
    return { body: TOKEN };
  });
  let gateways: { direct: TestGateway; proxied: TestGateway };
  beforeAll(async () => {
    const server = { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] };
    gateways = { direct: await testGateway(services), proxied: await testGateway(services, { server }) };
  });
  afterAll(() => Promise.all([gateways.direct.close(), gateways.proxied.close()]));
  const addressWith = async (reached: keyof typeof gateways, headers: Record<string, string | string[]>) => {
    ip = 'nobody asked';
    expect((await gateways[reached].post('/token', FORM, headers)).status).toBe(200);
    return ip;
  };

  it.each<[string, keyof typeof gateways, Record<string, string | string[]>, string]>([
    ['no proxy is trusted', 'direct', { 'x-forwarded-for': '203.0.113.9' }, '127.0.0.1'],
    [
      'no other header speaks of it',
      'direct',
      { 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' },
      '127.0.0.1',
    ],
    ['a trusted proxy names it', 'proxied', { 'x-forwarded-for': '203.0.113.9' }, '203.0.113.9'],
    [
      'what the client wrote before is not believed',
      'proxied',
      { 'x-forwarded-for': '1.1.1.1, 203.0.113.9' },
      '203.0.113.9',
    ],
    ['a second trusted proxy', 'proxied', { 'x-forwarded-for': '203.0.113.9, 10.1.2.3' }, '203.0.113.9'],
    ['two headers are one list', 'proxied', { 'x-forwarded-for': ['1.1.1.1', '203.0.113.9'] }, '203.0.113.9'],
    ['IPv6', 'proxied', { 'x-forwarded-for': '2001:db8::1' }, '2001:db8::1'],
    ['IPv4 within IPv6', 'proxied', { 'x-forwarded-for': '::ffff:203.0.113.9' }, '203.0.113.9'],
  ])('BF-24 %s', async (_, reached, headers, expected) => {
    expect(await addressWith(reached, headers)).toBe(expected);
  });

  it.each([
    'a',
    '',
    ',',
    '1',
    '999.1.1.1',
    '203.0.113.9:80',
    "' or 1=1",
    'unknown',
    '203.0.113.9, a',
    '::1%eth0',
    'x'.repeat(8000),
  ])('abuse 27: with garbage for an address (%.20j) the proxy’s own counts', async (garbage) => {
    const ip = await addressWith('proxied', { 'x-forwarded-for': garbage });
    expect(['127.0.0.1', '::1']).toContain(ip);
  });
});

describe('the server', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway(new Services());
  });
  afterAll(() => gateway.close());

  const handshake = async (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> => {
    const { cert } = await certificate();
    const { hostname, port } = new URL(gateway.url);
    return new Promise((resolve) => {
      const options = {
        minVersion: 'TLSv1' as const,
        maxVersion,
        ciphers: 'DEFAULT@SECLEVEL=0',
        servername: 'localhost',
      };
      const socket = connect({ host: hostname, port: Number(port), ca: cert, ...options }, () => {
        resolve(socket.getProtocol() ?? 'none');
        socket.destroy();
      });
      socket.on('error', () => resolve('refused'));
    });
  };

  it('X-02 TLS 1.2 and later only', async () => {
    expect(await handshake('TLSv1.1')).toBe('refused');
    expect(await handshake('TLSv1.2')).toBe('TLSv1.2');
    expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
  });

  it('X-01 plain HTTP only where it is asked for, and never in production', async () => {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const asking = { httpPort: port + 8243 };
    const developed = await testGateway(new Services(), { server: asking });
    expect((await fetch(`http://127.0.0.1:${port}/token`)).status).toBe(405);
    await developed.close();
    await expect(fetch(`http://127.0.0.1:${port}/token`)).rejects.toThrow();

    const produced = await testGateway(new Services(), { server: asking, process: { production: true } });
    await expect(fetch(`http://127.0.0.1:${port}/token`)).rejects.toThrow();
    expect(produced.lines.join()).toContain('HTTP_PORT is not used');
    await produced.close();
  });

  it('a path that is not served is 404, another method 405 with Allow', async () => {
    expect((await gateway.ask('/nothing')).status).toBe(404);
    const { status, headers } = await gateway.ask('/jwks', { method: 'POST' });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it.each([
    ['nothing that is HTTP', 'GARBAGE\r\n\r\n', 400],
    ['a space in its path', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['larger headers than are read', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'an expectation that nobody meets',
      'POST /token HTTP/1.1\r\nHost: x\r\nExpect: more\r\nContent-Length: 1\r\n\r\n',
      417,
    ],
    ['no Host (RFC 9112 §3.2)', 'GET /health/live HTTP/1.1\r\n\r\n', 400],
    ['two Hosts (RFC 9112 §3.2)', 'GET /health/live HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400],
    [
      'a transfer coding that is not known (RFC 9112 §6.1)',
      'POST /t/johnsorg/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      501,
    ],
  ])('answers %s, with a correlation id', async (_, request, status) => {
    const answer = await raw(gateway.url, request);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/\r\nx-correlation-id: [0-9a-f]{32}\r\n/);
    expect(answer).toMatch(/\{"error":"invalid_request"/);
  });

  it('HTTP/1.0 needs no Host', async () => {
    expect(await raw(gateway.url, 'GET /health/live HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('health says no more than how it is', async () => {
    holdTime(); // The services of a test say nothing by themselves: for two seconds, they count as heard.
    const fresh = await testGateway(new Services());
    try {
      expect((await fresh.ask('/health/live')).json).toEqual({ status: 'live' });
      const { status, json } = await fresh.ask('/health/ready');
      expect([status, json]).toEqual([200, { status: 'ready' }]);
    } finally {
      await fresh.close();
      jest.useRealTimers();
    }
  });

  it('without the directory’s organizations it is not ready, and refuses their paths', async () => {
    const services = new Services();
    services.on(organizations.snapshot, () => {
      throw new ServiceError('temporarily_unavailable');
    });
    const unfed = await testGateway(services, {}, 'not ready');
    expect((await unfed.ready()).checks).toMatchObject({ bus: 'ready', organizations: 'not ready', open: 'ready' });
    expect((await unfed.ask('/health/ready')).status).toBe(503);
    expect((await unfed.post('/t/johnsorg/token', FORM)).status).toBe(503);
    await unfed.close();
  });
});

describe('closing', () => {
  it('answers what is in hand, asks late comers to leave, then takes nothing', async () => {
    const services = new Services();
    const gateway = await testGateway(services);
    let release = () => {};
    let asked = () => {};
    const reached = new Promise<void>((resolve) => (asked = resolve));
    services.on(issueToken, async () => {
      asked();
      await new Promise<void>((resolve) => (release = resolve));
      return { body: TOKEN };
    });
    const inHand = gateway.post('/token', FORM);
    await reached;
    const closed = gateway.close();
    expect((await gateway.ready()).status).toBe('not ready');
    const late = await raw(gateway.url, 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    release();
    expect((await inHand).status).toBe(200);
    await closed;
    expect(late).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n/i);
    await expect(fetch(gateway.url)).rejects.toThrow();
  });
});
