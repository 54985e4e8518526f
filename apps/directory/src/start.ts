import { Bus, serve, startCall, type Wire } from '@keyward/bus';
import { organizations as feed, userRevocations } from '@keyward/contracts';
import { assertUnprivileged, connectPatiently, FeedOwner, query, RevocationOwner } from '@keyward/database';
import { readiness, type Logger, type Running } from '@keyward/runtime';
import { AccountGate } from './attempts/account-gate';
import type { AttemptLimits } from './attempts/attempts';
import type { DirectoryConfig } from './config';
import { Brandings } from './branding/brandings';
import { directoryDataSource } from './data-source';
import { DirectoryModule } from './directory.module';
import { Organizations, readOrganizations } from './organizations/organizations';
import { startHashing } from './passwords/hashing';
import { ensureRootObjects } from './root-objects';
import { Roles } from './roles/roles';
import { SignIn } from './users/sign-in';
import { Users } from './users/users';

/** The first hash and the first user; milliseconds. */
const START_MS = 10_000;

/** Starts the directory on a wire, which the caller closes after it. Its schema must have been migrated. */
export async function startDirectory(config: DirectoryConfig, wire: Wire, logger: Logger): Promise<Running> {
  const call = startCall(START_MS);
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const database = await connectPatiently(directoryDataSource(config.database));
    undo.push(() => database.destroy());
    await assertUnprivileged(database);
    const { pool, passwords } = await startHashing(config.hashing, call);
    undo.push(() => pool.close());

    const bus = new Bus(wire);
    const owner = new FeedOwner(database, bus, feed, readOrganizations(database));
    const organizations = new Organizations(database, owner);
    const brandings = new Brandings(database, owner);
    const revocations = new RevocationOwner(database, bus, userRevocations);
    const users = new Users(database, pool, passwords, revocations);
    const roles = new Roles(database);
    await ensureRootObjects({ organizations, users }, config.admin.adminPassword, logger, call);
    for (const each of [owner, revocations]) {
      await each.start();
      undo.push(() => each.stop());
    }

    const limits = limitsOf(config);
    const gate = new AccountGate(limits.account, config.hashing.queue);
    const report = (error: unknown) => logger.warn({ error }, 'after a sign-in');
    const signIn = new SignIn(database, pool, passwords, gate, limits, report);
    const module = DirectoryModule.with({ organizations, brandings, owner, revocations, users, roles, signIn });
    const app = await serve('directory', module, wire, logger);
    undo.push(() => app.close());

    const answers = async () => (await query(database, 'ready', 'SELECT 1', [])).length === 1;
    return { close, ready: () => readiness({ database: answers, bus: () => bus.connected }) };
  } catch (error) {
    await close();
    throw error;
  }
}

const limitsOf = ({ limits }: DirectoryConfig): AttemptLimits => ({
  account: limits.accountFailures,
  ceiling: limits.accountCeiling,
  client: limits.clientPasswordFailures,
});
