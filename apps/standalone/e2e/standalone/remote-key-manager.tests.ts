import type { Deployment, Standalone } from '@keyward/testing';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { expectError } from '../support/answers';
import { forwarding, type Forwarding } from '../support/forwarding';

/** Gateways in front of a deployment that believes those on this machine about their clients. */
export function remoteKeyManager(started: () => Standalone): void {
  describe('a gateway in front of another Keyward', () => {
    let gateway: Deployment;
    let proxied: Deployment;

    let gateways: Forwarding;

    beforeAll(async () => {
      gateways = await forwarding();
      const { baseUrl, caFile = '', demo } = started().access;
      const remote = { url: `${baseUrl}/services/`, caFile, demo }; // As API Manager's administrators write it.
      [gateway, proxied] = await Promise.all([
        gateways.start(remote),
        gateways.start(remote, { TRUSTED_PROXIES: '127.0.0.1,::1' }),
      ]);
    });
    afterAll(() => gateways.stop());

    it('gives tokens, refreshes, introspects and revokes them', async () => {
      const first = await gateway.passwordToken();
      expect(first).toMatchObject({
        status: 200,
        headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
        body: { scope: 'default', token_type: 'Bearer', expires_in: 3600 },
      });
      const second = await gateway.token({ grant_type: 'refresh_token', refresh_token: first.body.refresh_token });
      expect(second.body.refresh_token).not.toBe(first.body.refresh_token);
      const { basic } = gateway;
      const introspect = async (token: string) =>
        (await gateway.send('/introspect', { form: { token }, basic })).body as { active: boolean };
      expect(await introspect(second.body.access_token)).toMatchObject({ active: true, iss: gateway.demo.issuer });
      const revoked = await gateway.send('/revoke', { form: { token: second.body.refresh_token as string }, basic });
      expect([revoked.status, revoked.text]).toEqual([200, '{}']);
      expect(await introspect(second.body.access_token)).toEqual({ active: false });
      expect((await gateway.token({ grant_type: 'client_credentials' })).status).toBe(200);
    });

    it('serves every path of the token API, and the keys that verify its tokens', async () => {
      const org = gateway.demo.organization;
      const form = { grant_type: 'client_credentials' };
      for (const path of ['/token', '/oauth2/token', `/t/${org}/token`, `/t/${org}/oauth2/token`]) {
        const { body } = await gateway.send(path, { form, basic: gateway.basic });
        for (const jwks of [`/t/${org}/jwks`, `/t/${org}/oauth2/jwks`]) {
          const keys = createLocalJWKSet((await gateway.send(jwks)).body);
          await jwtVerify(body.access_token, keys, { issuer: gateway.demo.issuer });
        }
      }
      expect((await gateway.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer).toBe(gateway.demo.issuer);
      expect((await gateway.send('/t/no-such-one/jwks')).status).toBe(404);
    });

    it('passes errors on as they are', async () => {
      expectError(await gateway.passwordToken({ password: 'wrong' }), 'invalid_grant');
      expectError(await gateway.token({ grant_type: 'none' }), 'unsupported_grant_type');
      expectError(await gateway.send('/token', { form: {}, basic: ['nobody', 'wrong'] }), 'invalid_client');
    });

    it('has no management', async () => {
      const { status } = await gateway.send('/api/v1/organizations', { bearer: 'x' });
      expect(status).toBe(404);
    });

    /** A client that does not exist fails to prove itself, from an address that it claims. */
    const fail = (at: Deployment, address: string, name: string) =>
      at.send('/token', {
        form: { grant_type: 'client_credentials' },
        basic: [name, 'wrong'],
        headers: { 'x-forwarded-for': address },
      });

    it('BF-20 BF-24 limits count the real client, not the gateway', async () => {
      for (let i = 0; i < 10; i++) expectError(await fail(proxied, '203.0.113.7', 'stranger'), 'invalid_client');
      const limited = await fail(proxied, '203.0.113.7', 'stranger');
      expectError(limited, 'temporarily_unavailable', 429);
      expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
      expectError(await fail(proxied, '203.0.113.8', 'stranger'), 'invalid_client');
    });

    it('BF-24 a gateway that trusts nobody passes on no address that a client made up', async () => {
      for (let i = 0; i < 10; i++) expectError(await fail(gateway, `203.0.113.${20 + i}`, 'forger'), 'invalid_client');
      expectError(await fail(gateway, '203.0.113.99', 'forger'), 'temporarily_unavailable', 429);
    });
  });
}
