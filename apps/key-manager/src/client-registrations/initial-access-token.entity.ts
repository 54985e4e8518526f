import type { InitialAccessToken } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** See `InitialAccessToken` of the contracts. */
@Entity('initial_access_tokens')
export class InitialAccessTokenEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') description: string;
  @Column('bytea') hash: Buffer;
  @Column('int', { name: 'max_uses' }) maxUses: number;
  @Column('int') uses: number;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt: Date;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

/** As administrators see it. */
export const initialAccessTokenOf = (row: InitialAccessTokenEntity): InitialAccessToken => ({
  id: row.id,
  organizationId: row.organizationId,
  description: row.description,
  maxUses: row.maxUses,
  uses: row.uses,
  expiresAt: row.expiresAt.toISOString(),
  createdAt: row.createdAt.toISOString(),
});
