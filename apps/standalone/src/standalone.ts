import { type Demo } from '@keyward/cli';
import { startEmbeddedPostgres } from '@keyward/database';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openCertificate } from './certificate';
import { configure } from './configuration';
import { migrateAll } from './database';
import { openDemo, ownAddress, publishDemo, takeDemo } from './demo';
import { isElsewhere, startGatewayAlone } from './gateway-alone';
import { openHome } from './home';
import { lock } from './lock';
import { assertFree, portNear } from './ports';
import { startRelyingParty } from './relying-party/server';
import { assertOpens, keepSecrets, keptSecrets, openSecrets } from './secrets';
import { startSampleUpstream } from './sample-upstream';
import { startServices } from './services';
import { StartError } from './start-error';

/** The demo's relying party is on this one, or another where it is taken. */
const RELYING_PARTY_PORT = 8090;

/** What runs, and what to tell of it. */
export interface Standalone {
  url: string;
  home: string;
  /** Absent where this is only a gateway, or nothing is known of it. */
  demo?: Demo;
}

/** How a start is followed and ended. */
export interface Start {
  env: NodeJS.ProcessEnv;
  /** Told of each phase when it is done. */
  done: (phase: string) => void;
  warn: (text: string) => void;
  /** Ends the start between two phases. */
  signal: AbortSignal;
  /** Steps that end what has been started, to be taken in reverse order, whether the start succeeded or not. */
  undo: (() => unknown)[];
}

/** Everything in one process, from nothing but a directory. */
export async function startStandalone({ env, done, warn, signal, undo }: Start): Promise<Standalone> {
  const home = openHome(env['KEYWARD_HOME'] || '.keyward');
  undo.push(lock(home));
  const kept = keptSecrets(home);
  const secrets = openSecrets(home, env);
  const certificate = await openCertificate(home);
  const configuration = configure(env, secrets, certificate);
  assertOpens(kept, configuration.keyManager.sealing);
  keepSecrets(home, { ...secrets, ...kept });
  configuration.warnings.forEach(warn);
  const { gateway } = configuration;
  for (const port of [gateway.server.port, gateway.server.plainPort])
    if (port !== undefined) await assertFree(port, gateway.server.host);
  const url = gateway.server.publicUrl;
  done(`home ${home}`);

  if (isElsewhere(gateway)) {
    const running = await startGatewayAlone(gateway, signal);
    undo.push(() => running.close());
    done('gateway, in front of the services that the settings name');
    return { url, home };
  }

  signal.throwIfAborted();
  const dir = join(home, 'postgres');
  const last = takeDemo(home);
  const known = existsSync(dir) ? last : undefined;
  const postgres = await startEmbeddedPostgres({ dir, password: secrets.postgres }).catch((error: unknown) => {
    throw new StartError((error as Error).message, { cause: error });
  });
  undo.push(() => postgres.stop());
  done('PostgreSQL');

  signal.throwIfAborted();
  const passwords = {
    directory: secrets.directoryDatabase,
    keyManager: secrets.keyManagerDatabase,
    catalog: secrets.catalogDatabase,
    token: secrets.tokenDatabase,
  };
  const ran = await migrateAll(postgres.nearUrl, passwords);
  done(ran.length > 0 ? `migrations, ${ran.length} new` : 'migrations, none new');

  signal.throwIfAborted();
  const services = await startServices(configuration, postgres.nearUrl, passwords);
  undo.push(() => services.close());
  // That the operator's password is accepted is only known when somebody has signed in with it.
  keepSecrets(home, { ...secrets, adminPassword: kept?.adminPassword ?? secrets.adminPassword });
  done('directory, key manager, catalog, token and gateway');

  signal.throwIfAborted();
  const sample = await startSampleUpstream(home, warn);
  undo.push(() => sample.close());
  const port = await portNear(RELYING_PARTY_PORT + gateway.server.offset);
  const demo = await openDemo(gateway, {
    ...{ last: known, secrets, certificate, port, upstream: sample.url },
    ...{ warn, signal },
  });
  if (demo?.admin.password !== undefined) keepSecrets(home, secrets);
  if (demo?.relyingParty) {
    const provider = { issuer: demo.issuer, ...ownAddress(gateway.server, certificate) };
    undo.push(await startRelyingParty(demo.relyingParty, provider));
  }
  if (demo) {
    publishDemo(home, demo);
    done(known ? 'demo organization, as it was' : 'demo organization');
  }
  return { url, home, demo };
}
