import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import {
  decideDevice,
  findRelyingParty,
  openDevicePage,
  ROOT_ORGANIZATION,
  ServiceError,
  signInForDevice,
  type Browser,
  type ConsentForm,
  type DeviceStep,
  type Organization,
  type RelyingParty,
  type SignInForm,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { pageOwner } from '../authorization/page-owner';
import { PasswordProof, slotOf } from '../authorization/password-proof';
import { takesUsersOf } from '../clients';
import { Consents } from '../consents/consents';
import { grantScope, parseScope } from '../scope';
import { Catalog } from '../scopes/catalog';
import { Sessions, type LiveSession } from '../sessions/sessions';
import { DeviceCodes, type WaitingDevice } from './device-codes';
import { readUserCode, shownCode } from './user-code';

/** A device whose user is at the page. */
interface Asking {
  page: Organization;
  party: RelyingParty;
  device: WaitingDevice;
  described: Pick<DeviceStep, 'organization' | 'client' | 'userCode'>;
}

/**
 * The page where a person types a device's code, RFC 8628 §3.3. As at the authorization endpoint nothing is kept between its
 * steps: the code travels along and each step begins with it, so that none can be skipped (abuse 28).
 */
@Controller()
export class DevicePageController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly sessions: Sessions,
    private readonly passwords: PasswordProof,
    private readonly consents: Consents,
    private readonly deviceCodes: DeviceCodes,
    private readonly catalog: Catalog,
  ) {}

  @Handle(openDevicePage)
  async open(browser: Browser, call: Call): Promise<DeviceStep> {
    return this.about(browser, call, async (asking) => {
      const session = await this.sessionOf(browser, asking, call);
      if (!session || browser.params['prompt'] === 'login') return { step: 'sign-in', ...asking.described };
      const scopes = this.scopesOf(asking, session);
      // RFC 8628 §5.4: asked for even where the code came by a link, and where all was agreed to before.
      return { step: 'confirm', ...asking.described, scopes, username: session.user.username };
    });
  }

  @Handle(signInForDevice)
  async signIn(form: SignInForm, call: Call): Promise<DeviceStep> {
    return this.about(form, call, async ({ page, party, described }) => {
      const proven = await this.passwords.prove(form, page, party.client, call);
      if ('problem' in proven) return { step: 'sign-in', ...described, ...proven };
      const before = await this.sessions.find(form.sessions[page.key], page, call);
      const { secret } = await this.sessions.begin(proven.user, page, before, form.userAgent);
      return { step: 'confirm', ...described, session: { key: page.key, secret } };
    });
  }

  @Handle(decideDevice)
  async decide(form: ConsentForm, call: Call): Promise<DeviceStep> {
    return this.about(form, call, async (asking) => {
      const { page, party, device, described } = asking;
      const session = await this.sessionOf(form, asking, call);
      if (!session) return { step: 'sign-in', ...described };
      const scopes = form.allowed ? this.scopesOf(asking, session) : undefined;
      if (scopes) await this.consents.give(session.sub, party.client, scopes);
      if (!(await this.deviceCodes.decide(page, device.id, { session, scopes }))) return unknown(page);
      return { step: form.allowed ? 'allowed' : 'denied', ...described };
    });
  }

  /** Does a step for the device whose code is among the parameters; without one, or for a wrong one, asks for it. */
  private async about(
    browser: Browser,
    call: Call,
    work: (asking: Asking) => Promise<DeviceStep>,
  ): Promise<DeviceStep> {
    const page = await this.organizations.activeNow(browser.organizationId ?? ROOT_ORGANIZATION.id);
    if (!page) throw new ServiceError('not_found');
    const typed = browser.params['user_code'];
    if (typed === undefined) return { step: 'code', organization: pageOwner(page) };
    try {
      const code = readUserCode(typed);
      const device = code && (await this.deviceCodes.find(page, code, slotOf(page.id, browser.ip)));
      if (!device) return unknown(page);
      const party = await this.bus.call(findRelyingParty, { clientId: device.clientId, organizationId: page.id }, call);
      const shown = { organization: pageOwner(page), client: party.name, userCode: shownCode(code) };
      return await work({ page, party, device, described: shown });
    } catch (error) {
      return problemOf(error, page);
    }
  }

  /** DV-05: of a user of another organization only for a client that is open to those. */
  private async sessionOf(
    { sessions }: Browser,
    { page, party }: Asking,
    call: Call,
  ): Promise<LiveSession | undefined> {
    const session = await this.sessions.find(sessions[page.key], page, call);
    return session && takesUsersOf(party.client, session.userOrganizationId) ? session : undefined;
  }

  private scopesOf({ party: { client }, device }: Asking, { user }: LiveSession): string[] {
    const asked = parseScope(device.asked ?? undefined);
    return grantScope(asked, client, user, this.catalog, client.strictScopes && asked !== undefined).split(' ');
  }
}

const unknown = (page: Organization): DeviceStep => ({
  step: 'code',
  organization: pageOwner(page),
  problem: 'unknown',
});

function problemOf(error: unknown, page: Organization): DeviceStep {
  if (!(error instanceof ServiceError)) throw error;
  const { code, description, retryAfter } = error;
  if (code === 'too_many_requests')
    return { step: 'code', organization: pageOwner(page), problem: 'limited', retryAfter };
  // Of a client that is gone meanwhile there is no device any more.
  if (code === 'invalid_client') return unknown(page);
  if (code === 'invalid_scope') return { step: 'error', organization: pageOwner(page), error: code, description };
  throw error;
}
