import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import { decideDevice, openDevicePage, signInForDevice, type DeviceStep } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply } from 'fastify';
import { callOf } from '../http/request-call';
import { pageFormOf, parseForm } from '../oauth/form';
import { baseOf, browserOf, lookOf, organizationOf, paramsOf, typedIn, type At } from './browser';
import { csrfToken, isOwnForm, setSession, typedMark, wasTyped } from './cookies';
import { deviceCodePage, deviceDonePage, devicePage } from './pages/device';
import { errorPage } from './pages/messages';
import { seeOther, sendPage } from './pages/send';
import { signInPage } from './pages/sign-in';
import { pagePaths } from './paths';

const STATUS = { unknown: 400, wrong: 400, expired: 400, limited: 429, busy: 503 };
const OF_CODES = { unknown: 'unknownCode', limited: 'limitedCodes' } as const;

/** What a step says beside itself. */
interface Shown {
  problem?: 'expired';
  username?: string;
}

/** The pages of the device grant, RFC 8628 §3.3: what comes next is the token service's to say. */
@ApiExcludeController()
@Controller()
export class DeviceController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
  ) {}

  @Get(pagePaths('device'))
  async open(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    await this.ask(request, reply);
  }

  /** The code goes on in the URL, marked as typed. */
  @Post(pagePaths('device'))
  async typed(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const { csrf, user_code: code = '' } = parseForm(pageFormOf(request));
    if (!isOwnForm(request, csrf)) return this.ask(request, reply, { problem: 'expired' });
    seeOther(reply, `${baseOf(request)}/device?${queryOf(request, code.slice(0, 40))}`);
  }

  @Post(pagePaths('device/sign-in'))
  async signIn(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const typed = parseForm(pageFormOf(request));
    const { csrf, username = '' } = typed;
    if (!isOwnForm(request, csrf)) return this.ask(request, reply, { problem: 'expired', username });
    const form = { ...(await this.browser(request)), ...typedIn(typed) };
    const step = await this.bus.call(signInForDevice, form, callOf(request));
    this.show(request, reply, step, { username });
  }

  @Post(pagePaths('device/confirm'))
  async confirm(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const { csrf, decision = '' } = parseForm(pageFormOf(request));
    if (!isOwnForm(request, csrf) || !['allow', 'deny'].includes(decision))
      return this.ask(request, reply, { problem: 'expired' });
    const form = { ...(await this.browser(request)), allowed: decision === 'allow' };
    this.show(request, reply, await this.bus.call(decideDevice, form, callOf(request)));
  }

  /**
   * A code that only came by a link (RFC 8628 §3.3.1) is filled in and not looked at before somebody posts it: what any site
   * can have a browser fetch must neither try codes nor use up a network's tries (§5.1).
   */
  private async ask(request: At, reply: FastifyReply, shown: Shown = {}): Promise<void> {
    const browser = await this.browser(request);
    const { user_code: code = '', typed, ...others } = browser.params;
    const params = wasTyped(request, code, typed) ? browser.params : others;
    const step = await this.bus.call(openDevicePage, { ...browser, params }, callOf(request));
    this.show(request, reply, step, shown);
  }

  private async browser(request: At) {
    return browserOf(request, paramsOf(request), await organizationOf(request, this.organizations));
  }

  private show(request: At, reply: FastifyReply, step: DeviceStep, { problem, username }: Shown = {}): void {
    const params = paramsOf(request);
    const look = lookOf(request, params, step.organization);
    const { client = '', userCode = '', retryAfter } = step;
    const query = queryOf(request, userCode);
    const shown = problem ?? step.problem;
    const status = shown ? STATUS[shown] : 200;
    if (retryAfter) reply.header('retry-after', retryAfter);
    if (step.session) {
      // PRG: a page that is reloaded must not sign in again.
      setSession(reply, step.session.key, step.session.secret);
      seeOther(reply, `${look.base}/device?${query}`);
      return;
    }
    switch (step.step) {
      case 'code': {
        const reason = step.problem === 'unknown' || step.problem === 'limited' ? OF_CODES[step.problem] : problem;
        const typed = params['user_code']?.slice(0, 20);
        const markup = { ...look, csrf: csrfToken(request, reply), problem: reason, userCode: typed };
        sendPage(reply, deviceCodePage({ ...markup, action: `${look.base}/device${uiOf(params)}` }), { status });
        return;
      }
      case 'sign-in': {
        const example = request.params.orgkey === undefined ? 'john@johns.org@johnsorg' : 'john@johns.org';
        const markup = { ...look, client, username, example, action: `${look.base}/device/sign-in?${query}` };
        const reason = shown === 'unknown' ? undefined : shown;
        sendPage(reply, signInPage({ ...markup, problem: reason, csrf: csrfToken(request, reply) }), { status });
        return;
      }
      case 'confirm': {
        const { scopes = [], username: user = '' } = step;
        const markup = { ...look, client, userCode, scopes, problem, username: user, csrf: csrfToken(request, reply) };
        const signInInstead = `${look.base}/device?${query}&prompt=login`;
        const action = `${look.base}/device/confirm?${query}`;
        sendPage(reply, devicePage({ ...markup, signInInstead, action }), { status });
        return;
      }
      case 'allowed':
      case 'denied':
        sendPage(reply, deviceDonePage({ ...look, client, allowed: step.step === 'allowed' }));
        return;
      case 'error':
        sendPage(reply, errorPage({ ...look, code: step.error, description: step.description }), { status: 400 });
    }
  }
}

/** What goes on from page to page: the code with its mark, and the language. */
function queryOf(request: At, userCode: string): string {
  const { ui_locales: locales } = paramsOf(request);
  const typed = typedMark(request, userCode);
  return new URLSearchParams({ user_code: userCode, typed, ...(locales ? { ui_locales: locales } : {}) }).toString();
}

const uiOf = ({ ui_locales: locales }: Record<string, string>): string =>
  locales ? `?${new URLSearchParams({ ui_locales: locales }).toString()}` : '';
