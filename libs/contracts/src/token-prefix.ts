/**
 * What each secret begins with that Keyward makes and gives out, so that none is taken for another, scanners find those that
 * leak, and logs leave them out. Consumer secrets have no prefix: they are as API Manager's.
 */
export const TOKEN_PREFIXES = {
  kat: 'opaque access token',
  krt: 'refresh token',
  kac: 'authorization code',
  kss: 'session, in its cookie',
  kdc: 'device code',
  kpr: 'pushed authorization request, in its URI',
  kak: 'API key',
  kiat: 'initial access token',
  kcrt: "registered client's token",
} as const;

export type TokenPrefix = keyof typeof TOKEN_PREFIXES;
