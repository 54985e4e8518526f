import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import {
  Empty,
  endSessions,
  findRelyingParty,
  findSession,
  forgetClients,
  listConsents,
  listSessions,
  ServiceError,
  withdrawConsent,
  type ConsentPage,
  type EndSessions,
  type FindSession,
  type ForgetClients,
  type FoundSession,
  type ListConsents,
  type ListSessions,
  type SessionPage,
  type WithdrawConsent,
} from '@keyward/contracts';
import { pageOf } from '@keyward/database';
import { Organizations } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { Consents } from '../consents/consents';
import { openSessionIds, pageSessionRows } from './session-rows';
import { Sessions } from './sessions';

/** Sessions and consents, for the users they are of and for administrators. */
@Controller()
export class SessionsController {
  constructor(
    private readonly bus: Bus,
    private readonly dataSource: DataSource,
    private readonly organizations: Organizations,
    private readonly sessions: Sessions,
    private readonly consents: Consents,
  ) {}

  @Handle(findSession)
  async find({ organizationId, secret }: FindSession, call: Call): Promise<FoundSession> {
    const organization = this.organizations.active(organizationId);
    const session = organization && (await this.sessions.find(secret, organization, call));
    if (!session) throw new ServiceError('not_found');
    return { id: session.id, sub: session.sub, username: session.user.username };
  }

  @Handle(listSessions)
  async list(request: ListSessions): Promise<SessionPage> {
    const rows = await pageSessionRows(this.dataSource, request, this.sessions.alive());
    const items = rows.map((row) => ({
      id: row.id,
      sub: row.sub,
      signedInAt: new Date(row.authTime * 1000).toISOString(),
      usedAt: row.usedAt.toISOString(),
      expiresAt: this.sessions.expiryOf(row).toISOString(),
      userAgent: row.userAgent,
      clients: row.clients,
    }));
    return pageOf(items, request.limit, ({ id }) => id);
  }

  /** One that is not this user's is not there. */
  @Handle(endSessions)
  async end(request: EndSessions): Promise<Empty> {
    const { organizationId } = request;
    const ending = await openSessionIds(this.dataSource, request);
    if (request.id != null && ending.length === 0) throw new ServiceError('not_found', 'there is no such session');
    for (const id of ending) await this.sessions.end(id, { id: organizationId });
    return new Empty();
  }

  @Handle(forgetClients)
  async forget({ organizationId, clientIds }: ForgetClients): Promise<Empty> {
    await this.consents.forget(organizationId, clientIds);
    return new Empty();
  }

  @Handle(listConsents)
  async listConsents(request: ListConsents, call: Call): Promise<ConsentPage> {
    const { organizationId, limit } = request;
    const { items, next } = pageOf(await this.consents.page(request), limit, ({ clientId }) => clientId);
    const named = items.map(async (consent) => {
      const asked = this.bus.call(findRelyingParty, { organizationId, clientId: consent.clientId }, call);
      return { ...consent, name: await asked.then(({ name }) => name).catch(() => consent.clientId) };
    });
    return { items: await Promise.all(named), ...(next === undefined ? {} : { next }) };
  }

  @Handle(withdrawConsent)
  async withdraw({ organizationId, sub, clientId }: WithdrawConsent): Promise<Empty> {
    await this.consents.withdraw(organizationId, sub, clientId);
    return new Empty();
  }
}
