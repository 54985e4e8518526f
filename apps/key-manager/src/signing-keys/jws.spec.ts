import { createPrivateKey } from 'node:crypto';
import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import { compactJws, encodedHeader, newSigningKeyPair } from './jws';

describe('signing', () => {
  it('JK-03 kid is the RFC 7638 thumbprint and every member is unpadded base64url', async () => {
    const { publicJwk } = newSigningKeyPair();
    expect(publicJwk.kid).toBe(await calculateJwkThumbprint(publicJwk));
    for (const member of ['x', 'y', 'kid'] as const) expect(publicJwk[member]).toMatch(/^[\w-]{43}$/);
  });

  it('AT-01 another library verifies what is signed', async () => {
    const { publicJwk, privateJwk } = newSigningKeyPair();
    const claims = { iss: 'https://a.example', sub: 'jürgen', exp: Math.floor(Date.now() / 1000) + 60 };
    const key = createPrivateKey({ key: privateJwk, format: 'jwk' });
    const jwt = compactJws(encodedHeader('at+jwt', publicJwk.kid), claims, key);
    const verified = await jwtVerify(jwt, await importJWK(publicJwk, 'ES256'), { typ: 'at+jwt' });
    expect(verified.payload).toEqual(claims);
    expect(verified.protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: publicJwk.kid });
  });
});
