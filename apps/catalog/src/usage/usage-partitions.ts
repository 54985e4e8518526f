import { query } from '@keyward/database';
import type { DataSource } from 'typeorm';

const HOUR_MS = 3_600_000;

/** Keeps partitions ahead of the days they are for, and drops those that are over. */
export class UsagePartitions {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly dataSource: DataSource,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Resolves when today has its partition; then looks every hour. */
  async start(): Promise<void> {
    await this.keep();
    this.timer = setInterval(() => void this.keep().catch(this.failed), HOUR_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async keep(): Promise<void> {
    await query(this.dataSource, 'keep-usage', 'SELECT keep_usage()', []);
  }
}
