import { IsBoolean, IsIP, IsObject, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import type { PageOwner } from './organization';
import { rpc } from './rpc';

/** A browser at one of the sign-in pages. Nothing that it says of itself is proven but its sessions. */
export class Browser {
  /** The parameters of the authorization request (RFC 6749 §4.1.1), each once; none where no client sent it. */
  @IsObject() params: Record<string, string>;
  /** The organization of the path `/t/<orgkey>/`; absent at the root, where client or login name decides. */
  @IsOptional() @IsUUID() organizationId?: string;
  /** Its session cookies, by org key. */
  @IsObject() sessions: Record<string, string>;
  /** Its address as the gateway trusts it. */
  @IsIP() ip: string;
  /** What it calls itself, shown to its user in the list of sessions. */
  @IsOptional() @IsString() @MaxLength(300) userAgent?: string;
}

export class SignInForm extends Browser {
  @IsString() @MaxLength(384) username: string;
  @IsString() @MaxLength(1024) password: string;
}

export class ConsentForm extends Browser {
  @IsBoolean() allowed: boolean;
}

/** An answer of the authorization endpoint to the client, by way of the browser. */
export class ClientRedirect {
  uri: string;
  mode: 'query' | 'form_post';
  /** `code` or `error`, with `state` and `iss` (RFC 9207). */
  params: Record<string, string>;
}

/** What the browser gets next. */
export class AuthorizationStep {
  step: 'redirect' | 'sign-in' | 'consent' | 'error' | 'signed-in';
  /** Whose page it is; absent where that cannot be told. */
  organization?: PageOwner;
  /** The application's name. */
  client?: string;
  /** Of `error`: where the user may choose to go on to with it. */
  redirect?: ClientRedirect;
  /** Where the client's answer will go, where the browser's own parameters do not say so. */
  redirectUri?: string;
  /** Of `sign-in`: why it is shown again. */
  problem?: 'wrong' | 'limited' | 'busy';
  /** Seconds, with `limited` and `busy`. */
  retryAfter?: number;
  loginHint?: string;
  /** Of `consent`: what is asked for, and whom. */
  scopes?: string[];
  username?: string;
  /** Of `consent`: nobody of the organization knows the client. */
  untrusted?: boolean;
  /** Of `error`: one of RFC 6749 §4.1.2.1, in words for whoever registered the client. */
  error?: string;
  description?: string;
  /** A session that has begun: its cookie. */
  session?: { key: string; secret: string };
}

/** RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2. */
export const authorize = rpc('token.authorization.request', Browser, AuthorizationStep);
/** Wrong passwords are counted, so it is not repeatable. */
export const signIn = rpc('token.authorization.sign-in', SignInForm, AuthorizationStep);
/** The user's answer to the question whether the client may have what it asks for. */
export const giveConsent = rpc('token.authorization.consent', ConsentForm, AuthorizationStep);
