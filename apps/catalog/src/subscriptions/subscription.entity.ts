import type { SubscriptionRecord, SubscriptionState } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An application's subscription to an API version. */
@Entity('subscriptions')
export class SubscriptionEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'application_id' }) applicationId: string;
  @Column('uuid', { name: 'api_id' }) apiId: string;
  @Column('text') state: SubscriptionState;
  @Column('text', { nullable: true }) plan: string | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

/** What the feed tells of it. */
export function subscriptionRecordOf({ plan, ...row }: Omit<SubscriptionEntity, 'createdAt'>): SubscriptionRecord {
  const { id, organizationId, applicationId, apiId, state } = row;
  return { id, organizationId, applicationId, apiId, state, ...(plan !== null && { plan }) };
}
