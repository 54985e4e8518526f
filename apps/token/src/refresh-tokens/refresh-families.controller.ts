import { Handle } from '@keyward/bus';
import { allOverBy, endRefreshFamilies, type EndedRefreshFamilies, type EndRefreshFamilies } from '@keyward/contracts';
import { inOrganization } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, inSeconds } from '../clock';
import { RevocationFeed } from '../revocation/revocation-feed';
import { endCodes, endFamilies } from './organization-end';

/** All the refresh tokens of an organization at once. */
@Controller()
export class RefreshFamiliesController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /**
   * Access tokens first, which is one line for everybody; then what would become a family, and families until none is left:
   * one that somebody was being given meanwhile is found the next time.
   */
  @Handle(endRefreshFamilies)
  async end({ organizationId }: EndRefreshFamilies): Promise<EndedRefreshFamilies> {
    const now = this.clock.now();
    // Those of this second as well.
    const before = inSeconds(now) + 1;
    const until = new Date(allOverBy(inSeconds(now)) * 1000);
    await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.query(TELL, [organizationId, before, until]),
    );
    void this.revocations.publishNew();
    await endCodes(this.dataSource, organizationId, now);
    // By now, a code that was used meanwhile has given its family.
    const last = new Date(this.clock.now());
    let [ended, more] = [0, 0];
    do {
      more = await endFamilies(this.dataSource, organizationId, last);
      ended += more;
    } while (more > 0);
    return { ended };
  }
}

const TELL = `
  SELECT tell_revoked($1::uuid, (now() AT TIME ZONE 'UTC')::date, 'organization', $1::uuid::text, $2::bigint, $3)`;
