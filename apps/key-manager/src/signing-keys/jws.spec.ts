import { createPrivateKey } from 'node:crypto';
import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import { compactJws, encodedHeader, newSigningKeyPair } from './jws';

const MEMBERS = { ES256: ['crv', 'x', 'y'], RS256: ['n', 'e'] } as const;

describe('signing', () => {
  it.each(['ES256', 'RS256'] as const)(
    'JK-03 kid of %s is the RFC 7638 thumbprint, members unpadded base64url',
    async (alg) => {
      const { publicJwk } = await newSigningKeyPair(alg);
      expect(publicJwk.kid).toBe(await calculateJwkThumbprint(publicJwk));
      expect(Object.keys(publicJwk).sort()).toEqual([...MEMBERS[alg], 'alg', 'kid', 'kty', 'use'].sort());
      for (const member of [...MEMBERS[alg], 'kid'] as const) expect(publicJwk[member]).toMatch(/^[\w-]+$/);
      if (alg === 'RS256') expect([publicJwk.e, publicJwk.n?.length]).toEqual(['AQAB', 342]);
    },
  );

  it('JK-03 no kid is taken for an option of a command line', async () => {
    const pairs = await Promise.all(Array.from({ length: 500 }, () => newSigningKeyPair('ES256')));
    expect(pairs.filter(({ publicJwk }) => publicJwk.kid.startsWith('-'))).toEqual([]);
  });

  it.each(['ES256', 'RS256'] as const)('AT-01 C-21 another library verifies what is signed with %s', async (alg) => {
    const { publicJwk, privateJwk } = await newSigningKeyPair(alg);
    const claims = { iss: 'https://a.example', sub: 'jürgen', exp: Math.floor(Date.now() / 1000) + 60 };
    const key = createPrivateKey({ key: privateJwk, format: 'jwk' });
    const jwt = await compactJws(alg, encodedHeader(alg, 'at+jwt', publicJwk.kid), claims, key);
    const verified = await jwtVerify(jwt, await importJWK({ ...publicJwk }, alg), { typ: 'at+jwt' });
    expect(verified.payload).toEqual(claims);
    expect(verified.protectedHeader).toEqual({ alg, typ: 'at+jwt', kid: publicJwk.kid });
  });
});
