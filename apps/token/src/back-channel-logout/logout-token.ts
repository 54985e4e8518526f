import { randomUUID } from 'node:crypto';

/** Seconds: OpenID Connect Back-Channel Logout 1.0 §2.4 recommends two minutes at most. */
const LIFETIME = 120;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Whose session has ended, and for whom. */
export interface LoggedOut {
  issuer: string;
  clientId: string;
  sub: string;
  sid: string;
}

/** OpenID Connect Back-Channel Logout 1.0 §2.4: what an ID token has, an event, and never a nonce. `now` in Unix seconds. */
export const logoutTokenClaims = ({ issuer, clientId, sub, sid }: LoggedOut, now: number): Record<string, unknown> => ({
  iss: issuer,
  sub,
  aud: clientId,
  iat: now,
  exp: now + LIFETIME,
  jti: randomUUID(),
  events: { [EVENT]: {} },
  sid,
});
