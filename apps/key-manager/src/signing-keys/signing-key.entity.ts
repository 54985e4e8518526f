import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PublicJwk, SigningAlgorithm } from '@keyward/contracts';
import type { Sealed } from '../sealing/sealing';
import type { Life } from './life-cycle';

/** A signing key of an organization; its private half is sealed for this organization and this `kid`. */
@Entity('signing_keys')
export class SigningKeyEntity implements Life, Sealed {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text') kid: string;
  @Column('text') alg: SigningAlgorithm;
  @Column('jsonb', { name: 'public_jwk' }) publicJwk: PublicJwk;
  @Column('text', { name: 'kek_id' }) kekId: string;
  @Column('bytea', { name: 'wrapped_key' }) wrappedKey: Buffer;
  @Column('bytea') ciphertext: Buffer;
  @Column('timestamptz', { name: 'published_at' }) publishedAt: Date;
  @Column('timestamptz', { name: 'activates_at' }) activatesAt: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt: Date | null;
}
