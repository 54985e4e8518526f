import { Bus } from '@keyward/bus';
import { tokenRevocations, type Revocation } from '@keyward/contracts';
import { FeedOwner, query, type ReadRecords } from '@keyward/database';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Tells everyone who verifies tokens what ended here; the statements that revoke note it. */
@Injectable()
export class RevocationFeed extends FeedOwner<Revocation> {
  constructor(dataSource: DataSource, bus: Bus) {
    super(dataSource, bus, tokenRevocations, readLiving(dataSource));
  }
}

/** In the order of the names alone: no two kinds share one. */
const readLiving =
  (dataSource: DataSource): ReadRecords<Revocation> =>
  (after = '', limit) => {
    const params = [after.slice(after.indexOf(':') + 1), limit];
    return query(dataSource, 'living-revocations', 'SELECT id, record FROM living_revocations($1, $2)', params);
  };
