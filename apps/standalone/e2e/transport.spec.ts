import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { once } from 'node:events';
import { request as plainRequest } from 'node:http';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expectError } from './support/answers';
import { makeKey, makeOrganization, manage, type TestKey } from './support/operator';

const keyward = deployment();
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const { hostname, port } = new URL(keyward.baseUrl);
const HTTPS_PORT = Number(port || 443);
const clientCredentials = { grant_type: 'client_credentials' };

let org: string;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  key = await makeKey(org);
});

/** Speaks TLS to the gateway; resolves when it is there, throws when it is refused. */
async function tls(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: hostname, port: HTTPS_PORT, servername: hostname, ca: keyward.ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** All that a server says until it closes the connection. */
async function everything(socket: TLSSocket): Promise<string> {
  let said = '';
  socket.on('data', (chunk) => (said += String(chunk)));
  await once(socket, 'close');
  return said;
}

/** `POST /token` over plain HTTP: how it ended. */
const plain = (onPort: number) =>
  new Promise<string>((resolve) => {
    const request = plainRequest({ hostname, port: onPort, path: '/token', method: 'POST', headers: FORM });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    request.on('response', ({ statusCode }) => resolve(`answered ${statusCode}`));
    request.end('grant_type=client_credentials');
  });

it('X-01 plain HTTP is not served: neither at the port of TLS nor at the one that API Manager has for it', async () => {
  expect(await plain(HTTPS_PORT)).toMatch(/^(ECONNRESET|EPIPE|HPE_\w+|answered 400)$/);
  expect(await plain(8280 - 8243 + HTTPS_PORT)).toBe('ECONNREFUSED');
});

it('X-02 TLS 1.1 is refused, 1.2 and 1.3 are spoken', async () => {
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  await expect(tls(old)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await tls({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  }
});

it('X-08 headers that only a proxy of ours may set change nothing', async () => {
  const headers = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    'x-forwarded-prefix': '/t/root',
    forwarded: 'host=evil.example;proto=http',
    'x-tenant': 'root',
    'x-organization': 'root',
    'x-client-cert': 'CN=keyward-cli',
    'x-ssl-client-verify': 'SUCCESS',
  };
  const { status, body } = await keyward.send('/token', { form: clientCredentials, basic: key.basic, headers });
  expect(status).toBe(200);
  const { issuer } = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body;
  expect(decodeJwt(body.access_token)).toMatchObject({ iss: issuer, org });
  const trusted = await keyward.send('/token', { form: clientCredentials, headers });
  expectError(trusted, 'invalid_client');
  const { body: metadata } = await keyward.send(`/t/${org}/.well-known/openid-configuration`, { headers });
  expect(metadata.issuer).toBe(issuer);
});

it('X-11 a body over 64 KiB is 413, one below is read', async () => {
  const authorization = `Basic ${Buffer.from(key.basic.join(':')).toString('base64')}`;
  const filled = (bytes: number) =>
    keyward.send('/token', {
      method: 'POST',
      headers: { ...FORM, authorization },
      body: `grant_type=client_credentials&x=`.padEnd(bytes, 'x'),
    });
  expect((await filled(64 * 1024)).status).toBe(200);
  expectError(await filled(64 * 1024 + 1), 'invalid_request', 413);
});

it('X-11 headers over 16 KiB are 431', async () => {
  const socket = await tls({});
  const answer = everything(socket);
  socket.write(`POST /token HTTP/1.1\r\nHost: ${hostname}\r\nX-Long: ${'x'.repeat(17 * 1024)}\r\n\r\n`);
  expect(await answer).toMatch(/^HTTP\/1\.1 431 /);
});

it('X-11 JSON nested deeper than the management API needs is 400', async () => {
  const nested = JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) as object;
  await expect(manage('POST', '', nested)).rejects.toThrow(': 400 ');
});

it('X-11 headers that do not come to an end are given up', async () => {
  const socket = await tls({});
  const answer = everything(socket);
  socket.write(`POST /token HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: ${FORM['content-type']}\r\n`);
  expect(await answer).toMatch(/^(HTTP\/1\.1 408 |$)/);
});
