import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import { endSessions, findSession, ServiceError, signOut, type Organization } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply } from 'fastify';
import { organizationAt } from '../http/organization';
import { callOf } from '../http/request-call';
import { pageFormOf, parseForm } from '../oauth/form';
import { baseOf, lookOf, paramsOf, type At } from './browser';
import { csrfToken, isOwnForm, sessionsOf, setSession } from './cookies';
import { signedOutPage, signOutPage } from './pages/messages';
import { seeOther, sendPage } from './pages/send';

/** Signing out: at a client's request (OpenID Connect RP-Initiated Logout 1.0), or at the user's own. */
@ApiExcludeController()
@Controller('/t/:orgkey')
export class SignOutController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
  ) {}

  @Get(['logout', 'sign-out'])
  async logout(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const params = paramsOf(request);
    const organization = await organizationAt(this.organizations, request.params.orgkey);
    const session = sessionsOf(request)[organization.key];
    const asked = { params, organizationId: organization.id, session };
    const { step, uri } = await this.bus.call(signOut, asked, callOf(request));
    if (step === 'ask') {
      this.ask(request, reply, organization);
      return;
    }
    setSession(reply, organization.key, undefined);
    if (step === 'redirect' && uri !== undefined) seeOther(reply, uri);
    else sendPage(reply, signedOutPage(lookOf(request, params, organization)));
  }

  /** A cross-site POST brings no session cookie along, the GET that follows does. */
  @Post('logout')
  post(@Req() request: At, @Res() reply: FastifyReply): void {
    const query = new URLSearchParams(parseForm(pageFormOf(request))).toString();
    if (query.length > LONGEST_REQUEST) throw new ServiceError('invalid_request', 'the request is too long');
    seeOther(reply, `${baseOf(request)}/logout?${query}`);
  }

  /** The user's own answer on the page. */
  @Post('sign-out')
  async signOut(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const call = callOf(request);
    const organization = await organizationAt(this.organizations, request.params.orgkey);
    const secret = sessionsOf(request)[organization.key];
    if (secret !== undefined) {
      if (!isOwnForm(request, parseForm(pageFormOf(request))['csrf'])) {
        this.ask(request, reply, organization);
        return;
      }
      const { id: organizationId } = organization;
      const session = await this.bus.call(findSession, { organizationId, secret }, call).catch(goneIsFine);
      const named = session && { organizationId, sub: session.sub, id: session.id };
      if (named) await this.bus.call(endSessions, named, call).catch(goneIsFine);
    }
    setSession(reply, organization.key, undefined);
    sendPage(reply, signedOutPage(lookOf(request, {}, organization)));
  }

  private ask(request: At, reply: FastifyReply, organization: Organization): void {
    const look = lookOf(request, paramsOf(request), organization);
    sendPage(reply, signOutPage({ ...look, action: `${look.base}/sign-out`, csrf: csrfToken(request, reply) }));
  }
}

/** Of a request that is posted: it goes on in a URL. */
const LONGEST_REQUEST = 12_000;

/** What has ended meanwhile need not be ended. */
function goneIsFine(error: unknown): undefined {
  if (error instanceof ServiceError && error.code === 'not_found') return undefined;
  throw error;
}
