import { Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import {
  endSessions,
  findOrganization,
  findUser,
  listConsents,
  listSessions,
  PageRequest,
  ServiceError,
  withdrawConsent,
  type ConsentPage,
  type OfUser,
  type SessionPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { Management } from './management';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What a user of the organization has begun on its pages. */
@Management('/:orgkey/users/:username', 'sessions and consents', 'admin')
export class SessionsController {
  constructor(private readonly bus: Bus) {}

  @Get('sessions')
  async sessions(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<SessionPage> {
    return this.bus.call(listSessions, { ...page, ...(await this.userAt(orgkey, username, call)) }, call);
  }

  /** Ends the user's sessions on the pages and what they gave, but for offline access; `…/grants` ends everything. */
  @Delete('sessions')
  @HttpCode(204)
  async endAll(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.bus.call(endSessions, await this.userAt(orgkey, username, call), call);
  }

  @Delete('sessions/:session')
  @HttpCode(204)
  async end(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @Param('session') session: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    const user = await this.userAt(orgkey, username, call);
    if (!UUID.test(session)) throw new ServiceError('not_found', 'there is no such session');
    await this.bus.call(endSessions, { ...user, id: session }, call);
  }

  @Get('consents')
  async consents(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<ConsentPage> {
    return this.bus.call(listConsents, { ...page, ...(await this.userAt(orgkey, username, call)) }, call);
  }

  /** And ends what the client has of it. */
  @Delete('consents/:consumerKey')
  @HttpCode(204)
  async withdraw(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @Param('consumerKey') clientId: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    const user = await this.userAt(orgkey, username, call);
    await this.bus.call(withdrawConsent, { ...user, clientId: clientId.slice(0, 255) }, call);
  }

  private async userAt(orgkey: string, username: string, call: Call): Promise<OfUser> {
    const { id: organizationId } = await this.bus.call(findOrganization, { key: orgkey.toLowerCase() }, call);
    const { id: sub } = await this.bus.call(findUser, { organizationId, username }, call);
    return { organizationId, sub };
  }
}
