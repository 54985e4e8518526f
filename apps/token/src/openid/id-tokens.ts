import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { findRelyingParty, SIGNING_ALGORITHMS, signJwt, type Client, type Organization } from '@keyward/contracts';
import { errors, jwtVerify } from 'jose';
import { PublicKeys } from '../access-tokens/public-keys';
import { Clock, inSeconds } from '../clock';
import type { User } from '../grants/grant';
import { Issuers } from '../issuer';
import { acrOf } from './acr';
import { ToldNames } from './told-names';

/** Seconds: long enough to be read, and to be sent back as a hint, which may have expired. */
const LIFETIME = 3600;

/** What an ID token is for. */
export interface IdTokenFor {
  client: Client;
  organization: Organization;
  user: User;
  nonce?: string;
  /** The session it came from. */
  sid?: string;
  /** About the user, that the client has asked to have in it. */
  claims?: Record<string, unknown>;
}

/** Who an ID token was issued about, as its client knows the user, and to whom. */
export interface IdTokenHint {
  sub: string;
  clientId: string;
  sid?: string;
}

/** ID tokens, OpenID Connect Core 1.0 §2: RS256, which every client can read (§15.1), unless it wants another. */
@Injectable()
export class IdTokens {
  constructor(
    private readonly bus: Bus,
    private readonly keys: PublicKeys,
    private readonly issuers: Issuers,
    private readonly names: ToldNames,
    private readonly clock: Clock,
  ) {}

  async issue({ client, organization, user, nonce, sid: session, ...asked }: IdTokenFor, call: Call): Promise<string> {
    const [sub, sid] = await this.names.of(client, [user.sub, ...(session === undefined ? [] : [session])], call);
    const iat = inSeconds(this.clock.now());
    const acr = acrOf(user.amr);
    const claims = {
      ...asked.claims,
      iss: this.issuers.of(organization),
      sub,
      aud: client.clientId,
      iat,
      exp: iat + LIFETIME,
      auth_time: user.authTime,
      amr: user.amr,
      ...(acr === undefined ? {} : { acr }),
      ...(nonce === undefined ? {} : { nonce }),
      ...(sid === undefined ? {} : { sid }),
    };
    const { organizationId, clientId } = client;
    const party = await this.bus.call(findRelyingParty, { organizationId, clientId }, call);
    const alg = party.idTokenSignedResponseAlg;
    const { jwt } = await this.bus.call(signJwt, { organizationId, alg, type: 'JWT', claims }, call);
    return jwt;
  }

  /** Whether a hint is about this user. */
  isAbout({ sub, clientId }: IdTokenHint, user: string, { id: organizationId }: Organization, call: Call) {
    return this.names.isOf(sub, user, { organizationId, clientId }, call);
  }

  /** An ID token that was issued here, expired or not (OpenID Connect RP-Initiated Logout 1.0 §2); `undefined` for all else. */
  async readHint(token: string, organization: Organization, call: Call): Promise<IdTokenHint | undefined> {
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid }) => {
          const key = typeof kid === 'string' ? await this.keys.find(organization.id, kid, call) : undefined;
          if (!key) throw new errors.JWKSNoMatchingKey();
          return key;
        },
        {
          algorithms: [...SIGNING_ALGORITHMS],
          typ: 'JWT',
          issuer: this.issuers.of(organization),
          requiredClaims: ['auth_time'], // signed UserInfo has none
          currentDate: new Date(0),
        },
      );
      const { sub, aud, sid } = payload;
      if (typeof sub !== 'string' || typeof aud !== 'string') return undefined;
      return { sub, clientId: aud, ...(typeof sid === 'string' ? { sid } : {}) };
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
      throw error;
    }
  }
}
