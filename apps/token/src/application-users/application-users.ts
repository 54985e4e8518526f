import type { Client, ListApplicationUsers } from '@keyward/contracts';
import { query, queryInOrganization } from '@keyward/database';
import type { Logger } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import type { User } from '../grants/grant';

const FLUSH_MS = 1000;
/** What waits at most: a user more is noted the next time. */
const MOST = 10_000;

/** A user who was given a token. */
interface Noted {
  organizationId: string;
  applicationId: string;
  sub: string;
  userOrganizationId: string;
  grant: string;
  at: Date;
}

/** As stored; times of the application's tokens. */
export interface ApplicationUserRow extends Pick<Noted, 'sub' | 'userOrganizationId' | 'grant'> {
  firstAt: Date;
  lastAt: Date;
}

/**
 * Who was given tokens through which application. A new family notes its user itself; the rest is noted together every
 * second, beside the requests: an instance that dies loses the last second of it.
 */
export class ApplicationUsers {
  private waiting = new Map<string, Noted>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly dataSource: DataSource,
    private readonly log: Logger,
    private readonly now: () => number,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.timer.unref();
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Costs no round trip. */
  note({ organizationId, applicationId }: Client, { sub, organization }: User, grant: string): void {
    const key = `${applicationId} ${sub}`;
    if (this.waiting.size >= MOST && !this.waiting.has(key)) return;
    const at = new Date(this.now());
    this.waiting.set(key, { organizationId, applicationId, sub, userOrganizationId: organization.id, grant, at });
  }

  /** Up to `limit` users of an application and one more, in the order of `sub`. */
  page({ organizationId, applicationId, after, limit }: ListApplicationUsers): Promise<ApplicationUserRow[]> {
    return queryInOrganization<ApplicationUserRow>(
      this.dataSource,
      'list-application-users',
      `SELECT sub, user_organization_id AS "userOrganizationId", grant_type AS "grant", first_at AS "firstAt",
         last_at AS "lastAt"
       FROM application_users WHERE organization_id = $1 AND application_id = $2 AND sub > $3 ORDER BY sub LIMIT $4`,
      [organizationId, applicationId, after ?? NONE, limit + 1],
    );
  }

  private async flush(): Promise<void> {
    const noted = [...this.waiting.values()];
    this.waiting = new Map();
    for (const organizationId of new Set(noted.map((each) => each.organizationId))) {
      const its = noted.filter((each) => each.organizationId === organizationId);
      await this.write(organizationId, its).catch((error: unknown) => {
        this.log.warn({ error, users: its.length }, 'users of applications were not noted');
      });
    }
  }

  private async write(organizationId: string, noted: Noted[]): Promise<void> {
    await query(this.dataSource, 'note-application-users', 'SELECT note_application_users($1, $2, $3, $4, $5, $6)', [
      organizationId,
      noted.map(({ applicationId }) => applicationId),
      noted.map(({ sub }) => sub),
      noted.map(({ userOrganizationId }) => userOrganizationId),
      noted.map(({ grant }) => grant),
      noted.map(({ at }) => at),
    ]);
  }
}

const NONE = '00000000-0000-0000-0000-000000000000';
