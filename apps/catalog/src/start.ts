import { Bus, serve, type Wire } from '@keyward/bus';
import { assertUnprivileged, connectPatiently, Hourly, inTransaction, query } from '@keyward/database';
import { readiness, type Logger, type Running } from '@keyward/runtime';
import { CatalogModule } from './catalog.module';
import type { CatalogConfig } from './config';
import { catalogDataSource } from './data-source';
import { Feeds } from './feeds';

/** Starts the catalog on a wire, which the caller closes after it. Its schema must have been migrated. */
export async function startCatalog(config: CatalogConfig, wire: Wire, logger: Logger): Promise<Running> {
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const dataSource = await connectPatiently(catalogDataSource(config.database));
    undo.push(() => dataSource.destroy());
    await assertUnprivileged(dataSource);
    const bus = new Bus(wire);
    const feeds = new Feeds(dataSource, bus);
    undo.push(() => feeds.stop());
    await feeds.start();
    const partitions = new Hourly(
      async () => {
        await inTransaction(dataSource, (manager) => manager.query('SELECT keep_usage()'));
      },
      (error) => logger.error({ message: 'partitions not kept', error }),
    );
    await partitions.start();
    undo.push(() => partitions.stop());
    const app = await serve('catalog', CatalogModule.with({ dataSource, feeds }), wire, logger);
    undo.push(() => app.close());

    const database = async () => (await query(dataSource, 'ready', 'SELECT 1', [])).length === 1;
    return { close, ready: () => readiness({ database, bus: () => bus.connected }) };
  } catch (error) {
    await close();
    throw error;
  }
}
