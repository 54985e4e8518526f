import { startCall, type Bus } from '@keyward/bus';
import { findRelyingParty, ServiceError, signJwt, type RelyingParty } from '@keyward/contracts';
import type { Logger, Organizations, Outbound } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import { inSeconds, type Clock } from '../clock';
import type { Issuers } from '../issuer';
import { ToldNames } from '../openid/told-names';
import {
  claimNotice,
  dropNotice,
  dueNotices,
  oldNotices,
  postponeNotice,
  type ClaimedNotice,
  type LogoutNotice,
} from './logout-notices';
import { logoutTokenClaims } from './logout-token';

/** How often it is looked for notices whose time has come, milliseconds. */
const LOOK_MS = 1000;
/** At once, of one client, of one organization and of all. */
const [EACH, SHARE, MOST] = [4, 8, 24];
/** For one attempt, milliseconds: questions, signature, and what Outbound gives a request. */
const LEASE_MS = 20_000;
const CALL_MS = 3000;
/** Seconds until the next attempt; after the last of them it is given up. */
const PAUSES = [1, 10, 30, 120, 600, 1800, 3600, 7200, 14_400];

/** What was given up is kept for a week, to be looked at and tried again; milliseconds. */
const KEPT_MS = 7 * 86_400_000;
const FORGET_EVERY_MS = 600_000;

/** A client that has answered, but not taken the notice. */
class Unwilling extends Error {}

/** For administrators: not what is on the way to an address that does not answer (DR-09). */
const toldOf = (problem: unknown): string => (problem instanceof Unwilling ? problem.message : 'no answer');

/** What it works with. */
export interface Means {
  dataSource: DataSource;
  bus: Bus;
  organizations: Organizations;
  issuers: Issuers;
  outbound: Outbound;
  clock: Clock;
  logger: Logger;
}

/** Tells clients that their users' sessions have ended, OpenID Connect Back-Channel Logout 1.0 §2.5 (BL-01, BL-04). */
export class BackChannelLogout {
  private timer?: NodeJS.Timeout;
  private looking?: Promise<void>;
  private forgetAt = 0;
  private readonly telling = new Map<string, Promise<void>>();

  constructor(private readonly means: Means) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    this.timer.unref();
  }

  /** Resolves when what it was at is done. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
    await Promise.all(this.telling.values());
  }

  /** Begins with what is due; one look at a time. */
  look(): Promise<void> {
    return (this.looking ??= this.lookNow().finally(() => {
      this.looking = undefined;
    }));
  }

  private async lookNow(): Promise<void> {
    const { dataSource, clock, logger } = this.means;
    await this.forget();
    const room = MOST - this.telling.size;
    if (room <= 0) return;
    try {
      for (const notice of await dueNotices(dataSource, new Date(clock.now()), EACH, room)) this.begin(notice);
    } catch (error) {
      logger.warn({ error }, 'logout notices were not looked for');
    }
  }

  /** What was given up, and nobody has looked at for a week. */
  private async forget(): Promise<void> {
    const { dataSource, clock, logger } = this.means;
    if (clock.now() < this.forgetAt) return;
    this.forgetAt = clock.now() + FORGET_EVERY_MS;
    try {
      for (const notice of await oldNotices(dataSource, new Date(clock.now() - KEPT_MS), 1000))
        await dropNotice(dataSource, notice);
    } catch (error) {
      logger.warn({ error }, 'logout notices that were given up were not forgotten');
    }
  }

  private begin(notice: LogoutNotice): void {
    const { organizationId, sessionId, clientId } = notice;
    const name = `${organizationId} ${sessionId} ${clientId}`;
    const ofOne = [...this.telling.keys()].filter((each) => each.startsWith(organizationId));
    if (ofOne.length >= SHARE || this.telling.has(name)) return;
    const told = this.tell(notice)
      .catch((error: unknown) => this.means.logger.warn({ error, client: notice.clientId }, 'a logout notice is late'))
      .finally(() => this.telling.delete(name));
    this.telling.set(name, told);
  }

  private async tell(notice: LogoutNotice): Promise<void> {
    const { dataSource, clock, logger } = this.means;
    const now = clock.now();
    const claimed = await claimNotice(dataSource, notice, new Date(now), new Date(now + LEASE_MS));
    if (!claimed) return;
    const problem: unknown = await this.attempt(claimed).then(
      () => undefined,
      (error: unknown) => error,
    );
    const pause = PAUSES[claimed.attempts - 1];
    if (problem === undefined) await dropNotice(dataSource, notice);
    else {
      if (pause === undefined) logger.warn({ error: problem, client: notice.clientId }, 'a logout notice is given up');
      const until = pause === undefined ? 'infinity' : new Date(clock.now() + pause * 1000);
      await postponeNotice(dataSource, notice, { until, problem: toldOf(problem) });
    }
  }

  /** Throws for what is worth another attempt. A client that is gone, or does not want to know, is told nothing. */
  private async attempt(notice: ClaimedNotice): Promise<void> {
    const { bus, organizations, issuers, outbound, clock } = this.means;
    const { organizationId, clientId } = notice;
    const organization = await organizations.activeNow(organizationId);
    if (!organization) throw new Error('the organization is not active');
    const party = await this.party(notice);
    const uri = party?.backchannelLogoutUri;
    if (!uri) return;
    const names = new ToldNames(bus);
    const [sub, sid] = await names.of(party.client, [notice.sub, notice.sessionId], startCall(CALL_MS));
    const claims = logoutTokenClaims({ issuer: issuers.of(organization), clientId, sub, sid }, inSeconds(clock.now()));
    const asked = { organizationId, alg: party.idTokenSignedResponseAlg, type: 'logout+jwt' as const, claims };
    const { jwt } = await bus.call(signJwt, asked, startCall(CALL_MS));
    const { status } = await outbound.send(uri, {
      method: 'POST',
      organizationId,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: jwt }).toString(),
    });
    if (status < 200 || status > 299) throw new Unwilling(`answered ${status}`);
  }

  private async party({ organizationId, clientId }: LogoutNotice): Promise<RelyingParty | undefined> {
    const asked = this.means.bus.call(findRelyingParty, { clientId, organizationId }, startCall(CALL_MS));
    return asked.catch((error: unknown) => {
      if (error instanceof ServiceError && error.code === 'invalid_client') return undefined;
      throw error;
    });
  }
}
