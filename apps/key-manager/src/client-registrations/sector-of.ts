import { inOrganization } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import type { SectorDocument, SectorDocuments } from '../sectors/sector-documents';
import { asMetadataError, textOf, type Metadata } from './values';

/** What a registration is asked with. */
interface Asked {
  organizationId: string;
  metadata: Metadata;
}

/**
 * The document of the sector that metadata names (OpenID Connect Dynamic Client Registration 1.0 §5), looked at before anything is
 * locked, and for those alone who may register (DR-09). Throws `invalid_client_metadata`, and what `assertMay` and a look
 * without an answer throw.
 */
export async function sectorOf(
  dataSource: DataSource,
  sectors: SectorDocuments,
  { organizationId, metadata }: Asked,
  assertMay: (manager: EntityManager) => Promise<unknown>,
): Promise<SectorDocument | undefined> {
  const uri = textOf(metadata, 'sector_identifier_uri');
  if (uri === undefined) return undefined;
  await inOrganization(dataSource, organizationId, assertMay);
  return await asMetadataError(() => sectors.at(organizationId, uri));
}
