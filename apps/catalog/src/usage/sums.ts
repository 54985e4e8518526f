import { LATENCIES, type UsageGroup, type UsageSum } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';

/** Which calls are added up, and by what. */
interface Asked {
  organizationId: string;
  from: Date;
  to: Date;
  by: UsageGroup;
  apiId?: string;
  applicationId?: string;
}

/** An API that is gone keeps its id. */
const GROUPS: Record<UsageGroup, string> = {
  api: `coalesce((SELECT a.name || ':' || a.version FROM apis a
    WHERE a.organization_id = u.organization_id AND a.id = u.api_id), u.api_id::text)`,
  application: `nullif(u.application_id::text, '00000000-0000-0000-0000-000000000000')`,
  resource: 'u.resource',
  status: 'u.status::text',
  hour: `to_char(date_trunc('hour', u.slot AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
  day: `to_char(date_trunc('day', u.slot AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
};
const BY_LATENCY = Array.from({ length: LATENCIES.length + 1 }, (_, n) => `sum(u.latencies[${n + 1}])`).join(', ');
/** Of what is not a time: the most used. */
const MOST = 1000;

type Row = Record<'of' | 'requests' | 'refused' | 'failed' | 'bytes', string> & {
  total: number;
  most: number;
  latencies: string[];
};

/** Adds up an organization's calls. */
export async function sumUsage(manager: EntityManager, asked: Asked): Promise<UsageSum[]> {
  const { organizationId, from, to, by, apiId, applicationId } = asked;
  const rows = await manager.query<Row[]>(
    `SELECT coalesce(${GROUPS[by]}, '') AS of, sum(u.requests) AS requests, sum(u.bytes) AS bytes,
       coalesce(sum(u.requests) FILTER (WHERE u.status BETWEEN 400 AND 499), 0) AS refused,
       coalesce(sum(u.requests) FILTER (WHERE u.status >= 500), 0) AS failed,
       sum(u.total_ms) AS total, max(u.max_ms) AS most, ARRAY[${BY_LATENCY}] AS latencies
     FROM usage u WHERE u.organization_id = $1 AND u.slot >= $2 AND u.slot < $3
       AND ($4::uuid IS NULL OR u.api_id = $4) AND ($5::uuid IS NULL OR u.application_id = $5)
     GROUP BY 1 ORDER BY ${isTime(by) ? '1' : `sum(u.requests) DESC, 1 LIMIT ${MOST}`}`,
    [organizationId, from, to, apiId ?? null, applicationId ?? null],
  );
  return rows.map(({ of, total, most, latencies, ...counts }) => ({
    of,
    ...{ requests: Number(counts.requests), refused: Number(counts.refused), failed: Number(counts.failed) },
    ...{ bytes: Number(counts.bytes), averageMs: rounded(total / Number(counts.requests)) },
    ...{ p95Ms: Math.min(percentile(latencies.map(Number), 0.95), rounded(most)), maxMs: rounded(most) },
  }));
}

const isTime = (by: UsageGroup): boolean => by === 'hour' || by === 'day';

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

/** The upper bound of the latencies within which so many of all are. */
function percentile(latencies: number[], share: number): number {
  const wanted = latencies.reduce((sum, each) => sum + each, 0) * share;
  let sum = 0;
  const at = latencies.findIndex((each) => (sum += each) >= wanted);
  return LATENCIES[at] ?? Infinity;
}
