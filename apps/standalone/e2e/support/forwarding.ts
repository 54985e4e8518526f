import {
  Child,
  Deployment,
  entryOf,
  freeOffset,
  freePort,
  Guard,
  plainEnv,
  temporaryDirectory,
  writeCertificate,
  type Demo,
} from '@keyward/testing';
import { rm } from 'node:fs/promises';

/** Gateways that forward to a remote key manager, and what they are started with. */
export interface Forwarding {
  /** A certificate for this machine, which the gateways serve with. */
  certFile: string;
  keyFile: string;
  /** Starts one; `demo` is whose tokens are asked for through it. */
  start: (remote: { url: string; caFile: string; demo: Demo }, env?: Record<string, string>) => Promise<Deployment>;
  stop: () => Promise<void>;
}

/** Prepares for gateways in processes of their own. */
export async function forwarding(): Promise<Forwarding> {
  const directory = await temporaryDirectory();
  const { certFile, keyFile } = await writeCertificate(directory);
  const guard = new Guard();
  const gateways: Child[] = [];

  const start: Forwarding['start'] = async ({ url, caFile, demo }, env = {}) => {
    const [offset, healthPort] = [await freeOffset(), await freePort()];
    const gateway = new Child({
      name: `gateway-${healthPort}`,
      entry: entryOf('gateway'),
      env: {
        ...plainEnv(),
        PORT_OFFSET: String(offset),
        HEALTH_PORT: String(healthPort),
        TLS_CERT_FILE: certFile,
        TLS_KEY_FILE: keyFile,
        KEY_MANAGER_URL: url,
        KEY_MANAGER_CA_FILE: caFile,
        ...env,
      },
      cwd: directory,
      isReady: async () => (await fetch(`http://127.0.0.1:${healthPort}/health/ready`)).ok,
      guard,
    });
    gateways.push(gateway);
    await gateway.start();
    return new Deployment({ target: 'remote', baseUrl: `https://localhost:${8243 + offset}`, caFile: certFile, demo });
  };
  const stop = async () => {
    await Promise.all(gateways.map((gateway) => gateway.kill()));
    guard.release();
    await rm(directory, { recursive: true });
  };
  return { certFile, keyFile, start, stop };
}
