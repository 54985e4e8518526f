import { Handle } from '@keyward/bus';
import { allOverBy, endRefreshFamilies, type EndedRefreshFamilies, type EndRefreshFamilies } from '@keyward/contracts';
import { inOrganization } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, inSeconds } from '../clock';
import { RevocationFeed } from '../revocation/revocation-feed';

/** All the refresh tokens of an organization at once. */
@Controller()
export class RefreshFamiliesController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /** Access tokens first, which is one line for everybody; then families by the day, each day a statement that is short. */
  @Handle(endRefreshFamilies)
  async end({ organizationId }: EndRefreshFamilies): Promise<EndedRefreshFamilies> {
    const now = this.clock.now();
    const days = await inOrganization(this.dataSource, organizationId, async (manager) => {
      // Those of this second as well.
      const before = Math.floor(inSeconds(now)) + 1;
      const until = new Date(allOverBy(inSeconds(now)) * 1000);
      await manager.query(TELL, [organizationId, before, until]);
      return manager.query<{ day: string }[]>(DAYS, [organizationId]);
    });
    void this.revocations.publishNew();
    let ended = 0;
    for (const { day } of days)
      ended += await inOrganization(this.dataSource, organizationId, async (manager) => {
        const [, count] = await manager.query<[unknown[], number]>(END, [organizationId, day, new Date(now)]);
        return count;
      });
    return { ended };
  }
}

const TELL = `
  SELECT tell_revoked($1::uuid, (now() AT TIME ZONE 'UTC')::date, 'organization', $1::uuid::text, $2::bigint, $3)`;
const DAYS = 'SELECT DISTINCT day::text AS day FROM refresh_families WHERE organization_id = $1 AND revoked_at IS NULL';
const END = `UPDATE refresh_families SET revoked_at = $3
  WHERE organization_id = $1 AND day = $2 AND revoked_at IS NULL AND created_at <= $3`;
