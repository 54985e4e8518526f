import { inTransaction } from '@keyward/database';
import type { Logger, OAuthSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';

const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

/** Sees to it that the partitions of the next days are there and those past their life are not. */
export class Partitions {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: Pick<OAuthSettings, 'refreshFamilyLifetime'>,
    private readonly log: Logger,
  ) {}

  /** Resolves when today's are there; then looks every hour, three days ahead. */
  async start(): Promise<void> {
    await this.make();
    this.timer = setInterval(() => void this.keep(), HOUR_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async make(): Promise<void> {
    await inTransaction(this.dataSource, (manager) => manager.query('SELECT make_partitions()'));
  }

  /** Names those dropped. An access token may outlive its family's last day by one. */
  async drop(): Promise<string[]> {
    const days = Math.ceil(this.settings.refreshFamilyLifetime / DAY_SECONDS) + 2;
    const sql = 'SELECT drop_partitions($1) AS part';
    const dropped: string[] = [];
    // Each transaction drops one: its table is held up for as long as that takes, and no other with it.
    for (let found = 1; found > 0;) {
      const parts = await inTransaction(this.dataSource, (manager) => manager.query<{ part: string }[]>(sql, [days]));
      dropped.push(...parts.map(({ part }) => part));
      found = parts.length;
    }
    return dropped;
  }

  private async keep(): Promise<void> {
    try {
      await this.make();
      const dropped = await this.drop();
      if (dropped.length > 0) this.log.info({ dropped }, 'partitions dropped');
    } catch (error) {
      this.log.error({ error }, 'partitions not kept');
    }
  }
}
