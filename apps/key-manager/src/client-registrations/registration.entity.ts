import type { Registration } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** See `Registration` of the contracts. */
@Entity('client_registrations')
export class RegistrationEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text', { name: 'consumer_key' }) consumerKey: string;
  @Column('text', { name: 'registered_by' }) registeredBy: Registration['by'];
  @Column('uuid', { name: 'token_id', nullable: true }) tokenId: string | null;
  /** The user who registered it by password, and what that user calls it. */
  @Column('uuid', { nullable: true }) owner: string | null;
  @Column('text', { name: 'owned_name', nullable: true }) ownedName: string | null;
  @Column('jsonb') about: Registration['about'];
  /** `null`: it is not managed by itself. */
  @Column('bytea', { name: 'access_token_hash', nullable: true }) accessTokenHash: Buffer | null;
  /** Of the address that registered it: enough to count by, and not the address. */
  @Column('int', { name: 'address_slot' }) addressSlot: number;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}
