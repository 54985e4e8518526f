import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import {
  authorize,
  findRelyingParty,
  giveConsent,
  ServiceError,
  signIn,
  type AuthorizationStep,
  type Browser,
  type ConsentForm,
  type Organization,
  type RelyingParty,
  type SignInForm,
} from '@keyward/contracts';
import { OAuthSettings, Organizations } from '@keyward/runtime';
import { takesUsersOf } from '../clients';
import { audienceOf, Issuers } from '../issuer';
import { isPushed, PushedRequests } from '../pushed-requests/pushed-requests';
import { areKnown } from '../resource';
import { Sessions, type LiveSession } from '../sessions/sessions';
import { Decision } from './decision';
import { pageOwner } from './page-owner';
import { PasswordProof } from './password-proof';
import { Refused } from './refused';
import { readRequest, returnTo, type AuthorizationRequest } from './request';

/**
 * The authorization endpoint, RFC 6749 §3.1. Nothing of a request is kept while its user signs in and agrees: it travels in
 * the URL of each page and is checked at every step from the beginning, so that no step can be skipped (abuse 28).
 */
@Controller()
export class AuthorizationController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly sessions: Sessions,
    private readonly passwords: PasswordProof,
    private readonly decision: Decision,
    private readonly issuers: Issuers,
    private readonly pushedRequests: PushedRequests,
    private readonly settings: OAuthSettings,
  ) {}

  @Handle(authorize)
  async authorize(browser: Browser, call: Call): Promise<AuthorizationStep> {
    return this.answering(browser, call, async () => {
      const request = await this.read(browser, call);
      return withTarget(request, await this.decision.next(request, await this.sessionOf(browser, request, call), call));
    });
  }

  @Handle(signIn)
  async signIn(form: SignInForm, call: Call): Promise<AuthorizationStep> {
    return this.answering(form, call, async () => {
      const request = form.params['client_id'] === undefined ? undefined : await this.read(form, call);
      const page = request?.organization ?? (await this.passwords.pageOf(form));
      const proven = await this.passwords.prove(form, page, request?.party.client, call);
      if ('problem' in proven) return withTarget(request, { step: 'sign-in', ...described(page, request), ...proven });
      const before = await this.sessions.find(form.sessions[page.key], page, call);
      const { secret, session } = await this.sessions.begin(proven.user, page, before, form.userAgent);
      const live = { ...session, user: proven.user };
      // Later steps of a pushed request, whose parameters stay what they are, do not ask for it again.
      const { request_uri: uri } = form.params;
      if (request && isPushed(uri)) await this.pushedRequests.begin(uri, request.party.client, session.id);
      const next = request
        ? await this.outcome(form, request, live, call)
        : { step: 'signed-in' as const, ...described(page) };
      return { ...next, session: { key: page.key, secret } };
    });
  }

  @Handle(giveConsent)
  async consent(form: ConsentForm, call: Call): Promise<AuthorizationStep> {
    return this.answering(form, call, async () => {
      const request = await this.read(form, call);
      const session = await this.sessionOf(form, request, call);
      if (session && !form.allowed) throw new Refused('access_denied', 'the user does not agree', request);
      const next = await this.decision.next(request, session, call, { consented: session !== undefined });
      return withTarget(request, next);
    });
  }

  /** The client is known before anything is said of its request (AZ-01). Throws `Refused`. */
  private async read({ params: asked, organizationId }: Browser, call: Call): Promise<AuthorizationRequest> {
    const { client_id: clientId } = asked;
    if (!clientId) throw new Refused('invalid_request', 'The client_id is missing.');
    const found = clientId.length <= 255 && this.bus.call(findRelyingParty, { clientId, organizationId }, call);
    const party = await (found || Promise.reject(new ServiceError('invalid_client'))).catch(unknownClient);
    const organization = await this.organizations.activeNow(party.client.organizationId);
    if (!organization) return unknownClient(new ServiceError('invalid_client'));
    const pushed = await this.pushedRequest(asked, party);
    const params = pushed ? pushed.params : asked;
    const to = { ...returnTo(params, party, organization), pushed: pushed?.id };
    if (!this.settings.authorizationCodeGrant)
      throw new Refused('unauthorized_client', 'authorization codes are not served here', to);
    // RFC 9126 §6 (PR-02); ASVS 5.0 10.4.13.
    if ((party.requirePushedAuthorizationRequests || organization.highAssurance) && !pushed)
      throw new Refused('invalid_request', 'the request has to be pushed (RFC 9126)', to);
    // RFC 8707 §2.1.
    if (params['resource'] && !areKnown(params['resource'], audienceOf(this.issuers.of(organization))))
      throw new Refused('invalid_target', 'the resource is unknown', to);
    return { ...readRequest(params, party, to), signedInBy: pushed?.signedInBy ?? undefined };
  }

  /** The request that a client has pushed, in place of all that its browser says beside (RFC 9126 §4). Throws `Refused`. */
  private async pushedRequest(asked: Record<string, string>, { client }: RelyingParty) {
    const { request_uri: uri } = asked;
    if (!isPushed(uri)) return undefined;
    const pushed = await this.pushedRequests.begin(uri, client);
    if (!pushed) throw new Refused('invalid_request_uri', 'The request is unknown, over or used.');
    // A wish of the page's own: somebody else is to sign in.
    if (asked['prompt'] !== 'login') return pushed;
    return { ...pushed, params: { ...pushed.params, prompt: 'login' }, signedInBy: null };
  }

  /** Of a user of another organization only for a client that is open to those. */
  private async sessionOf(
    { sessions }: Browser,
    { organization, party }: AuthorizationRequest,
    call: Call,
  ): Promise<LiveSession | undefined> {
    const session = await this.sessions.find(sessions[organization.key], organization, call);
    return session && takesUsersOf(party.client, session.userOrganizationId) ? session : undefined;
  }

  /** With its error answered here, so that the cookie of a session that has begun is not lost. */
  private async outcome(
    form: SignInForm,
    request: AuthorizationRequest,
    session: LiveSession,
    call: Call,
  ): Promise<AuthorizationStep> {
    const just = { signedIn: true };
    return this.answering(form, call, () => this.decision.next(request, session, call, just), just);
  }

  private async answering(
    { organizationId, sessions }: Browser,
    call: Call,
    work: () => Promise<AuthorizationStep>,
    { signedIn = false } = {},
  ): Promise<AuthorizationStep> {
    try {
      return await work();
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      const { error, description, to } = refused;
      if (to && (await this.decision.mayAnswer(to))) {
        const redirect = this.decision.redirect(to, { error, error_description: description });
        const answer = { organization: pageOwner(to.organization), redirect };
        const isSure =
          to.trusted ||
          signedIn ||
          (await this.sessions.find(sessions[to.organization.key], to.organization, call)) !== undefined;
        // RFC 9700 §4.11.2 (AZ-08): nobody who just followed a link is sent to where nobody knows; they may choose to go.
        return isSure ? { step: 'redirect', ...answer } : { step: 'error', ...answer, error, description };
      }
      const page = organizationId ? this.organizations.active(organizationId) : undefined;
      return { step: 'error', ...(page && described(page)), error, description };
    }
  }
}

/** The pages of a pushed request say where its answer will go, which browsers want to know of a form. */
const withTarget = (request: AuthorizationRequest | undefined, step: AuthorizationStep): AuthorizationStep =>
  request?.pushed ? { ...step, redirectUri: request.redirectUri } : step;

const described = (organization: Organization, request?: AuthorizationRequest) => ({
  organization: pageOwner(organization),
  ...(request && { client: request.party.name }),
});

function unknownClient(error: unknown): never {
  if (!(error instanceof ServiceError) || error.code !== 'invalid_client') throw error;
  throw new Refused('invalid_client', 'There is no such client.');
}
