import { Column, Entity, PrimaryColumn } from 'typeorm';

/** See `Application` of the contracts. */
@Entity('applications')
export class ApplicationEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  @Column('boolean', { name: 'multi_organization' }) multiOrganization: boolean;
  @Column('boolean', { name: 'strict_scopes' }) strictScopes: boolean;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}
