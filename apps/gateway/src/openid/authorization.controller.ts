import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import { authorize, giveConsent, ServiceError, signIn, type AuthorizationStep } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply } from 'fastify';
import { callOf } from '../http/request-call';
import { pageFormOf, parseForm } from '../oauth/form';
import { endpointPaths } from '../oauth/paths';
import { baseOf, browserOf, lookOf, organizationOf, paramsOf, queryOf, typedIn, type At } from './browser';
import { csrfToken, isOwnForm, setSession } from './cookies';
import { consentPage } from './pages/consent';
import type { Look } from './pages/layout';
import { errorPage, formPostPage } from './pages/messages';
import { seeOther, sendPage } from './pages/send';
import { signInPage } from './pages/sign-in';
import { pagePaths } from './paths';

/** Longest authorization request that is posted: it goes on in a URL. */
const LONGEST_REQUEST = 12_000;

/** What a step says beside itself. */
interface Shown {
  params: Record<string, string>;
  problem?: 'expired';
  username?: string;
}

/** The authorization endpoint and the pages behind it: what comes next is the token service's to say. */
@ApiExcludeController()
@Controller()
export class AuthorizationController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
  ) {}

  @Get(endpointPaths('authorize'))
  async authorize(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    await this.ask(request, reply);
  }

  /** OpenID Connect Core 1.0 §3.1.2.1. A cross-site POST brings no session cookie along, the GET that follows does. */
  @Post(endpointPaths('authorize'))
  post(@Req() request: At, @Res() reply: FastifyReply): void {
    const params = parseForm(pageFormOf(request));
    const query = new URLSearchParams(params).toString();
    if (query.length > LONGEST_REQUEST) throw new ServiceError('invalid_request', 'the request is too long');
    seeOther(reply, `${baseOf(request)}/authorize?${query}`);
  }

  /** Without a client: for the account page. */
  @Get(pagePaths('sign-in'))
  async signInPage(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const params = paramsOf(request);
    const organization = await organizationOf(request, this.organizations);
    this.show(request, reply, { step: 'sign-in', organization }, { params });
  }

  @Post(pagePaths('sign-in'))
  async signIn(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const params = paramsOf(request);
    const typed = parseForm(pageFormOf(request));
    const { csrf, username = '' } = typed;
    if (!isOwnForm(request, csrf)) return this.again(request, reply, { params, username });
    const organization = await organizationOf(request, this.organizations);
    const form = { ...browserOf(request, params, organization), ...typedIn(typed) };
    const step = await this.bus.call(signIn, form, callOf(request));
    this.show(request, reply, step, { params, username });
  }

  @Post(pagePaths('consent'))
  async consent(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const params = paramsOf(request);
    const { csrf, decision } = parseForm(pageFormOf(request));
    if (!isOwnForm(request, csrf) || !['allow', 'deny'].includes(decision ?? ''))
      return this.again(request, reply, { params });
    const browser = browserOf(request, params, await organizationOf(request, this.organizations));
    const step = await this.bus.call(giveConsent, { ...browser, allowed: decision === 'allow' }, callOf(request));
    this.show(request, reply, step, { params });
  }

  private async ask(request: At, reply: FastifyReply, problem?: 'expired'): Promise<void> {
    const params = paramsOf(request);
    const browser = browserOf(request, params, await organizationOf(request, this.organizations));
    this.show(request, reply, await this.bus.call(authorize, browser, callOf(request)), { params, problem });
  }

  /** A form that cannot be taken: its page once more, as it is now (abuse 28). */
  private async again(request: At, reply: FastifyReply, { params, username }: Shown): Promise<void> {
    if (params['client_id'] !== undefined) return this.ask(request, reply, 'expired');
    const organization = await organizationOf(request, this.organizations);
    this.show(request, reply, { step: 'sign-in', organization }, { params, problem: 'expired', username });
  }

  private show(request: At, reply: FastifyReply, step: AuthorizationStep, { params, problem, username }: Shown): void {
    const { organization, client, session } = step;
    const look = lookOf(request, params, organization);
    if (session) setSession(reply, session.key, session.secret);
    const query = queryOf(request);
    const target = step.redirectUri ?? params['redirect_uri'];
    const formsTo = target && client !== undefined ? [target] : [];
    const actionTo = (page: string) => `${look.base}/${page}${query ? `?${query}` : ''}`;
    switch (step.step) {
      case 'redirect':
        this.goOn(reply, look, step);
        return;
      case 'signed-in':
        seeOther(reply, `/t/${organization?.key}/account`);
        return;
      case 'sign-in': {
        const shown = problem ?? step.problem;
        const name = username ?? step.loginHint;
        const example = request.params.orgkey === undefined ? 'john@johns.org@johnsorg' : 'john@johns.org';
        const markup = { ...look, client, problem: shown, username: name, example, action: actionTo('sign-in') };
        if (step.retryAfter) reply.header('retry-after', step.retryAfter);
        const status = { wrong: 400, expired: 400, limited: 429, busy: 503 }[shown ?? 'wrong'];
        sendPage(reply, signInPage({ ...markup, csrf: csrfToken(request, reply) }), {
          status: shown ? status : 200,
          formsTo,
        });
        return;
      }
      case 'consent': {
        // PRG: a page that is reloaded must not sign in again.
        if (session) {
          seeOther(reply, `${look.base}/authorize?${withoutSignIn(query)}`);
          return;
        }
        const { username: user = '', scopes = [], untrusted } = step;
        const csrf = csrfToken(request, reply);
        const signInInstead = `${look.base}/authorize?${withPromptLogin(query)}`;
        const markup = { ...look, csrf, client: client ?? '', username: user, scopes, untrusted, signInInstead };
        sendPage(reply, consentPage({ ...markup, problem, action: actionTo('consent') }), {
          status: problem ? 400 : 200,
          formsTo,
        });
        return;
      }
      case 'error': {
        const { error: code, description, redirect } = step;
        const markup = errorPage({ ...look, code, description, answer: redirect });
        sendPage(reply, markup, { status: 400, formsTo: redirect ? [redirect.uri] : [] });
      }
    }
  }

  private goOn(reply: FastifyReply, look: Look, { redirect }: AuthorizationStep): void {
    if (!redirect) throw new Error('a redirect has its target');
    const { uri, mode, params: answer } = redirect;
    if (mode === 'form_post') sendPage(reply, formPostPage({ ...look, uri, params: answer }), { formsTo: [uri] });
    else seeOther(reply, `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(answer).toString()}`);
  }
}

/** The same request once its user has just signed in, as it was asked to. */
function withoutSignIn(query: string): string {
  const params = new URLSearchParams(query);
  const prompt = (params.get('prompt') ?? '')
    .split(' ')
    .filter((each) => each !== 'login' && each !== 'select_account');
  if (prompt.join('') === '') params.delete('prompt');
  else params.set('prompt', prompt.join(' '));
  params.delete('max_age');
  return params.toString();
}

function withPromptLogin(query: string): string {
  const params = new URLSearchParams(query);
  params.set('prompt', 'login');
  return params.toString();
}
