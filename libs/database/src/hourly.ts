import { patiently } from '@keyward/runtime';
import { isPassing } from './data-source';

const HOUR_MS = 3_600_000;

/** What must have been done before a service takes requests, and is done again every hour: partitions made ahead. */
export class Hourly {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Resolves when it was done for the first time; other instances may be at it, so `patiently`. */
  async start(): Promise<void> {
    await patiently(this.work, isPassing);
    this.timer = setInterval(() => void this.work().catch(this.failed), HOUR_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
