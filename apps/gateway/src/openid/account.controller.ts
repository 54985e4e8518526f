import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus, type Call } from '@keyward/bus';
import {
  endSessions,
  findSession,
  listConsents,
  listSessions,
  ServiceError,
  withdrawConsent,
  type FoundSession,
  type Organization,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply } from 'fastify';
import { organizationAt } from '../http/organization';
import { callOf } from '../http/request-call';
import { pageFormOf, parseForm } from '../oauth/form';
import { baseOf, lookOf, paramsOf, type At } from './browser';
import { csrfToken, isOwnForm, sessionsOf } from './cookies';
import { accountPage } from './pages/account';
import { seeOther, sendPage } from './pages/send';

/** How many a page has at most, so that it stays below 30 KB. */
const SESSIONS = 20;
const CONSENTS = 10;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CLIENT = /^.{1,255}$/;

/** Who looks at a page. */
interface Visitor {
  organization: Organization;
  session: FoundSession;
}

/** "Your sessions and consents". */
@ApiExcludeController()
@Controller('/t/:orgkey')
export class AccountController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
  ) {}

  @Get('account')
  async account(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const call = callOf(request);
    const visitor = await this.visitor(request, call);
    if (!visitor) {
      seeOther(reply, `${baseOf(request)}/sign-in`);
      return;
    }
    const { organization, session } = visitor;
    const of = { organizationId: organization.id, sub: session.sub };
    const params = paramsOf(request);
    const [sessions, consents] = await Promise.all([
      this.bus.call(listSessions, { ...of, limit: SESSIONS, after: afterIn(params['sessions'], UUID) }, call),
      this.bus.call(listConsents, { ...of, limit: CONSENTS, after: afterIn(params['consents'], CLIENT) }, call),
    ]);
    const look = lookOf(request, params, organization);
    const csrf = csrfToken(request, reply);
    const shown = { username: session.username, current: session.id };
    sendPage(reply, accountPage({ ...look, csrf, ...shown, sessions, consents }));
  }

  @Post('account/end-session')
  async endSession(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    await this.change(request, reply, async ({ organization, session }, { id = '' }, call) => {
      await this.bus
        .call(endSessions, { organizationId: organization.id, sub: session.sub, id }, call)
        .catch(goneIsFine);
    });
  }

  @Post('account/withdraw')
  async withdraw(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    await this.change(request, reply, async ({ organization, session }, { client: clientId = '' }, call) => {
      const consent = { organizationId: organization.id, sub: session.sub, clientId };
      await this.bus.call(withdrawConsent, consent, call).catch(goneIsFine);
    });
  }

  /** Does what a form of the account page asks for, and shows that page again. */
  private async change(
    request: At,
    reply: FastifyReply,
    work: (visitor: Visitor, form: Record<string, string>, call: Call) => Promise<void>,
  ): Promise<void> {
    const call = callOf(request);
    const form = parseForm(pageFormOf(request));
    const visitor = await this.visitor(request, call);
    if (visitor && isOwnForm(request, form['csrf'])) await work(visitor, form, call);
    seeOther(reply, `${baseOf(request)}/account`);
  }

  private async visitor(request: At, call: Call): Promise<Visitor | undefined> {
    const organization = await organizationAt(this.organizations, request.params.orgkey);
    const secret = sessionsOf(request)[organization.key];
    if (secret === undefined) return undefined;
    const found = this.bus.call(findSession, { organizationId: organization.id, secret }, call);
    const session = await found.catch(goneIsFine);
    return session && { organization, session };
  }
}

/** Where a part of a list goes on; from its beginning where that is none of our links. */
const afterIn = (text: string | undefined, form: RegExp): string | undefined =>
  text !== undefined && form.test(text) ? text : undefined;

/** What has ended meanwhile need not be ended. */
function goneIsFine(error: unknown): undefined {
  if (error instanceof ServiceError && (error.code === 'not_found' || error.code === 'invalid_request'))
    return undefined;
  throw error;
}
