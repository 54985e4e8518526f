import { randomUUID } from 'node:crypto';
import type { Call } from '@keyward/bus';
import {
  OPERATOR_ROLE,
  ROOT_ORGANIZATION,
  ServiceError,
  type CheckUser,
  type CreatedUser,
  type CreateUser,
  type FoundProfile,
  type ListUsers,
  type NameUser,
  type NameUsers,
  type ResetPassword,
  type Subject,
  type UpdateUser,
  type User,
  type UserNames,
  type UserPage,
} from '@keyward/contracts';
import {
  checkCursor,
  inOrganization,
  isDuplicate,
  pageOf,
  queryInOrganization,
  queryTogether,
  type RevocationOwner,
} from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import { forgetFailures, holdAttempts } from '../attempts/account-rows';
import { OrganizationEntity } from '../organizations/organization.entity';
import type { HashingPool } from '../passwords/hashing-pool';
import { checkNewPassword, generatePassword } from '../passwords/password-policy';
import type { Passwords } from '../passwords/passwords';
import { nameRoles } from '../roles/name-roles';
import { UserEntity } from './user.entity';
import { CHECK_USER, readUsers, userNamed } from './user-rows';
import { checkUsername, usernameKey } from './username';

/** The users of organizations, for administrators and for those who hold tokens of them. */
export class Users {
  constructor(
    private readonly database: DataSource,
    private readonly pool: HashingPool,
    private readonly passwords: Passwords,
    private readonly revocations: RevocationOwner,
  ) {}

  /** A password that is not given is generated and told this once. */
  async create(request: CreateUser, call: Call): Promise<CreatedUser> {
    const { organizationId, password, state, roles, profile } = request;
    const username = checkUsername(request.username);
    const { hash, told } = await this.newPassword(password, username, call);
    const row = {
      organizationId,
      id: randomUUID(),
      username,
      usernameKey: usernameKey(username),
      state: state ?? 'active',
      roles: roles ?? [],
      profile: profile ?? {},
    };
    try {
      const user = await inOrganization(this.database, organizationId, async (manager) => {
        if (!(await manager.existsBy(OrganizationEntity, { id: organizationId })))
          throw new ServiceError('not_found', 'there is no such organization');
        await nameRoles(manager, organizationId, roles);
        await manager.insert(UserEntity, { ...row, passwordHash: hash });
        return userNamed(manager, organizationId, username);
      });
      return { user, ...told };
    } catch (error) {
      if (isDuplicate(error)) throw new ServiceError('conflict', 'this username is taken');
      throw error;
    }
  }

  find({ organizationId, username }: NameUser): Promise<User> {
    return inOrganization(this.database, organizationId, (manager) => userNamed(manager, organizationId, username));
  }

  async list({ organizationId, after = '', limit }: ListUsers): Promise<UserPage> {
    checkCursor(after);
    const users = await inOrganization(this.database, organizationId, (manager) =>
      readUsers(manager, 'u.organization_id = $1 AND u.username_key > $2 ORDER BY u.username_key LIMIT $3', [
        organizationId,
        after,
        limit + 1,
      ]),
    );
    return pageOf(users, limit, ({ username }) => usernameKey(username));
  }

  /** To disable a user also ends what was granted before, should the user be enabled again. */
  update({ organizationId, username, state, roles, profile }: UpdateUser): Promise<User> {
    return this.change(organizationId, username, async (manager, user) => {
      await nameRoles(manager, organizationId, roles);
      if (state === 'disabled') await holdAttempts(manager, organizationId, user.id);
      await manager.query(
        `UPDATE users SET state = coalesce($3, state), roles = coalesce($4, roles),
           profile = coalesce($5, profile),
           credentials_changed_at = CASE WHEN $3 = 'disabled' AND state <> 'disabled' THEN ${CHANGED_NOW}
                                         ELSE credentials_changed_at END
         WHERE organization_id = $1 AND id = $2`,
        [organizationId, user.id, state ?? null, roles ?? null, profile ?? null],
      );
      await assertOperated(manager, organizationId);
      if (state === 'disabled' && user.state !== 'disabled') await this.endGrants(manager, 'user', user);
    });
  }

  unlock({ organizationId, username }: NameUser): Promise<User> {
    return this.change(organizationId, username, (manager, { id }) => forgetFailures(manager, organizationId, id));
  }

  /** Whatever a user has granted is over, by whichever client and session; the password stays. */
  endAllGrants({ organizationId, username }: NameUser): Promise<User> {
    return this.change(organizationId, username, async (manager, user) => {
      await holdAttempts(manager, organizationId, user.id);
      await manager.query(
        `UPDATE users SET credentials_changed_at = ${CHANGED_NOW}
         WHERE organization_id = $1 AND id = $2`,
        [organizationId, user.id],
      );
      await this.endGrants(manager, 'user', user);
    });
  }

  async resetPassword({ organizationId, username, password }: ResetPassword, call: Call): Promise<CreatedUser> {
    await this.find({ organizationId, username }); // costs no hash when there is no such user
    const { hash, told } = await this.newPassword(password, username, call);
    const user = await this.change(organizationId, username, async (manager, its) => {
      await holdAttempts(manager, organizationId, its.id);
      await manager.query(
        `UPDATE users SET password_hash = $3, credentials_changed_at = ${CHANGED_NOW}
         WHERE organization_id = $1 AND id = $2`,
        [organizationId, its.id, hash],
      );
      await forgetFailures(manager, organizationId, its.id);
      await this.endGrants(manager, 'password', its);
    });
    return { user, ...told };
  }

  async delete({ organizationId, username }: NameUser): Promise<User> {
    const deleted = await inOrganization(this.database, organizationId, async (manager) => {
      const user = await userNamed(manager, organizationId, username);
      const both = [organizationId, user.id];
      await manager.query(`DELETE FROM account_attempts WHERE organization_id = $1 AND account = $2`, both);
      await manager.query(`DELETE FROM users WHERE organization_id = $1 AND id = $2`, both);
      await assertOperated(manager, organizationId);
      await this.endGrants(manager, 'user', user);
      return user;
    });
    void this.revocations.publishNew();
    return deleted;
  }

  /** A user who may still have tokens: one round trip. */
  async check({ organizationId, sub }: CheckUser): Promise<Subject> {
    const [subject] = await queryTogether<Subject>(this.database, CHECK_USER, [organizationId, sub]);
    if (!subject) throw new ServiceError('invalid_grant');
    return subject;
  }

  async names({ organizationId, ids }: NameUsers): Promise<UserNames> {
    const found = await queryInOrganization<{ id: string; username: string }>(
      this.database,
      'name-users',
      'SELECT id, username FROM users WHERE organization_id = $1 AND id = ANY ($2::uuid[])',
      [organizationId, ids],
    );
    return { names: Object.fromEntries(found.map(({ id, username }) => [id, username])) };
  }

  async profile({ organizationId, sub }: CheckUser): Promise<FoundProfile> {
    const sql = 'SELECT profile, roles FROM users WHERE organization_id = $1 AND id = $2';
    const [row] = await queryInOrganization<FoundProfile>(this.database, 'find-profile', sql, [organizationId, sub]);
    if (!row) throw new ServiceError('not_found', 'there is no such user');
    return row;
  }

  /** Changes a user by name and reads it again, in one transaction. */
  private async change(
    organizationId: string,
    username: string,
    work: (manager: EntityManager, user: User) => Promise<void>,
  ): Promise<User> {
    const changed = await inOrganization(this.database, organizationId, async (manager) => {
      await work(manager, await userNamed(manager, organizationId, username));
      return userNamed(manager, organizationId, username);
    });
    void this.revocations.publishNew();
    return changed;
  }

  /**
   * RT-10: what was granted before the credentials changed is over; all of it, where the user is gone. Of the kind `user`,
   * whatever a server's settings say of changed passwords.
   */
  private async endGrants(manager: EntityManager, kind: 'user' | 'password', { organizationId, id }: User) {
    const ended = 'UPDATE users SET grants_ended_at = credentials_changed_at WHERE organization_id = $1 AND id = $2';
    if (kind === 'user') await manager.query(ended, [organizationId, id]);
    const [row] = await manager.query<{ before: number }[]>(
      `SELECT extract(epoch FROM credentials_changed_at)::float8 AS before
         FROM users WHERE organization_id = $1 AND id = $2`,
      [organizationId, id],
    );
    await this.revocations.append(manager, { kind, name: id, organizationId, before: row?.before }, Date.now());
  }

  /** `null` is nothing given, as everywhere in a message: what was generated then must be told. */
  private async newPassword(given: string | null | undefined, username: string, call: Call) {
    const password = given ?? generatePassword();
    checkNewPassword(password, username);
    const hash = await this.pool.admit(() => this.passwords.hash(password, call));
    return { hash, told: given == null ? { password } : {} };
  }
}

/** In whole seconds as tokens count them, and later than anything granted before: two changes never share a second. */
const CHANGED_NOW = `to_timestamp(greatest(ceil(extract(epoch FROM clock_timestamp())),
  floor(extract(epoch FROM credentials_changed_at)) + 1)::float8)`;

/** Refuses what would leave nobody to operate Keyward: who takes the last operator away cannot make another. */
export async function assertOperated(manager: EntityManager, organizationId: string): Promise<void> {
  if (organizationId !== ROOT_ORGANIZATION.id) return;
  // Of two that are taken away at once, the second is looked for when the first is gone.
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('directory.operators', 0))`);
  const operators = await manager.query<unknown[]>(
    `SELECT FROM users WHERE organization_id = $1 AND state = 'active' AND $2 = ANY (roles) LIMIT 1`,
    [organizationId, OPERATOR_ROLE],
  );
  if (operators.length === 0) throw new ServiceError('invalid_request', 'the last operator stays');
}
