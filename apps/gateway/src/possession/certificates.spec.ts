import { X509Certificate } from 'node:crypto';
import { issueToken, type TokenRequest } from '@keyward/contracts';
import { certificate } from '../../test/certificate';
import { raw } from '../../test/raw';
import { Services, testGateway, type TestGateway } from '../../test/started-gateway';

let asked: TokenRequest[];
let header: string;
const open = new Map<string, TestGateway>();

beforeAll(async () => {
  header = `:${new X509Certificate((await certificate()).cert).raw.toString('base64')}:`;
});
beforeEach(() => (asked = []));
afterAll(() => Promise.all([...open.values()].map((gateway) => gateway.close())));

/** Specs of the same settings share a gateway. */
async function behind(...settings: [trustedProxies: string[], clientCertificateHeader?: string]): Promise<TestGateway> {
  const made = open.get(JSON.stringify(settings));
  if (made) return made;
  const [trustedProxies, clientCertificateHeader] = settings;
  const services = new Services();
  services.on(issueToken, (request) => {
    asked.push(request);
    return { body: { access_token: 'x', scope: '', token_type: 'Bearer', expires_in: 1 } };
  });
  const gateway = await testGateway(services, { server: { trustedProxies, clientCertificateHeader } });
  open.set(JSON.stringify(settings), gateway);
  return gateway;
}
const FORM = { grant_type: 'client_credentials', client_id: 'shop' };

it('CA-30 X-08 a certificate is what the trusted proxy says, and nobody else', async () => {
  const trusting = await behind(['127.0.0.1'], 'Client-Cert');
  await trusting.post('/token', FORM, { 'client-cert': header });
  expect(asked[0]).toMatchObject({
    certificate: { issued: false },
    possession: { certificate: expect.stringMatching(/^[\w-]{43}$/) },
  });
  const others: [string[], string | undefined][] = [
    [['192.0.2.1'], 'Client-Cert'],
    [['127.0.0.1'], undefined],
    [['127.0.0.1'], 'X-Client-Cert'],
  ];
  for (const [proxies, name] of others) {
    const gateway = await behind(proxies, name);
    await gateway.post('/token', FORM, { 'client-cert': header, 'x-forwarded-for': '127.0.0.1' });
    expect(asked.at(-1)).not.toHaveProperty('certificate');
    expect(asked.at(-1)).not.toHaveProperty('possession');
  }
});

it.each([':AAAA:', ':', 'x', '%', '-----BEGIN CERTIFICATE-----', 'x'.repeat(13_000)])(
  'CA-30 %.20s is no certificate',
  async (value) => {
    const gateway = await behind(['127.0.0.1'], 'Client-Cert');
    expect((await gateway.post('/token', FORM, { 'client-cert': value })).status).toBe(200);
    expect(asked[0]).not.toHaveProperty('certificate');
  },
);

it('CA-30 X-08 a second certificate beside the proxy’s is refused, in one header or two', async () => {
  const gateway = await behind(['127.0.0.1'], 'Client-Cert');
  for (const value of [`${header}, ${header}`, `${header},x`, `x,${header}`]) {
    const { status, json } = await gateway.post('/token', FORM, { 'client-cert': value });
    expect([status, json.error]).toEqual([400, 'invalid_request']);
  }
  const body = new URLSearchParams(FORM).toString();
  const type = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n`;
  const twice = `Client-Cert: ${header}\r\nClient-Cert: ${header}\r\n`;
  const head = `POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
  expect(await raw(gateway.url, `${head}${type}${twice}\r\n${body}`)).toMatch(/^HTTP\/1.1 400 /);
  expect(asked).toEqual([]);
  // Nobody trusted has said it: it is not looked at.
  const open = await behind(['192.0.2.1'], 'Client-Cert');
  expect((await open.post('/token', FORM, { 'client-cert': `${header}, ${header}` })).status).toBe(200);
});
