import { Bus, prepare, type Wire } from '@keyward/bus';
import { clientRevocations, userRevocations } from '@keyward/contracts';
import { assertUnprivileged, connectPatiently, query, Replays } from '@keyward/database';
import { readiness, type Logger, type Running, Organizations, Outbound, Revocations } from '@keyward/runtime';
import { ApplicationUsers } from './application-users/application-users';
import { BackChannelLogout } from './back-channel-logout/back-channel-logout';
import { Clock } from './clock';
import { RepeatedValues } from './codes/repeated-values';
import type { TokenConfig } from './config';
import { tokenDataSource } from './data-source';
import { Issuers } from './issuer';
import { Partitions } from './partitions';
import { Catalog } from './scopes/catalog';
import { RevocationFeed } from './revocation/revocation-feed';
import { TokenModule } from './token.module';

/**
 * Starts the token service on a wire, which the caller closes after it. Its schema must have been migrated. It takes
 * requests when it knows the organizations, the scopes of their APIs and whose tokens have ended; it does not wait for them,
 * so that the order of starts does not matter.
 */
export async function startToken(
  config: TokenConfig,
  wire: Wire,
  logger: Logger,
  clock = new Clock(),
): Promise<Running> {
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const dataSource = await connectPatiently(tokenDataSource(config.database));
    undo.push(() => dataSource.destroy());
    await assertUnprivileged(dataSource);
    const partitions = new Partitions(dataSource, config.oauth, logger);
    await partitions.start();
    undo.push(() => partitions.stop());

    const replays = new Replays(dataSource, (error) => logger.error({ message: 'partitions not kept', error }));
    await replays.start();
    undo.push(() => replays.stop());

    const bus = new Bus(wire);
    const revocationFeed = new RevocationFeed(dataSource, bus);
    await revocationFeed.start();
    undo.push(() => revocationFeed.stop());
    const organizations = new Organizations(bus);
    undo.push(() => organizations.stop());
    const catalog = new Catalog(bus);
    undo.push(() => catalog.stop());
    const revocations = new Revocations(bus, {
      passwordChange: config.oauth.revokeOnPasswordChange,
      feeds: [userRevocations, clientRevocations], // of its own it asks its database
    });
    undo.push(() => revocations.stop());
    const applicationUsers = new ApplicationUsers(dataSource, logger, () => clock.now());
    applicationUsers.start();
    undo.push(() => applicationUsers.stop());
    const outbound = new Outbound(config.outbound);
    undo.push(() => outbound.close());
    const issuers = new Issuers(config.issuer);
    const backChannel = new BackChannelLogout({ dataSource, bus, organizations, issuers, outbound, clock, logger });
    undo.push(() => backChannel.stop());
    const repeated = new RepeatedValues((client, what) => {
      logger.warn({ client, what }, 'a client sends the same value for every sign-in, which protects none');
    });
    const feeds = { organizations, catalog, revocations };
    const owned = { revocationFeed, applicationUsers, backChannel, replays, repeated };
    const parts = { config, bus, dataSource, ...feeds, ...owned, clock };
    const module = TokenModule.with(parts);
    const app = await prepare('token', module, wire, logger);
    undo.push(() => app.close());
    let serving = false;
    const serve = async () => {
      await Promise.all([organizations.start(), catalog.start(), revocations.start()]);
      await app.listen();
      backChannel.start();
      serving = true;
    };
    void serve();

    const database = async () => (await query(dataSource, 'ready', 'SELECT 1', [])).length === 1;
    return {
      close,
      ready: () =>
        readiness({
          database,
          bus: () => bus.connected,
          organizations: () => organizations.state,
          catalog: () => catalog.state,
          revocations: () => revocations.state,
          serving: () => serving,
        }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
