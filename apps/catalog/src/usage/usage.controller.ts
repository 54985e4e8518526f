import { Handle } from '@keyward/bus';
import {
  Empty,
  queryUsage,
  recordUsage,
  type QueryUsage,
  type RecordUsage,
  type UsageReport,
} from '@keyward/contracts';
import { inOrganization, query } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { apiNamed } from '../apis/find-api';
import { checkText, invalid } from '../refusals';
import { sumUsage } from './sums';

const DAY_MS = 86_400_000;
/** Of one report: all of them are in it, or none. */
const MOST_HOURS = 1000;

/** `catalog.usage.*`: how often APIs were called, as gateways have counted. */
@Controller()
export class UsageController {
  constructor(private readonly dataSource: DataSource) {}

  @Handle(recordUsage)
  async record({ organizationId, gateway, counts }: RecordUsage): Promise<Empty> {
    for (const { resource } of counts) checkText('resource', resource);
    const asked = [organizationId, gateway, JSON.stringify(counts)];
    await query(this.dataSource, 'record-usage', 'SELECT record_usage($1, $2, $3)', asked);
    return new Empty();
  }

  @Handle(queryUsage)
  async report({ organizationId, api, applicationId, by = 'api', ...asked }: QueryUsage): Promise<UsageReport> {
    const to = asked.to === undefined ? new Date() : new Date(asked.to);
    const from = asked.from === undefined ? new Date(to.getTime() - DAY_MS) : new Date(asked.from);
    if (from >= to) throw invalid('from must be before to');
    if (by === 'hour' && to.getTime() - from.getTime() > MOST_HOURS * (DAY_MS / 24))
      throw invalid(`by hour, ${MOST_HOURS} hours are told of at once: ask for less of time, or by day`);
    return await inOrganization(this.dataSource, organizationId, async (manager) => {
      const apiId = api === undefined ? undefined : (await apiNamed(manager, { organizationId, api })).id;
      const sums = await sumUsage(manager, { organizationId, from, to, by, apiId, applicationId });
      return { from: from.toISOString(), to: to.toISOString(), by, sums };
    });
  }
}
