import { ServiceError, type SubjectType } from '@keyward/contracts';
import { isOutboundUrl } from '@keyward/runtime';

/** What a sector is told by. */
export interface SectorSettings {
  subjectType: SubjectType;
  sectorIdentifierUri: string | null;
  redirectUris: string[];
}

/**
 * The host that stands for the clients who know a user by one name (OpenID Connect Core 1.0 §8.1); `undefined` where there are
 * several, or none: a user's own device and a scheme of its own are no host of theirs alone.
 */
export function sectorOf({ sectorIdentifierUri, redirectUris }: Omit<SectorSettings, 'subjectType'>) {
  if (sectorIdentifierUri !== null) return new URL(sectorIdentifierUri).hostname;
  const hosts = new Set(redirectUris.map(hostOf));
  const [host] = hosts;
  return hosts.size === 1 ? host : undefined;
}

function hostOf(uri: string): string | undefined {
  const { protocol, hostname } = new URL(uri);
  return protocol === 'https:' ? hostname : undefined;
}

/** Throws `invalid_request` for pairwise names without a sector, or a sector that cannot be looked at. */
export function assertSector(settings: SectorSettings): void {
  const { subjectType, sectorIdentifierUri } = settings;
  if (sectorIdentifierUri !== null && !isOutboundUrl(sectorIdentifierUri))
    throw invalid('sectorIdentifierUri must be an https URL without user and fragment');
  if (subjectType === 'pairwise' && sectorOf(settings) === undefined)
    throw invalid('pairwise subjects need https redirect URIs of one host, or a sectorIdentifierUri');
}

const invalid = (description: string) => new ServiceError('invalid_request', description);
