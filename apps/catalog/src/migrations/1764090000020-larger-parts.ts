import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of large quotas a gateway leases more at once: a part of 500 lasted for 60 ms at full speed, and was a commit each time. */
export class LargerParts1764090000020 implements MigrationInterface {
  up(queryRunner: QueryRunner): Promise<void> {
    return replace(queryRunner, 'least(500,', 'least(5000,');
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return replace(queryRunner, 'least(5000,', 'least(500,');
  }
}

/** Everything else of the function stays as it is. */
async function replace(queryRunner: QueryRunner, from: string, to: string): Promise<void> {
  const sql = `SELECT pg_get_functiondef('lease_quota'::regproc) AS definition`;
  const [{ definition }] = (await queryRunner.query(sql)) as [{ definition: string }];
  if (!definition.includes(from)) throw new Error(`lease_quota has no ${from}`);
  await queryRunner.query(definition.replaceAll(from, to));
}
