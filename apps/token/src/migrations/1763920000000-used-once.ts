import { createReplays, dropReplays } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The DPoP proofs that have been used (RFC 9449 §11.1). Their partitions are not of days, and kept by functions of their own. */
export class UsedOnce1763920000000 implements MigrationInterface {
  up = (runner: QueryRunner): Promise<void> => createReplays(runner);
  down = (runner: QueryRunner): Promise<void> => dropReplays(runner);
}
