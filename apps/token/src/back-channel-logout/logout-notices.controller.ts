import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import {
  dropLogoutNotice,
  Empty,
  listLogoutNotices,
  retryLogoutNotice,
  ServiceError,
  type ListLogoutNotices,
  type LogoutNoticePage,
  type NameLogoutNotice,
} from '@keyward/contracts';
import { checkCursor, pageOf } from '@keyward/database';
import { DataSource } from 'typeorm';
import { Clock } from '../clock';
import { BackChannelLogout } from './back-channel-logout';
import { dropNotice, listNotices, postponeNotice, type ListedNotice } from './logout-notices';

/** Of session and client, as the order of a list is. */
const cursorOf = ({ sessionId, clientId }: ListedNotice): string => `${sessionId} ${clientId}`;

/** Notices that clients have not taken yet, for administrators. */
@Controller()
export class LogoutNoticesController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly backChannel: BackChannelLogout,
    private readonly clock: Clock,
  ) {}

  @Handle(listLogoutNotices)
  async list({ organizationId, consumerKey, after = '', limit }: ListLogoutNotices): Promise<LogoutNoticePage> {
    checkCursor(after);
    checkCursor(consumerKey ?? '');
    const page = pageOf(
      await listNotices(this.dataSource, organizationId, consumerKey, after, limit + 1),
      limit,
      cursorOf,
    );
    const items = page.items.map(({ clientId, endedAt, nextAt, ...notice }) => ({
      ...notice,
      consumerKey: clientId,
      endedAt: endedAt.toISOString(),
      nextAt: nextAt?.toISOString() ?? null,
    }));
    return { ...page, items };
  }

  @Handle(retryLogoutNotice)
  async retry(name: NameLogoutNotice): Promise<Empty> {
    const now = new Date(this.clock.now());
    const found = await postponeNotice(this.dataSource, noticeOf(name), { until: now, attempts: 0 });
    if (!found) throw notFound();
    void this.backChannel.look();
    return new Empty();
  }

  @Handle(dropLogoutNotice)
  async drop(name: NameLogoutNotice): Promise<Empty> {
    if (!(await dropNotice(this.dataSource, noticeOf(name)))) throw notFound();
    return new Empty();
  }
}

const noticeOf = ({ organizationId, sessionId, consumerKey: clientId }: NameLogoutNotice) => {
  if (clientId.includes('\0')) throw notFound();
  return { organizationId, sessionId, clientId };
};

const notFound = () => new ServiceError('not_found', 'there is no such logout notice');
