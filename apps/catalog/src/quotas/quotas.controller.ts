import { Handle } from '@keyward/bus';
import { leaseQuota, type LeaseQuota, type QuotaLease } from '@keyward/contracts';
import { query } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { checkText, notFound } from '../refusals';

interface Row {
  granted: string;
  quota: string;
  rest: string;
  since: string;
  ends_in: string;
}

/** `catalog.quota.*`: quotas are counted in the database, in one round trip for each part that is leased. */
@Controller()
export class QuotasController {
  constructor(private readonly dataSource: DataSource) {}

  @Handle(leaseQuota)
  async lease({ organizationId, level, plan, counted, burst, overdrawn }: LeaseQuota): Promise<QuotaLease> {
    checkText('counted', counted);
    const sql = `SELECT * FROM lease_quota($1, $2, $3, $4, $5, $6)`;
    const asked = [organizationId, level, plan, counted, burst ?? false, overdrawn];
    const [row] = await query<Row>(this.dataSource, 'lease-quota', sql, asked);
    if (!row) throw notFound('no such plan');
    const { granted, quota, rest, since, ends_in: endsIn } = row;
    return {
      ...{ granted: Number(granted), quota: Number(quota), left: Number(rest) },
      ...{ since: Number(since), endsIn: Number(endsIn) },
    };
  }
}
