import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createDayPartitions } from './day-partitions';

/** In place of a function that made all partitions in one transaction, and makes those of today. */
export class OnePartitionACall1763980000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION IF EXISTS make_partitions(); DROP FUNCTION IF EXISTS drop_partitions(int)');
    await createDayPartitions(runner);
    for (let made = true; made;) {
      const [{ part }] = (await runner.query('SELECT make_partition() AS part')) as [{ part: string | null }];
      made = part !== null;
    }
  }

  /** What was there before works with these as well. */
  async down(): Promise<void> {}
}
