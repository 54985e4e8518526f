import type { MigrationInterface, QueryRunner } from 'typeorm';

const say = (what: string) => `COMMENT ON COLUMN refresh_families.successor IS '${what}'`;

/** What is kept of a successor is told by its place alone: the functions pass it on, whatever it is. */
export class SaltOfASuccessor1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      say('a salt, which with the text of its predecessor, stored nowhere, gives its secret; then its hash'),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(say('sealed under the predecessor, which is stored nowhere'));
  }
}
