import type { Branding } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The logo of an organization's pages. */
@Entity('logos')
export class LogoEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @Column('text') type: NonNullable<Branding['logoType']>;
  @Column('bytea') bytes: Buffer;
}
