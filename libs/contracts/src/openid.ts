import { IsObject, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { Nested } from './nested';
import { Possession } from './possession';
import { rpc } from './rpc';

export class GetUserInfo {
  @IsString() @MaxLength(8192) token: string;
  /** The organization of the path; at the root the token names it. */
  @IsOptional() @IsUUID() organizationId?: string;
  @IsOptional() @Nested(() => Possession) possession?: Possession;
}

/** OpenID Connect Core 1.0 §5.3.2. */
export class UserInfo {
  sub: string;
  [claim: string]: unknown;
}

/** What a client may know of the user that its access token is of. */
export class UserInfoAnswer {
  /** The client, whose page's script may read it. */
  clientId: string;
  claims: UserInfo;
  /** The same, signed, for a client that wants it so (OpenID Connect Core 1.0 §5.3.2). */
  jwt?: string;
  /** A nonce for the next proof, as the one sent will soon be over (RFC 9449 §8.2). */
  dpopNonce?: string;
}

/** A request to sign out, OpenID Connect RP-Initiated Logout 1.0 §2. */
export class SignOut {
  @IsObject() params: Record<string, string>;
  @IsUUID() organizationId: string;
  /** The organization's session cookie. */
  @IsOptional() @IsString() @MaxLength(200) session?: string;
}

/** `ask`: the user must be asked, for nothing shows that a client of this user sent the request. */
export class SignOutStep {
  step: 'ask' | 'done' | 'redirect';
  /** Of `redirect`. */
  uri?: string;
}

/** Errors: `invalid_token`, `insufficient_scope` without `openid`; `use_dpop_nonce`; `invalid_dpop_proof`, also where a lost message has used it up. */
export const getUserInfo = rpc('token.userinfo.get', GetUserInfo, UserInfoAnswer, { repeatable: true });
export const signOut = rpc('token.session.sign-out', SignOut, SignOutStep);
