// The peer: oidc-provider with its in-memory adapter, one process, TLS, ES256 JWT access tokens, rotated refresh tokens.
// Prints one JSON line when ready: {port, clientId, clientSecret, refreshTokens}.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [certFile, keyFile, families, pages] = process.argv.slice(2);
const resource = 'https://api.example';
/** Its access tokens are kept, so that they can be introspected and revoked; JWTs are not. */
const opaque = 'https://opaque.example';
const client = {
  client_id: 'bench',
  client_secret: 'a-secret-of-the-benchmark-only-0123456789',
  grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  redirect_uris: ['https://client.example/cb'],
};
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider('https://localhost', {
  clients: [client],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'k' }, rsa()] },
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  rotateRefreshToken: true,
  scopes: ['read', 'offline_access'],
  features: {
    devInteractions: { enabled: pages === 'pages' }, // its pages, of which it says that they are for development
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, indicator) => ({
        scope: 'read',
        audience: indicator,
        accessTokenFormat: indicator === opaque ? 'opaque' : 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
provider.on('server_error', (_ctx, error) => console.error(error));

async function refreshToken(n) {
  const accountId = `user-${n}`;
  const grant = new provider.Grant({ accountId, clientId: client.client_id });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(resource, 'read');
  const grantId = await grant.save(86_400);
  const token = new provider.RefreshToken({
    accountId,
    grantId,
    client: await provider.Client.find(client.client_id),
    gty: 'authorization_code',
    scope: 'offline_access read',
    resource,
    rotations: 0,
    iiat: Math.floor(Date.now() / 1000),
    authTime: Math.floor(Date.now() / 1000),
  });
  return token.save(86_400);
}

const refreshTokens = await Promise.all(Array.from({ length: Number(families) }, (_, n) => refreshToken(n)));
const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, provider.callback());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  console.log(JSON.stringify({ port, clientId: client.client_id, clientSecret: client.client_secret, refreshTokens }));
});

function rsa() {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'r' };
}
