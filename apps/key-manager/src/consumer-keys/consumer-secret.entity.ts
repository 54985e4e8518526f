import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One of a consumer key's secrets; of its value only the MAC is known. */
@Entity('consumer_secrets')
export class ConsumerSecretEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text', { name: 'consumer_key' }) consumerKey: string;
  @Column('bytea') mac: Buffer;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  /** It is valid until then; `null`: until it is replaced. */
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt: Date | null;
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt: Date | null;
}
