import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificate } from './certificate';
import { Child } from './child';
import { type Access, type Demo, Deployment, entryOf, plainEnv } from './deployment';
import { Guard } from './guard';
import { freePort } from './ports';

const HTTPS_PORT = 8243;

/** A port offset at which a gateway finds its port free. */
export const freeOffset = async (): Promise<number> => (await freePort()) - HTTPS_PORT;

/** A temporary directory that the user who runs PostgreSQL can enter, as root does not run it itself. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'keyward-'));
  await chmod(directory, 0o755);
  return directory;
}

/** No RS256 key pairs are made ahead: a quarter of a second of a processor each, which most deployments of specs never need. */
export const NO_STOCK = { SIGNING_KEY_STOCK: '0' };

/** Hashes of passwords that cost next to nothing: the suite makes thousands, and what they cost is tested elsewhere. */
export const CHEAP_HASHES = { ARGON2_MEMORY_KIB: '1024', ARGON2_ITERATIONS: '1' };

/** Settings of a deployment that fetches from servers of this machine with this certificate. */
export const fetchingFrom = (certFile: string) => ({
  OUTBOUND_ADDRESSES: '127.0.0.0/8,::1',
  OUTBOUND_CA_FILE: certFile,
});

/** `npm start` in a home of its own. */
export interface Standalone {
  readonly access: Access;
  readonly deployment: Deployment;
  readonly home: string;
  readonly offset: number;
  readonly process: Child;
  /** Stops it and removes its home. */
  stop: () => Promise<void>;
}

/** Starts everything in one process; `env` overrides its settings, `uid` is whom root runs it as. */
export async function startStandalone(env: Record<string, string> = {}, uid?: number): Promise<Standalone> {
  const directory = await temporaryDirectory();
  const guard = new Guard();
  const home = env['KEYWARD_HOME'] ?? join(directory, 'home');
  const offset = Number(env['PORT_OFFSET'] ?? (await freeOffset()));
  const trusted = await writeCertificate(directory);
  const demoFile = join(home, 'demo.json');
  const child: Child = new Child({
    name: 'standalone',
    entry: entryOf('standalone'),
    env: {
      ...plainEnv(),
      KEYWARD_HOME: home,
      PORT_OFFSET: String(offset),
      ...NO_STOCK,
      ...fetchingFrom(trusted.certFile),
      ...env,
    },
    cwd: directory,
    // The file of an earlier start may be there still.
    isReady: () => Promise.resolve(existsSync(demoFile) && statSync(demoFile).mtimeMs >= child.startedAt),
    guard,
    uid,
  });
  const stop = async () => {
    await child.kill();
    guard.release();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await child.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const access: Access = {
    target: 'standalone',
    baseUrl: `https://localhost:${HTTPS_PORT + offset}`,
    caFile: join(home, 'certificate.pem'),
    directory,
    trusted,
    demo: JSON.parse(readFileSync(demoFile, 'utf8')) as Demo,
  };
  return { access, deployment: new Deployment(access), home, offset, process: child, stop };
}
