import type { ApplicationPlanRecord } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The plan of an application, which the key manager keeps. */
@Entity('application_plans')
export class ApplicationPlanEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid', { name: 'application_id' }) applicationId: string;
  @Column('text') plan: string;
}

/** What the feed tells of it. */
export const applicationPlanRecordOf = (row: ApplicationPlanEntity): ApplicationPlanRecord => {
  const { organizationId, applicationId, plan } = row;
  return { organizationId, applicationId, plan };
};
