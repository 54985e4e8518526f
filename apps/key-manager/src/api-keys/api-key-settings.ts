import { isIP } from 'node:net';
import { ServiceError, type UpdateApiKey } from '@keyward/contracts';
import type { ApiKeyEntity } from './api-key.entity';

type Settings = Pick<ApiKeyEntity, 'name' | 'addresses' | 'referrers' | 'expiresAt'>;

/** The settings with what was asked for. Throws `invalid_request`. */
export function settingsFrom(before: Settings, asked: Partial<UpdateApiKey>): Settings {
  const { name, addresses, referrers, expiresAt } = asked;
  if (name !== undefined && /[\p{Cc}\p{Cs}]/u.test(name)) throw invalid('name must not contain control characters');
  const wrong = addresses?.find((address) => !isRange(address));
  if (wrong !== undefined) throw invalid('addresses must be IP addresses, or ranges such as 192.0.2.0/24');
  return {
    name: name ?? before.name,
    addresses: addresses ?? before.addresses,
    referrers: referrers ?? before.referrers,
    expiresAt: expiresAt === undefined ? before.expiresAt : expiresAt === null ? null : new Date(expiresAt),
  };
}

function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
