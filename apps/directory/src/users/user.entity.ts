import type { Profile, User } from '@keyward/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A user's row. The password's hash is read by the sign-in alone. */
@Entity('users')
export class UserEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') username: string;
  /** See `usernameKey`; unique in the organization. */
  @Column('text', { name: 'username_key' }) usernameKey: string;
  @Column('text', { name: 'password_hash', nullable: true, select: false }) passwordHash: string | null;
  @Column('text') state: User['state'];
  @Column('text', { array: true }) roles: string[];
  @Column('jsonb') profile: Profile;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt: Date;
}
