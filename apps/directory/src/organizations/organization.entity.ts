import type { CompatibilityProfile, Organization } from '@keyward/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** An organization's row; its key is never changed and never reused. */
@Entity('organizations')
export class OrganizationEntity {
  @PrimaryColumn('uuid') id: string;
  @Column({ type: 'text', update: false }) key: string;
  @Column('text') name: string;
  @Column('text') state: Organization['state'];
  @Column('boolean', { name: 'password_grant' }) passwordGrant: boolean;
  @Column('text') pkce: Organization['pkce'];
  @Column('text', { nullable: true }) colour: string | null;
  @Column('text', { nullable: true }) logo: string | null;
  @Column('text', { name: 'compatibility_profile' }) compatibilityProfile: CompatibilityProfile;
  @Column('boolean', { name: 'high_assurance' }) highAssurance: boolean;
  @Column('text', { name: 'client_registration' }) clientRegistration: Organization['clientRegistration'];
  @Column('boolean', { name: 'dpop_nonce' }) dpopNonce: boolean;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt: Date;
}

/** What others are told of it: its record in the feed too. */
export const organizationOf = ({
  id,
  key,
  name,
  state,
  passwordGrant,
  pkce,
  colour,
  logo,
  compatibilityProfile,
  highAssurance,
  clientRegistration,
  dpopNonce,
  createdAt,
}: OrganizationEntity): Organization => ({
  id,
  key,
  name,
  state,
  passwordGrant,
  pkce,
  ...(colour !== null && { colour }),
  ...(logo !== null && { logo }),
  compatibilityProfile,
  highAssurance,
  clientRegistration,
  dpopNonce,
  createdAt: createdAt.toISOString(),
});
