import { Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  dropLogoutNotice,
  listLogoutNotices,
  retryLogoutNotice,
  ServiceError,
  type LogoutNoticePage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { LogoutNoticeQuery } from './bodies';
import { Management, ManagementBus } from './management';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Clients that have not yet taken the notice of a session's end. */
@Management('/:orgkey/logout-notices', 'logout notices', 'admin')
export class LogoutNoticesController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(
    @Param('orgkey') orgkey: string,
    @Query() query: LogoutNoticeQuery,
    @RequestCall() call: Call,
  ): Promise<LogoutNoticePage> {
    return this.services.call(listLogoutNotices, orgkey, query, call);
  }

  /** Tries it now, also one that was given up. */
  @Post(':session/:consumerKey/retry')
  @HttpCode(204)
  async retry(
    @Param('orgkey') orgkey: string,
    @Param('session') session: string,
    @Param('consumerKey') consumerKey: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(retryLogoutNotice, orgkey, named(session, consumerKey), call);
  }

  /** The client is not told any more. */
  @Delete(':session/:consumerKey')
  @HttpCode(204)
  async drop(
    @Param('orgkey') orgkey: string,
    @Param('session') session: string,
    @Param('consumerKey') consumerKey: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(dropLogoutNotice, orgkey, named(session, consumerKey), call);
  }
}

function named(sessionId: string, consumerKey: string) {
  if (!UUID.test(sessionId)) throw new ServiceError('not_found', 'there is no such logout notice');
  return { sessionId, consumerKey: consumerKey.slice(0, 255) };
}
