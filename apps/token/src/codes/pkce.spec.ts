import { challengeOf, isChallenge } from './pkce';

it('PK-07 makes the challenge of RFC 7636 appendix B', () => {
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
  expect(challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(challenge);
  expect(isChallenge(challenge)).toBe(true);
});

it.each([42, 129])('PK-06 takes no verifier of %i characters', (length) => {
  expect(challengeOf('a'.repeat(length))).toBeUndefined();
});

it.each([43, 128])('PK-06 takes a verifier of %i characters', (length) => {
  expect(challengeOf('~'.repeat(length))).toHaveLength(43);
});

it.each(['+', '/', '=', ' ', 'ä', '\n', '\0'])('PK-06 takes no verifier with %j', (character) => {
  expect(challengeOf('a'.repeat(50) + character)).toBeUndefined();
});

it.each(['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`, `${'a'.repeat(42)}+`])(
  'PK-06 takes no challenge %j',
  (challenge) => {
    expect(isChallenge(challenge)).toBe(false);
  },
);
