import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFeedTables } from './feed-tables';
import { createLookup, isolate } from './isolate';

/** A schema as a service would make it: tenants' tables, a lookup, feeds. */
export class CreateNotes1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE books (organization_id uuid, id uuid, title text NOT NULL, PRIMARY KEY (organization_id, id))`,
    );
    await queryRunner.query(
      `CREATE TABLE notes (organization_id uuid, id uuid DEFAULT gen_random_uuid(), book_id uuid, code text, text text,
         PRIMARY KEY (organization_id, id), FOREIGN KEY (organization_id, book_id) REFERENCES books ON DELETE CASCADE)`,
    );
    for (const table of ['books', 'notes']) await isolate(queryRunner, table);
    await createLookup(queryRunner, {
      signature: 'find_note(note_code text)',
      returns: 'TABLE (organization_id uuid)',
      body: 'SELECT organization_id FROM notes WHERE code = note_code',
      reads: { notes: ['code', 'organization_id'] },
    });
    await createFeedTables(queryRunner);
  }

  async down(): Promise<void> {
    // The schema is dropped with its database.
  }
}

export const notes = { schema: 'notes', migrations: [CreateNotes1700000000000] };
