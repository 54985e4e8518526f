import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startStandalone, temporaryDirectory, type Deployment, type Standalone } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { generate } from 'selfsigned';
import { expectError } from '../support/answers';
import { eventually } from '../support/operator';

interface Made {
  cert: string;
  key: string;
  /** As RFC 9440 has it in a header. */
  header: string;
  /** As a JWK has it. */
  x5c: string;
  thumbprint: string;
}

let directory: string;
let keyward: Standalone;
let deployment: Deployment;
let org: string;
let authority: Made;
let shop: Made;

const SUBJECT = [
  { shortName: 'C', value: 'GB' },
  { shortName: 'O', value: 'John and Sons' },
  { name: 'commonName', value: 'shop' },
];
async function make(attributes: typeof SUBJECT | undefined, extensions: object[], ca?: Made): Promise<Made> {
  const signer = ca && { ca: { key: ca.key, cert: ca.cert } };
  const options = { keyType: 'ec' as const, algorithm: 'sha256', extensions: extensions as never, ...signer };
  const { cert, private: key } = await generate(attributes, options);
  const { raw } = new X509Certificate(cert);
  const x5c = raw.toString('base64');
  return { cert, key, x5c, header: `:${x5c}:`, thumbprint: createHash('sha256').update(raw).digest('base64url') };
}
const isCa = [
  { name: 'basicConstraints', cA: true },
  { name: 'keyUsage', keyCertSign: true },
];
const named = [
  {
    name: 'subjectAltName',
    altNames: [
      { type: 2, value: 'shop.example' },
      { type: 6, value: 'https://shop.example/id' },
      { type: 7, ip: '192.0.2.7' },
      { type: 1, value: 'shop@shop.example' },
    ],
  },
];

beforeAll(async () => {
  directory = await temporaryDirectory();
  authority = await make([{ name: 'commonName', value: 'authority' }] as never, isCa);
  shop = await make(SUBJECT, named, authority);
  const caFile = join(directory, 'authority.pem');
  writeFileSync(caFile, authority.cert);
  // As it is behind a TLS terminator on the same machine, which the specs play.
  keyward = await startStandalone({
    TRUSTED_PROXIES: '127.0.0.1,::1',
    CLIENT_CERTIFICATE_HEADER: 'Client-Cert',
    CLIENT_CERTIFICATE_CA_FILE: caFile,
  });
  deployment = keyward.deployment;
  org = deployment.demo.organization;
  await deployment.cliJson('applications', 'create', 'shop', '--org', org);
});
afterAll(async () => {
  await keyward.stop();
  await rm(directory, { recursive: true });
});

const keys = async (...args: string[]): Promise<string> =>
  (await deployment.cliJson('keys', 'generate', 'shop', '--org', org, ...args)).key.consumerKey as string;
const CLIENT = { grant_type: 'client_credentials' };
const send = (client_id: string, certificate?: string, form: Record<string, string> = CLIENT, path = '/token') =>
  deployment.send(path, {
    form: { ...form, client_id },
    headers: certificate === undefined ? {} : { 'client-cert': certificate },
  });
const api = async (method: 'POST' | 'PATCH', path: string, json: object) => {
  const { username, password, consumerKey, consumerSecret } = deployment.demo.admin;
  const form = { grant_type: 'password', username, password, scope: 'keyward:manage' };
  const { body } = await deployment.send('/token', { form, basic: [consumerKey, consumerSecret] });
  return deployment.send(`/api/v1/organizations${path}`, { method, json, bearer: body.access_token as string });
};
const TLS = ['--token-endpoint-auth-method', 'tls_client_auth', '--certificate-subject'];

describe('CA-30 tls_client_auth', () => {
  let client: string;
  beforeAll(async () => {
    client = await keys(...TLS, 'CN=shop, O=John and Sons, C=GB');
  });

  it('takes a certificate of the registered name that a trusted authority has issued, in each form', async () => {
    const forms = [shop.header, shop.x5c, encodeURIComponent(shop.cert)];
    for (const form of forms) expect((await send(client, form)).status).toBe(200);
    for (const path of ['/introspect', '/revoke'])
      expect((await send(client, shop.header, { token: 'x' }, path)).status).toBe(200);
  });

  it('refuses every other, as it refuses none', async () => {
    const impostor = await make([{ name: 'commonName', value: 'authority' }] as never, isCa);
    const [first, second, third] = SUBJECT;
    const others = {
      none: undefined,
      'no certificate': 'x',
      'self-signed': (await make(SUBJECT, named)).header,
      'of an authority of the same name': (await make(SUBJECT, named, impostor)).header,
      'of another name': (await make([{ name: 'commonName', value: 'other' }] as never, named, authority)).header,
      'of one name less': (await make([first, second] as never, named, authority)).header,
      'in another order': (await make([third, second, first] as never, named, authority)).header,
    };
    for (const [what, certificate] of Object.entries(others))
      expect([what, (await send(client, certificate)).body.error]).toEqual([what, 'invalid_client']);
  });

  it('is not opened by a secret, nor is a client with a secret by a certificate', async () => {
    const form = { ...CLIENT, client_id: client, client_secret: 'guessed' };
    expectError(await deployment.send('/token', { form, headers: { 'client-cert': shop.header } }), 'invalid_client');
    expectError(await send(deployment.demo.consumerKey, shop.header), 'invalid_client');
  });

  it.each([
    ['sanDns', 'shop.example', 'example'],
    ['sanUri', 'https://shop.example/id', 'https://shop.example/'],
    ['sanIp', '192.0.2.7', '192.0.2.8'],
    ['sanEmail', 'shop@shop.example', 'Shop@shop.example'],
  ])('compares %s exactly', async (name, right, wrong) => {
    const generate = async (subject: object) => {
      const settings = { tokenEndpointAuthMethod: 'tls_client_auth', certificateSubject: subject };
      return (await api('POST', `/${org}/applications/shop/keys`, { kind: 'production', ...settings })).body.key
        .consumerKey as string;
    };
    expect((await send(await generate({ [name]: right }), shop.header)).status).toBe(200);
    expectError(await send(await generate({ [name]: wrong }), shop.header), 'invalid_client');
  });

  it('needs exactly one name', async () => {
    const bad = [undefined, {}, { sanDns: 'a.example', sanUri: 'https://a.example' }, { name: 'x' }];
    for (const certificateSubject of bad) {
      const settings = { kind: 'production', tokenEndpointAuthMethod: 'tls_client_auth', certificateSubject };
      expect((await api('POST', `/${org}/applications/shop/keys`, settings)).body.code).toBe('invalid_request');
    }
  });
});

it('CA-30 self_signed_tls_client_auth takes the registered certificate itself, whoever issued it', async () => {
  const [mine, other] = [await make(SUBJECT, named), await make(SUBJECT, named)];
  const jwks = join(directory, 'jwks.json');
  const { x, y } = new X509Certificate(mine.cert).publicKey.export({ format: 'jwk' });
  writeFileSync(jwks, JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x, y, x5c: [mine.x5c] }] }));
  const client = await keys('--token-endpoint-auth-method', 'self_signed_tls_client_auth', '--jwks-file', jwks);
  expect((await send(client, mine.header)).status).toBe(200);
  for (const certificate of [undefined, other.header, shop.header])
    expectError(await send(client, certificate), 'invalid_client');
});

it('CA-31 discovery says so, and where', async () => {
  const { body } = await deployment.send(`/t/${org}/.well-known/openid-configuration`);
  const methods = ['tls_client_auth', 'self_signed_tls_client_auth'];
  expect(body.token_endpoint_auth_methods_supported).toEqual(expect.arrayContaining(methods));
  expect(body.tls_client_certificate_bound_access_tokens).toBe(true);
  const grants = 'client_credentials,authorization_code,urn:ietf:params:oauth:grant-type:device_code';
  const client = await keys(
    ...[...TLS, 'CN=shop,O=John and Sons,C=GB', '--grant-types', grants],
    ...['--redirect-uris', 'https://app.example/callback'],
  );
  const { token_endpoint: token, introspection_endpoint: introspect } = body.mtls_endpoint_aliases;
  const { pushed_authorization_request_endpoint: par, device_authorization_endpoint: device } =
    body.mtls_endpoint_aliases;
  const asked = { response_type: 'code', redirect_uri: 'https://app.example/callback', code_challenge_method: 'S256' };
  expect((await send(client, shop.header, { ...asked, code_challenge: 'x'.repeat(43) }, par)).status).toBe(201);
  expect((await send(client, shop.header, { scope: 'default' }, device)).status).toBe(200);
  expect((await send(client, shop.header, CLIENT, token)).status).toBe(200);
  expect((await send(client, shop.header, { token: 'x' }, introspect)).status).toBe(200);
});

describe('MB-01 a token that is bound to a certificate', () => {
  let client: string;
  let token: string;
  let upstream: Server;
  let path: string;

  beforeAll(async () => {
    upstream = createServer((request, response) => response.end(JSON.stringify(request.headers)));
    await once(upstream.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    await api('POST', `/${org}/apis`, {
      ...{ name: 'bound', version: '1.0', context: '/bound', subscriptionRequired: false },
      ...{ upstreams: { production: url } },
      resources: [{ verb: 'GET', template: '/*', authentication: 'any', scopes: [] }],
    });
    await api('POST', `/${org}/apis/bound/state`, { state: 'PUBLISHED' });
    path = `/t/${org}/bound/1.0/x`;
    client = await keys(...TLS, 'CN=shop,O=John and Sons,C=GB', '--token-binding', 'certificate');
    token = (await send(client, shop.header)).body.access_token as string;
  });
  afterAll(() => {
    upstream.closeAllConnections();
    upstream.close();
  });

  it('says to which, in itself and at introspection', async () => {
    const cnf = { 'x5t#S256': shop.thumbprint };
    expect(decodeJwt(token)).toMatchObject({ cnf });
    const { body } = await deployment.send('/introspect', { form: { token }, basic: deployment.basic });
    expect(body).toMatchObject({ active: true, token_type: 'Bearer', cnf });
  });

  it('X-08 opens an API with this certificate alone, which does not go on', async () => {
    const call = (headers: Record<string, string>) => deployment.send(path, { bearer: token, headers });
    await eventually(async () => (await call({ 'client-cert': shop.header })).status === 200);
    expect((await call({ 'client-cert': shop.header })).body).not.toHaveProperty('client-cert');
    const other = await make(SUBJECT, named, authority);
    const refused: Record<string, string>[] = [{}, { 'client-cert': other.header }, { 'client-cert': 'x' }];
    for (const headers of refused) {
      const answer = await call(headers);
      expect([answer.status, answer.body.code]).toEqual([401, '900901']);
      expect(answer.headers['www-authenticate']).toMatch(/error="invalid_token"/);
    }
  });

  it('is not to be had without one', async () => {
    const { key, consumerSecret } = await deployment.cliJson(
      ...['keys', 'generate', 'shop', '--org', org, '--token-binding', 'certificate'],
    );
    const basic: [string, string] = [key.consumerKey, consumerSecret];
    expectError(await deployment.send('/token', { form: CLIENT, basic }), 'invalid_request');
    const shown = await deployment.send('/token', { form: CLIENT, basic, headers: { 'client-cert': shop.header } });
    expect(decodeJwt(shown.body.access_token)).toMatchObject({ cnf: { 'x5t#S256': shop.thumbprint } });
  });
});
