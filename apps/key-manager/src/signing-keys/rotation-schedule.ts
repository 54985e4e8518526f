import { inTransaction, query } from '@keyward/database';
import type { Logger } from '@keyward/runtime';
import { LessThanOrEqual, type DataSource } from 'typeorm';
import { isDue, successorBegins, type Schedule } from './life-cycle';
import type { KeyMaker } from './new-signing-key';
import { algorithmsOf, rotate } from './rotation';
import type { SigningKeyChanges } from './signing-key-changes';
import { SigningKeyEntity } from './signing-key.entity';

const EVERY_MS = { most: 3_600_000, least: 5000 };
const DUE = 'SELECT organizations_with_due_keys($1, $2) AS id';
const LOCK = `SELECT pg_try_advisory_xact_lock(hashtextextended('key-manager.rotation-schedule', 0)) AS mine`;

/** Publishes successors in time and deletes what is gone: every hour or more often, in one instance, and once at the start. */
export class RotationSchedule {
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: SigningKeyChanges,
    private readonly maker: KeyMaker,
    private readonly schedule: Schedule,
    private readonly log: Logger,
    private readonly now: () => number,
  ) {}

  start(): void {
    // Often enough that a key is published for about as long as it should be.
    const every = Math.max(EVERY_MS.least, Math.min(EVERY_MS.most, this.schedule.publishAhead * 125));
    this.timer = setInterval(() => void this.run(), every);
    void this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Does what is due now; never fails. */
  run(): Promise<void> {
    this.running = this.running
      .then(() => this.runAlone())
      .catch((error: unknown) => {
        this.log.error({ error }, 'signing keys were not rotated');
      });
    return this.running;
  }

  /** The lock only spares work: done twice at once, it is done once, because each organization is locked as well. */
  private async runAlone(): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const [lock] = await manager.query<{ mine: boolean }[]>(LOCK);
      if (!lock?.mine) return;
      for (const organizationId of await this.due()) {
        if (this.stopped) return;
        await this.rotateWhenDue(organizationId).catch((error: unknown) => {
          this.log.error({ error, organizationId }, 'the signing keys of an organization were not rotated');
        });
      }
    });
  }

  private async due(): Promise<string[]> {
    const { active, publishAhead } = this.schedule;
    const now = this.now();
    const dueBefore = new Date(now - (active - publishAhead) * 1000);
    const rows = await query<{ id: string }>(this.dataSource, 'due-signing-keys', DUE, [dueBefore, new Date(now)]);
    return rows.map(({ id }) => id);
  }

  private async rotateWhenDue(organizationId: string): Promise<void> {
    const { schedule } = this;
    const now = this.now();
    await this.changes.write(organizationId, async (manager, changed) => {
      await manager.delete(SigningKeyEntity, { organizationId, expiresAt: LessThanOrEqual(new Date(now)) });
      for (const alg of await algorithmsOf(manager, organizationId))
        await rotate(manager, this.maker, organizationId, alg, now, (newest) =>
          isDue(newest, schedule, now) ? successorBegins(newest, schedule, now) : undefined,
        );
      changed(organizationId);
    });
  }
}
