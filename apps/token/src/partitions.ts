import { Hourly, inTransaction } from '@keyward/database';
import type { Logger, OAuthSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';

const DAY_SECONDS = 86_400;

/** Sees to it that the partitions of the next days are there and those past their life are not. */
export class Partitions {
  private readonly upkeep: Hourly;

  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: Pick<OAuthSettings, 'refreshFamilyLifetime'>,
    private readonly log: Logger,
  ) {
    this.upkeep = new Hourly(
      () => this.keep(),
      (error) => this.log.error({ error }, 'partitions not made'),
    );
  }

  /** Resolves when today's are there; then looks every hour, three days ahead. */
  start = (): Promise<void> => this.upkeep.start();
  stop = (): void => this.upkeep.stop();

  /** Names those made, by this instance or another meanwhile. */
  make(): Promise<string[]> {
    return this.each('SELECT make_partition() AS part', []);
  }

  /** Names those dropped. An access token may outlive its family's last day by one. */
  drop(): Promise<string[]> {
    const days = Math.ceil(this.settings.refreshFamilyLifetime / DAY_SECONDS) + 2;
    return this.each('SELECT drop_partition($1) AS part', [days]);
  }

  /** One at a time, until there is none left. */
  private async each(sql: string, params: unknown[]): Promise<string[]> {
    const parts: string[] = [];
    for (;;) {
      const [row] = await inTransaction(this.dataSource, (manager) =>
        manager.query<{ part: string | null }[]>(sql, params),
      );
      if (!row?.part) return parts;
      parts.push(row.part);
    }
  }

  private async keep(): Promise<void> {
    await this.make();
    try {
      const dropped = await this.drop();
      if (dropped.length > 0) this.log.info({ dropped }, 'partitions dropped');
    } catch (error) {
      this.log.error({ error }, 'partitions not dropped'); // in use: another time
    }
  }
}
