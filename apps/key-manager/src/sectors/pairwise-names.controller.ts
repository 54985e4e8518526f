import { Handle } from '@keyward/bus';
import { findPairwiseNames, type FindPairwiseNames, type PairwiseNames as Named } from '@keyward/contracts';
import { queryInOrganization } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ClientAuthentication } from '../clients/client-authentication';
import { PairwiseNames } from './pairwise-names';
import { sectorOf, type SectorSettings } from './sector';

const FIND = `SELECT redirect_uris AS "redirectUris", sector_identifier_uri AS "sectorIdentifierUri"
  FROM consumer_keys WHERE organization_id = $1 AND consumer_key = $2`;

/** What the clients of a sector call users and sessions. */
@Controller()
export class PairwiseNamesController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clients: ClientAuthentication,
    private readonly names: PairwiseNames,
  ) {}

  @Handle(findPairwiseNames)
  async find({ organizationId, clientId, ids }: FindPairwiseNames): Promise<Named> {
    await this.clients.named(clientId, organizationId);
    const [row] = await queryInOrganization<Omit<SectorSettings, 'subjectType'>>(this.dataSource, 'find-sector', FIND, [
      organizationId,
      clientId,
    ]);
    // A client without a sector is one by itself.
    const sector = (row && sectorOf(row)) ?? clientId;
    return { names: ids.map((id) => this.names.of(organizationId, sector, id)) };
  }
}
