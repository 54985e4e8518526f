import type { ApiState } from '@keyward/contracts';
import { invalid } from '../refusals';
import type { ApiEntity } from './api.entity';

/** What may follow on a state. */
const NEXT: Record<ApiState, readonly ApiState[]> = {
  CREATED: ['PUBLISHED'],
  PUBLISHED: ['DEPRECATED', 'BLOCKED'],
  BLOCKED: ['PUBLISHED', 'DEPRECATED', 'RETIRED'],
  DEPRECATED: ['RETIRED'],
  RETIRED: [],
};

/** Throws `invalid_request` for a step that there is not, and for one that would publish nothing. */
export function checkStep({ state: from, upstreams, resources }: ApiEntity, to: ApiState): void {
  if (!NEXT[from].includes(to))
    throw invalid(`from ${from} an API becomes ${NEXT[from].join(' or ') || 'nothing else any more'}, not ${to}`);
  if (to !== 'PUBLISHED') return;
  if (!upstreams.production && !upstreams.sandbox) throw invalid('an API without an upstream cannot be published');
  if (resources.length === 0) throw invalid('an API without resources cannot be published');
}
