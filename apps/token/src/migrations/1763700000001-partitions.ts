import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createDayPartitions, dropDayPartitions } from './day-partitions';

/** Tables are partitioned by the day of what is in them, made ahead and dropped when it is over. */
export class Partitions1763700000001 implements MigrationInterface {
  up = (runner: QueryRunner): Promise<void> => createDayPartitions(runner);
  down = (runner: QueryRunner): Promise<void> => dropDayPartitions(runner);
}
