import type { ClientJwks, LinkedUser } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** See `TrustedIssuer` of the contracts. */
@Entity('trusted_issuers')
export class TrustedIssuerEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text') name: string;
  @Column('text') issuer: string;
  @Column('jsonb', { nullable: true }) jwks: ClientJwks | null;
  @Column('text', { name: 'jwks_uri', nullable: true }) jwksUri: string | null;
  @Column('jsonb') users: LinkedUser[];
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}
