import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import {
  findRelyingParty,
  ServiceError,
  signOut,
  type Organization,
  type SignOut,
  type SignOutStep,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { Sessions } from '../sessions/sessions';
import { IdTokens, type IdTokenHint } from './id-tokens';

/** OpenID Connect RP-Initiated Logout 1.0. Without an ID token of this user, nobody is signed out or sent on unasked (LO-03). */
@Controller()
export class SignOutController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly sessions: Sessions,
    private readonly idTokens: IdTokens,
  ) {}

  @Handle(signOut)
  async signOut({ params, organizationId, session: secret }: SignOut, call: Call): Promise<SignOutStep> {
    const organization = await this.organizations.activeNow(organizationId);
    if (!organization) throw new ServiceError('not_found');
    const { id_token_hint: token, client_id: clientId } = params;
    const hint = token ? await this.idTokens.readHint(token, organization, call) : undefined;
    const session = await this.sessions.find(secret, organization, call);
    // LO-04. An ID token of another user or sign-in shows nothing about this one.
    const isOwn =
      hint &&
      (clientId ?? hint.clientId) === hint.clientId &&
      (!session || (await this.idTokens.isAbout(hint, session.sub, organization, call)));
    if (!isOwn) return { step: session || token ? 'ask' : 'done' };
    const uri = await this.registered(params, hint, organization, call);
    if (params['post_logout_redirect_uri'] && !uri) return { step: 'ask' };
    if (session) await this.sessions.end(session.id, organization);
    return uri ? { step: 'redirect', uri: withState(uri, params['state']) } : { step: 'done' };
  }

  private async registered(
    { post_logout_redirect_uri: uri }: Record<string, string>,
    { clientId }: IdTokenHint,
    { id: organizationId }: Organization,
    call: Call,
  ): Promise<string | undefined> {
    if (!uri) return undefined;
    const asked = this.bus.call(findRelyingParty, { clientId, organizationId }, call);
    const party = await asked.catch((error: unknown) => {
      if (error instanceof ServiceError && error.code === 'invalid_client') return undefined;
      throw error;
    });
    return party?.postLogoutRedirectUris.includes(uri) ? uri : undefined;
  }
}

function withState(uri: string, state: string | undefined): string {
  if (state === undefined) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}`;
}
