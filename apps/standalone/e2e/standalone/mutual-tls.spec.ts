import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Deployment, startStandalone, temporaryDirectory, writeCertificate, type Standalone } from '@keyward/testing';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { expectError } from '../support/answers';
import { answerOf, REDIRECT_URI, Visitor } from '../support/browser';
import { IS_AUTHORITY, jwksOf, makeCertificate, type Made, type Subject } from '../support/certificates';
import { eventually } from '../support/operator';
import { boundResource, fetchBy, startTlsFront, type TlsFront } from '../support/tls';

let directory: string;
let files: { certFile: string; keyFile: string };
let front: TlsFront;
let keyward: Standalone;
let deployment: Deployment;
let org: string;
let authority: Made;
let shop: Made;

const SUBJECT: Subject = [
  { shortName: 'C', value: 'GB' },
  { shortName: 'O', value: 'John and Sons' },
  { name: 'commonName', value: 'shop' },
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
  authority = await makeCertificate([{ name: 'commonName', value: 'authority' }], IS_AUTHORITY);
  shop = await makeCertificate(SUBJECT, named, authority);
  const caFile = join(directory, 'authority.pem');
  writeFileSync(caFile, authority.cert);
  files = await writeCertificate(directory);
  front = await startTlsFront(files);
  // As it is behind a TLS terminator on the same machine, which most specs play.
  keyward = await startStandalone({
    PUBLIC_URL: front.url,
    TRUSTED_PROXIES: '127.0.0.1,::1',
    CLIENT_CERTIFICATE_HEADER: 'Client-Cert',
    CLIENT_CERTIFICATE_CA_FILE: caFile,
  });
  front.upstream = keyward.access.baseUrl;
  deployment = keyward.deployment;
  org = deployment.demo.organization;
  await deployment.cliJson('applications', 'create', 'shop', '--org', org);
});
afterAll(async () => {
  await front.close();
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
const DN = 'CN=shop,O=John and Sons,C=GB';

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
    const impostor = await makeCertificate([{ name: 'commonName', value: 'authority' }], IS_AUTHORITY);
    const [first, second, third] = SUBJECT;
    const others = {
      none: undefined,
      'no certificate': 'x',
      'self-signed': (await makeCertificate(SUBJECT, named)).header,
      'of an authority of the same name': (await makeCertificate(SUBJECT, named, impostor)).header,
      'of another name': (await makeCertificate([{ name: 'commonName', value: 'other' }], named, authority)).header,
      'of one name less': (await makeCertificate([first!, second!], named, authority)).header,
      'in another order': (await makeCertificate([third!, second!, first!], named, authority)).header,
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
  const [mine, other] = [await makeCertificate(SUBJECT, named), await makeCertificate(SUBJECT, named)];
  const jwks = join(directory, 'jwks.json');
  writeFileSync(jwks, JSON.stringify(jwksOf(mine)));
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
  for (const [name, url] of Object.entries(body.mtls_endpoint_aliases as object)) expect(body[name]).toBe(url);
  expect(Object.keys(body.mtls_endpoint_aliases as object).sort()).toEqual([
    ...['device_authorization_endpoint', 'introspection_endpoint', 'pushed_authorization_request_endpoint'],
    ...['revocation_endpoint', 'token_endpoint', 'userinfo_endpoint'],
  ]);
  const grants = 'client_credentials,authorization_code,urn:ietf:params:oauth:grant-type:device_code';
  const client = await keys(...[...TLS, DN, '--grant-types', grants], ...['--redirect-uris', REDIRECT_URI]);
  // The proxy drops what it has not seen itself: this is what it would tell.
  const at = (name: string) => new URL((body.mtls_endpoint_aliases as Record<string, string>)[name] ?? '').pathname;
  const asked = { response_type: 'code', redirect_uri: REDIRECT_URI, code_challenge_method: 'S256' };
  expect(
    (
      await send(
        client,
        shop.header,
        { ...asked, code_challenge: 'x'.repeat(43) },
        at('pushed_authorization_request_endpoint'),
      )
    ).status,
  ).toBe(201);
  expect((await send(client, shop.header, { scope: 'default' }, at('device_authorization_endpoint'))).status).toBe(200);
  expect((await send(client, shop.header, CLIENT, at('token_endpoint'))).status).toBe(200);
  expect((await send(client, shop.header, { token: 'x' }, at('introspection_endpoint'))).status).toBe(200);
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
    client = await keys(...TLS, DN, '--token-binding', 'certificate');
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
    const other = await makeCertificate(SUBJECT, named, authority);
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

describe.each(['tls_client_auth', 'self_signed_tls_client_auth'] as const)('foreign clients, by %s', (method) => {
  let ca: string;
  let mine: Made;
  let client: string;
  let issuer: URL;
  let by: ReturnType<typeof fetchBy>;
  let stranger: ReturnType<typeof fetchBy>;

  beforeAll(async () => {
    ca = readFileSync(files.certFile, 'utf8');
    mine = await makeCertificate(SUBJECT, named, method === 'tls_client_auth' ? authority : undefined);
    const other = await makeCertificate(SUBJECT, named);
    [by, stranger] = [fetchBy(ca, mine), fetchBy(ca, other)];
    const jwks = join(directory, `${method}.json`);
    writeFileSync(jwks, JSON.stringify(jwksOf(mine)));
    const proof = method === 'tls_client_auth' ? ['--certificate-subject', DN] : ['--jwks-file', jwks];
    const grants = 'authorization_code,refresh_token,password,client_credentials';
    client = await keys(
      ...['--token-endpoint-auth-method', method, ...proof, '--token-binding', 'certificate'],
      ...['--grant-types', grants, '--redirect-uris', REDIRECT_URI],
    );
    issuer = new URL(`${front.url}/t/${org}`);
  });
  afterAll(() => Promise.all([by.close(), stranger.close()]));

  const METADATA = { use_mtls_endpoint_aliases: true };
  const configured = (fetching = by) =>
    openid.discovery(issuer, client, METADATA, openid.TlsClientAuth(), { [openid.customFetch]: fetching });
  const boundTo = (token: string): unknown => decodeJwt(token)['cnf'];

  it('CA-30 CA-31 MB-01 openid-client signs a user in, refreshes, reads, introspects and revokes', async () => {
    const config = await configured();
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const asked = {
      ...{ redirect_uri: REDIRECT_URI, scope: 'openid', state: 's', code_challenge_method: 'S256' },
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    };
    const url = await openid.buildAuthorizationUrlWithPAR(config, asked);
    const visitor = new Visitor(
      'en',
      new Deployment({ ...keyward.access, baseUrl: front.url, caFile: files.certFile }),
    );
    const { username, password } = deployment.demo;
    const back = await visitor.signIn(await visitor.get(`${url.pathname}${url.search}`), { username, password });
    expect(answerOf(back)).toHaveProperty('code');
    const at = new URL(back.headers['location'] ?? '');
    const first = await openid.authorizationCodeGrant(config, at, { pkceCodeVerifier, expectedState: 's' });
    const second = await openid.refreshTokenGrant(config, first.refresh_token ?? '');
    const byPassword = await openid.genericGrantRequest(config, 'password', { username, password, scope: 'openid' });
    for (const { access_token } of [first, second, byPassword]) {
      expect(boundTo(access_token)).toEqual({ 'x5t#S256': mine.thumbprint });
      const { sub = '' } = decodeJwt(access_token);
      expect((await openid.fetchUserInfo(config, access_token, sub)).sub).toBe(sub);
      await expect(openid.fetchUserInfo(await configured(stranger), access_token, sub)).rejects.toThrow();
    }
    const told = await openid.tokenIntrospection(config, second.access_token);
    expect(told).toMatchObject({ active: true, cnf: { 'x5t#S256': mine.thumbprint } });
    await openid.tokenRevocation(config, second.refresh_token ?? '');
    expect(await openid.tokenIntrospection(config, second.access_token)).toEqual({ active: false });
  });

  it('CA-30 CA-31 oauth4webapi gets tokens, and nobody else does in its name', async () => {
    const server = await oauth
      .discoveryRequest(issuer, { [oauth.customFetch]: by })
      .then((answer) => oauth.processDiscoveryResponse(issuer, answer));
    const its: oauth.Client = { client_id: client, ...METADATA };
    const request = async (fetching: typeof by, headers: Record<string, string> = {}) => {
      const options = { [oauth.customFetch]: fetching, headers };
      const answer = await oauth.clientCredentialsGrantRequest(server, its, oauth.TlsClientAuth(), {}, options);
      return oauth.processClientCredentialsResponse(server, its, answer);
    };
    expect(boundTo((await request(by)).access_token)).toEqual({ 'x5t#S256': mine.thumbprint });
    const anyone = fetchBy(ca);
    await expect(request(stranger)).rejects.toMatchObject({ status: 401 });
    await expect(request(anyone)).rejects.toMatchObject({ status: 401 });
    // what a client says of itself is dropped by the proxy.
    await expect(request(anyone, { 'client-cert': mine.header })).rejects.toMatchObject({ status: 401 });
    await anyone.close();
  });

  it('MB-01 its token opens a foreign resource server with its certificate alone', async () => {
    const { access_token } = await openid.clientCredentialsGrant(await configured());
    const resource = await boundResource(issuer.href, `${issuer.href}/jwks`, files);
    const headers = { authorization: `Bearer ${access_token}` };
    const anyone = fetchBy(ca);
    await eventually(async () => (await by(resource.url, { headers })).status === 200);
    for (const other of [stranger, anyone]) expect((await other(resource.url, { headers })).status).toBe(401);
    await anyone.close();
    await resource.close();
  });
});
