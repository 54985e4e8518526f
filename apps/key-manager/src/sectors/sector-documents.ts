import { ServiceError } from '@keyward/contracts';
import { OutboundBusy, type Outbound } from '@keyward/runtime';
import type { SectorSettings } from './sector';

/** The redirect URIs of a sector, as its document lists them. */
export interface SectorDocument {
  uri: string;
  redirectUris: readonly unknown[];
}

/** The documents at `sector_identifier_uri`, OpenID Connect Dynamic Client Registration 1.0 §5: looked at when a client names one. */
export class SectorDocuments {
  constructor(
    private readonly outbound: Pick<Outbound, 'send'>,
    private readonly log: (message: string, error: unknown) => void,
  ) {}

  /** Throws `invalid_request`, in the same words whatever is at the address (DR-09); `temporarily_unavailable` when it was not asked. */
  async at(organizationId: string, uri: string): Promise<SectorDocument> {
    try {
      const headers = { accept: 'application/json' };
      const { status, body } = await this.outbound.send(uri, { headers, organizationId });
      if (status !== 200) throw new Error(`status ${status}`);
      const redirectUris = JSON.parse(body.toString('utf8')) as unknown;
      if (!Array.isArray(redirectUris)) throw new Error('no array');
      return { uri, redirectUris };
    } catch (error) {
      if (error instanceof OutboundBusy)
        throw new ServiceError('temporarily_unavailable', undefined, { detail: error.message, retryAfter: 1 });
      this.log('a sector was not fetched', error);
      throw new ServiceError('invalid_request', 'sectorIdentifierUri does not have a JSON array of redirect URIs');
    }
  }
}

/** DR-10. Throws `invalid_request` unless all redirect URIs are listed; `conflict` if another document was looked at. */
export function assertListed(
  { sectorIdentifierUri, redirectUris }: SectorSettings,
  document: SectorDocument | undefined,
): void {
  if (sectorIdentifierUri === null || document === undefined) return;
  if (document.uri !== sectorIdentifierUri)
    throw new ServiceError('conflict', 'the consumer key was changed meanwhile');
  if (!redirectUris.every((uri) => document.redirectUris.includes(uri)))
    throw new ServiceError('invalid_request', 'sectorIdentifierUri does not list all redirect URIs');
}
