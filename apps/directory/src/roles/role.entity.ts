import type { Role } from '@keyward/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A role of an organization; who has it is in the rows of the users. */
@Entity('roles')
export class RoleEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text') name: string;
  @Column('text') description: string;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt: Date;
}

/** What its readers see. */
export const roleOf = ({ createdAt, ...role }: RoleEntity): Role => ({ ...role, createdAt: createdAt.toISOString() });
