/** How well a user has proven who it is (OpenID Connect Core 1.0 §2): by a password, which is all there is to prove it by. */
export const PASSWORD_ACR = 'urn:keyward:acr:password';

/** The class of a sign-in by these methods (RFC 8176); `undefined` where another issuer vouches for it. */
export const acrOf = (amr: readonly string[]): string | undefined => (amr.includes('pwd') ? PASSWORD_ACR : undefined);
