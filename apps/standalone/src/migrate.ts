import { ConfigError, loadConfig, MigrationSettings, processSources } from '@keyward/runtime';
import { migrateAll } from './database';

/** sysexits.h: EX_CONFIG. */
const CONFIG_EXIT = 78;

async function main(): Promise<void> {
  const { migration } = loadConfig({ migration: MigrationSettings }, processSources());
  const ran = await migrateAll(migration.adminUrl, migration, { caFile: migration.caFile });
  process.stdout.write(ran.length > 0 ? `Migrated: ${ran.join(', ')}\n` : 'Nothing to migrate.\n');
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError;
  process.stderr.write(`${(known ? error.message : (error as Error).stack) ?? String(error)}\n`);
  process.exitCode = known ? CONFIG_EXIT : 1;
});
