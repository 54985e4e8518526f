import { Bus, serve, type Wire } from '@keyward/bus';
import { clientRevocations, ServiceError } from '@keyward/contracts';
import { assertUnprivileged, connectPatiently, query, Replays, RevocationOwner } from '@keyward/database';
import { Outbound, patiently, readiness, type Logger, type Running } from '@keyward/runtime';
import { ApiKeyFeed } from './api-keys/api-key-feed';
import { AssertionAuthentication } from './client-keys/assertion-authentication';
import { RemoteJwks } from './client-keys/remote-jwks';
import { ClientAuthentication } from './clients/client-authentication';
import { ClientCache } from './clients/client-cache';
import { FailureLimits } from './clients/failure-limits';
import { SecretUses } from './clients/secret-uses';
import { Clock } from './clock';
import type { KeyManagerConfig } from './config';
import { ConsumerKeyChanges } from './consumer-keys/consumer-key-changes';
import { SecretMacs } from './consumer-keys/consumer-secret';
import { keyManagerDataSource } from './data-source';
import { KeyManagerModule } from './key-manager.module';
import { ensureLoginClient, ensureRootObjects } from './root-objects';
import { configuredSealing } from './sealing/configured-sealing';
import { assertAllHeld } from './sealing/in-use';
import { sealedSecret } from './sealing/sealed-secret';
import { PairwiseNames } from './sectors/pairwise-names';
import { SectorDocuments } from './sectors/sector-documents';
import { KeyRing } from './signing-keys/key-ring';
import { KeyStock } from './signing-keys/key-stock';
import { insertFirstKey, KeyMaker } from './signing-keys/new-signing-key';
import { RotationSchedule } from './signing-keys/rotation-schedule';
import { SigningKeyChanges } from './signing-keys/signing-key-changes';
import { GrantAssertions } from './trusted-issuers/grant-assertions';
import { TrustedIssuerFeed } from './trusted-issuers/trusted-issuer-feed';

/** Starts the key manager on a wire, which the caller closes after it. Its schema must have been migrated. */
export async function startKeyManager(
  config: KeyManagerConfig,
  wire: Wire,
  logger: Logger,
  clock = new Clock(),
): Promise<Running> {
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const dataSource = await connectPatiently(keyManagerDataSource(config.database));
    undo.push(() => dataSource.destroy());
    await assertUnprivileged(dataSource);
    const { sealing, close: closeSealing } = configuredSealing(config.sealing);
    undo.push(closeSealing);
    await assertAllHeld(dataSource, sealing);
    const secret = (purpose: string) =>
      patiently(
        () => sealedSecret(dataSource, sealing, purpose),
        (error) => error instanceof ServiceError,
      );
    const macs = new SecretMacs(await secret('client-secret-macs'));
    const slots = await secret('failure-slots');
    const pairwiseNames = new PairwiseNames(await secret('pairwise-names'));

    const { now } = clock;
    const bus = new Bus(wire);
    const clients = new ClientCache(dataSource, now);
    const limits = new FailureLimits(dataSource, slots, config.limits, logger, now);
    const uses = new SecretUses(dataSource, logger, now);
    const authentication = new ClientAuthentication(clients, limits, uses, macs, now);
    const outbound = new Outbound(config.outbound);
    undo.push(() => outbound.close());
    const replays = new Replays(dataSource, (error) => logger.error({ message: 'partitions not kept', error }));
    await replays.start();
    undo.push(() => replays.stop());
    const warn = (message: string, error: unknown) => {
      logger.warn({ message, error });
    };
    const remote = new RemoteJwks(outbound, warn, now);
    const sectors = new SectorDocuments(outbound, warn);
    const assertions = new AssertionAuthentication(authentication, remote, replays, now);
    const grantAssertions = new GrantAssertions(dataSource, remote, replays, now);
    const stock = new KeyStock(config.signingKeys.stock);
    undo.push(() => stock.stop());
    stock.start();
    const maker = new KeyMaker(sealing, stock);
    const keyRing = new KeyRing(dataSource, maker, sealing, now);
    const consumerKeyChanges = new ConsumerKeyChanges(dataSource, bus, clients);
    const revocations = new RevocationOwner(dataSource, bus, clientRevocations);
    const apiKeyFeed = new ApiKeyFeed(dataSource, bus);
    undo.push(() => apiKeyFeed.owner.stop());
    const trustedIssuerFeed = new TrustedIssuerFeed(dataSource, bus);
    undo.push(() => trustedIssuerFeed.owner.stop());
    const signingKeyChanges = new SigningKeyChanges(dataSource, bus, keyRing);
    keyRing.ensure = async (organizationId, alg) => {
      const made = await maker.make(organizationId, alg);
      await signingKeyChanges.write(organizationId, async (manager, changed) => {
        await insertFirstKey(manager, made, now());
        changed(organizationId);
      });
    };
    const schedule = new RotationSchedule(dataSource, signingKeyChanges, maker, config.signingKeys, logger, now);

    const feeds = [consumerKeyChanges, signingKeyChanges];
    for (const feed of feeds) {
      undo.push(() => feed.stop());
      await feed.owner.start();
    }
    undo.push(() => revocations.stop());
    await revocations.start();
    await apiKeyFeed.owner.start();
    await trustedIssuerFeed.owner.start();
    await ensureLoginClient(consumerKeyChanges, clock);
    await ensureRootObjects(consumerKeyChanges, macs, config.cliClient.cliSecret, clock, logger);
    undo.push(() => uses.stop());
    const feedsOf = { consumerKeyChanges, signingKeyChanges, apiKeyFeed, trustedIssuerFeed, revocations };
    const parts = {
      dataSource,
      clock,
      sealing,
      maker,
      macs,
      pairwiseNames,
      sectors,
      authentication,
      assertions,
      grantAssertions,
      remote,
      keyRing,
      ...feedsOf,
    };
    const settings = { signingKeySettings: config.signingKeys, registrationLimits: config.registration };
    const module = KeyManagerModule.with({ ...parts, ...settings });
    const app = await serve('key-manager', module, wire, logger);
    undo.push(() => app.close());

    // The followers ask the service's own instances, this one among them.
    for (const feed of feeds) void feed.follower.start();
    uses.start();
    schedule.start();
    undo.push(() => schedule.stop());

    const database = async () => (await query(dataSource, 'ready', 'SELECT 1', [])).length === 1;
    const { follower: consumerKeys } = consumerKeyChanges;
    const { follower: signingKeys } = signingKeyChanges;
    return {
      close,
      ready: () =>
        readiness({
          database,
          bus: () => bus.connected,
          consumerKeys: () => consumerKeys.state,
          signingKeys: () => signingKeys.state,
        }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
