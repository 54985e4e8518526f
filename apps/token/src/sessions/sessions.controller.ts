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
  type Consents as ConsentList,
  type EndSessions,
  type FindSession,
  type ForgetClients,
  type FoundSession,
  type OfUser,
  type Sessions as SessionList,
  type WithdrawConsent,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { Consents } from '../consents/consents';
import { listSessionRows } from './session-rows';
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
  async list({ organizationId, sub }: OfUser): Promise<SessionList> {
    const rows = await listSessionRows(this.dataSource, organizationId, sub);
    const items = rows
      .filter((row) => this.sessions.isAlive(row))
      .map((row) => ({
        id: row.id,
        sub: row.sub,
        signedInAt: new Date(row.authTime * 1000).toISOString(),
        usedAt: row.usedAt.toISOString(),
        expiresAt: this.sessions.expiryOf(row).toISOString(),
        userAgent: row.userAgent,
        clients: row.clients,
      }));
    return { items };
  }

  /** One that is not this user's is not there. */
  @Handle(endSessions)
  async end({ organizationId, sub, id }: EndSessions): Promise<Empty> {
    const rows = await listSessionRows(this.dataSource, organizationId, sub);
    const ending = rows.filter((row) => id == null || row.id === id);
    if (id != null && ending.length === 0) throw new ServiceError('not_found', 'there is no such session');
    for (const row of ending) await this.sessions.end(row.id, { id: organizationId });
    return new Empty();
  }

  @Handle(forgetClients)
  async forget({ organizationId, clientIds }: ForgetClients): Promise<Empty> {
    await this.consents.forget(organizationId, clientIds);
    return new Empty();
  }

  @Handle(listConsents)
  async listConsents({ organizationId, sub }: OfUser, call: Call): Promise<ConsentList> {
    const consents = await this.consents.list(organizationId, sub);
    const named = consents.map(async (consent) => {
      const asked = this.bus.call(findRelyingParty, { organizationId, clientId: consent.clientId }, call);
      return { ...consent, name: await asked.then(({ name }) => name).catch(() => consent.clientId) };
    });
    return { items: await Promise.all(named) };
  }

  @Handle(withdrawConsent)
  async withdraw({ organizationId, sub, clientId }: WithdrawConsent): Promise<Empty> {
    await this.consents.withdraw(organizationId, sub, clientId);
    return new Empty();
  }
}
