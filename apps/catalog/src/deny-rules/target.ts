import { isIP } from 'node:net';
import type { CreateDenyRule } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { apiNamed } from '../apis/find-api';
import { invalid } from '../refusals';

/** What a rule compares requests with. Throws `invalid_request`, and `not_found` for an API. */
export async function targetOf(
  manager: EntityManager,
  { organizationId, kind, value, target }: CreateDenyRule,
): Promise<string> {
  if (kind === 'ip') return rangeOf(value);
  if (kind === 'api') return (await apiNamed(manager, { organizationId, api: value })).id;
  if (target === undefined) throw invalid(`target is missing: the id of the ${kind}`);
  return target;
}

/** An address as it is, or a range of them by their first bits. */
function rangeOf(text: string): string {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  if (version === 0 || address.includes('%') || !isRange || more.length > 0)
    throw invalid('value must be an IP address, or a range such as 192.0.2.0/24');
  return text.toLowerCase();
}
