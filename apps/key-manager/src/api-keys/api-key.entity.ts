import type { ApiKey, ApiKeyRecord } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key of an application that opens APIs by itself; of the key only its hash is kept. */
@Entity('api_keys')
export class ApiKeyEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'application_id' }) applicationId: string;
  @Column('text') name: string;
  @Column('text') kind: ApiKey['kind'];
  @Column('text') state: ApiKey['state'];
  @Column('bytea') hash: Buffer;
  @Column('text', { array: true }) addresses: string[];
  @Column('text', { array: true }) referrers: string[];
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt: Date | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

/** What gateways are told of it. */
export function apiKeyRecordOf(key: Omit<ApiKeyEntity, 'name' | 'state' | 'createdAt'>): ApiKeyRecord {
  const { organizationId, applicationId, kind, hash, addresses, referrers, expiresAt } = key;
  return {
    ...{ organizationId, applicationId, kind, hash: hash.toString('base64'), addresses, referrers },
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
  };
}

/** What its developers see. */
export function apiKeyOf({ expiresAt, createdAt, ...key }: ApiKeyEntity): ApiKey {
  const { id, applicationId, name, kind, state, addresses, referrers } = key;
  return {
    ...{ id, applicationId, name, kind, state, addresses, referrers },
    expiresAt: expiresAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}
