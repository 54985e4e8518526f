import type { ClientJwks, IssuerAccess, LinkedUser, TrustedIssuerRecord } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** See `TrustedIssuer` of the contracts. */
@Entity('trusted_issuers')
export class TrustedIssuerEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text') name: string;
  /** Its record's, in the feed. */
  @Column('uuid') id: string;
  @Column('text') issuer: string;
  @Column('jsonb', { nullable: true }) jwks: ClientJwks | null;
  @Column('text', { name: 'jwks_uri', nullable: true }) jwksUri: string | null;
  @Column('jsonb') users: LinkedUser[];
  @Column('jsonb', { nullable: true }) access: IssuerAccess | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

/** What gateways are told of it; `null` when its access tokens open nothing. */
export function trustedIssuerRecordOf(
  trusted: Pick<TrustedIssuerEntity, 'organizationId' | 'name' | 'issuer' | 'access'>,
): TrustedIssuerRecord | null {
  const { organizationId, name, issuer, access } = trusted;
  return access && { organizationId, name, issuer, access };
}
