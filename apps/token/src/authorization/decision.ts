import { Injectable } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import { ServiceError, type AuthorizationStep, type ClientRedirect } from '@keyward/contracts';
import { Clock, inSeconds } from '../clock';
import { Codes } from '../codes/codes';
import { Consents } from '../consents/consents';
import { Issuers } from '../issuer';
import { IdTokens } from '../openid/id-tokens';
import { scopesOf } from '../openid/claims-request';
import { ToldNames } from '../openid/told-names';
import { PushedRequests } from '../pushed-requests/pushed-requests';
import { grantScope } from '../scope';
import { Catalog } from '../scopes/catalog';
import type { LiveSession } from '../sessions/sessions';
import { pageOwner } from './page-owner';
import { Refused, type ReturnTo } from './refused';
import type { AuthorizationRequest } from './request';

/** What has just happened in this very request, so that the user is not asked for it again. */
export interface JustDone {
  signedIn?: boolean;
  consented?: boolean;
}

/** What comes next of a request that is in order: a page, or an answer to the client. */
@Injectable()
export class Decision {
  constructor(
    private readonly codes: Codes,
    private readonly consents: Consents,
    private readonly issuers: Issuers,
    private readonly idTokens: IdTokens,
    private readonly names: ToldNames,
    private readonly catalog: Catalog,
    private readonly pushedRequests: PushedRequests,
    private readonly clock: Clock,
  ) {}

  /** Throws `Refused`. */
  async next(
    request: AuthorizationRequest,
    session: LiveSession | undefined,
    call: Call,
    just: JustDone = {},
  ): Promise<AuthorizationStep> {
    const { party, organization, prompt, loginHint } = request;
    const page = { organization: pageOwner(organization), client: party.name };
    const isWanted = await this.isWanted(session, request, call);
    if (just.signedIn && !isWanted) throw new Refused('login_required', 'another user has signed in', request);
    if (!session || !isWanted || (!just.signedIn && this.isTooOld(session, request))) {
      if (prompt.has('none')) throw new Refused('login_required', 'the user is not signed in', request);
      return { step: 'sign-in', ...page, loginHint };
    }
    const scopes = this.scopesOf(request, session);
    // OpenID Connect Core 1.0 §5.5 is for its own requests alone. What a claim tells is agreed to as its scope would be.
    const claims = scopes.includes('openid') ? request.claims?.names : undefined;
    const agreed = claims ? [...new Set([...scopes, ...scopesOf(claims)])] : scopes;
    const { sub, username } = session.user;
    if (!just.consented && (prompt.has('consent') || !(await this.consents.covers(sub, party.client, agreed)))) {
      if (prompt.has('none')) throw new Refused('consent_required', 'the user has not agreed to this', request);
      return { step: 'consent', ...page, scopes: agreed, username, ...(!party.trusted && { untrusted: true }) };
    }
    if (just.consented) await this.consents.give(sub, party.client, agreed);
    if (!(await this.mayAnswer(request))) throw new Refused('invalid_request_uri', 'The request is used.');
    const { redirectUri, challenge, nonce, jkt } = request;
    const granted = { scope: scopes.join(' '), nonce, claims, jkt };
    const code = await this.codes.issue({
      ...{ client: party.client, organization, session, redirectUri, challenge, ...granted },
    });
    return { step: 'redirect', organization: page.organization, redirect: this.redirect(request, { code }) };
  }

  /** Whether the client may be answered: a request that was pushed, once. */
  async mayAnswer({ pushed, organization }: ReturnTo): Promise<boolean> {
    return pushed === undefined || this.pushedRequests.use(pushed, organization);
  }

  /** An answer with `state` as it came, and who gives it (RFC 9207 §2). */
  redirect({ organization, redirectUri: uri, mode, state }: ReturnTo, answer: Record<string, string>): ClientRedirect {
    return { uri, mode, params: { ...answer, ...(state ? { state } : {}), iss: this.issuers.of(organization) } };
  }

  /** Whether the user is the one that the client has in mind. Throws `Refused` for a hint that names nobody here. */
  private async isWanted(
    session: LiveSession | undefined,
    request: AuthorizationRequest,
    call: Call,
  ): Promise<boolean> {
    const { idTokenHint, organization, claims, party } = request;
    const hint = idTokenHint === undefined ? undefined : await this.idTokens.readHint(idTokenHint, organization, call);
    // OpenID Connect Core 1.0 §3.1.2.1: whoever signs in, it would not be the one.
    if (idTokenHint !== undefined && !hint)
      throw new Refused('login_required', 'the id_token_hint is no ID token from here', request);
    if (!session) return false;
    if (claims?.sub !== undefined && !(await this.names.isOf(claims.sub, session.sub, party.client, call)))
      return false;
    return !hint || this.idTokens.isAbout(hint, session.sub, organization, call);
  }

  /** OpenID Connect Core 1.0 §3.1.2.1: what asks for the user to prove itself once more. */
  private isTooOld({ id, authTime }: LiveSession, { prompt, maxAge, signedInBy }: AuthorizationRequest): boolean {
    if (id === signedInBy) return false;
    if (prompt.has('login') || prompt.has('select_account')) return true;
    return maxAge !== undefined && (maxAge === 0 || inSeconds(this.clock.now()) - authTime > maxAge);
  }

  private scopesOf(request: AuthorizationRequest, { user }: LiveSession): string[] {
    const { client } = request.party;
    try {
      const strict = client.strictScopes && request.scope !== undefined;
      return grantScope(request.scope, client, user, this.catalog, strict).split(' ');
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'invalid_scope') throw error;
      throw new Refused('invalid_scope', error.description ?? '', request);
    }
  }
}
