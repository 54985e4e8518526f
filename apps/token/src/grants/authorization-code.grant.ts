import { Injectable } from '@nestjs/common';
import { ServiceError } from '@keyward/contracts';
import { Organizations, type OAuthSettings } from '@keyward/runtime';
import { takesUsersOf } from '../clients';
import { Codes, invalidCode } from '../codes/codes';
import { challengeOf } from '../codes/pkce';
import { UserClaims } from '../openid/user-claims';
import { readToken } from '../token-string';
import { Users } from '../users';
import { Grant, type Authorization, type Request, type Values } from './grant';

const PARAMS = {
  code: { required: true, maxBytes: 8192 },
  redirect_uri: { required: true, maxBytes: 1000 },
  code_verifier: { maxBytes: 512 },
} as const;

/** Authorization Code, RFC 6749 §4.1.3, with Proof Key for Code Exchange, RFC 7636. */
@Injectable()
export class AuthorizationCodeGrant extends Grant<typeof PARAMS> {
  readonly type = 'authorization_code';
  readonly enabled = (settings: OAuthSettings) => settings.authorizationCodeGrant;
  readonly params = PARAMS;

  constructor(
    private readonly codes: Codes,
    private readonly users: Users,
    private readonly userClaims: UserClaims,
    private readonly organizations: Organizations,
  ) {
    super();
  }

  async authorize(values: Values<typeof PARAMS>, { client, holder, cnf, call }: Request): Promise<Authorization> {
    const code = readToken('kac', values.code);
    if (!code) throw invalidCode('not an authorization code');
    const verifier = values.code_verifier;
    const challenge = verifier === undefined ? undefined : (challengeOf(verifier) ?? MALFORMED);
    const { sub, userOrganizationId } = await this.codes.userOf(code, client);
    const isWelcome = takesUsersOf(client, userOrganizationId);
    const organization = isWelcome ? this.organizations.active(userOrganizationId) : undefined;
    const subject = organization && (await this.users.check(sub, organization, call));
    // The code is used all the same, so that it is over whatever was wrong.
    const notBefore = subject ? this.users.grantsBegin(subject) : NEVER;
    const redirectUri = values.redirect_uri;
    const redeemed = await this.codes.redeem(code, {
      client,
      redirectUri,
      challenge,
      notBefore,
      holder,
      jkt: cnf?.jkt,
    });
    if (!organization || !subject) throw new ServiceError('invalid_grant');
    const { scope, authTime, amr, nonce, sessionId, refreshToken } = redeemed;
    const whose = { sub, organization, username: subject.username };
    const claims = await this.userClaims.of(whose, redeemed.claims?.idToken ?? [], call);
    const mayRefresh = client.grantTypes.includes('refresh_token');
    return {
      user: { sub, organization, roles: subject.roles, authTime, amr },
      scope: scope.split(' '),
      family: { id: code.id, refreshToken: mayRefresh ? refreshToken : undefined },
      openid: { nonce: nonce ?? undefined, sid: sessionId, claims },
    };
  }
}

/** A time, in seconds, before which everybody signed in. */
const NEVER = Number.MAX_SAFE_INTEGER;
/** No challenge: not equal to any, and not absent either. */
const MALFORMED = '';
