import { Api, demo, type Demo, demoFileIn, readDemo, writeDemo } from '@keyward/cli';
import { CLI_CONSUMER_KEY, ROOT_ORGANIZATION } from '@keyward/contracts';
import { type GatewayConfig } from '@keyward/gateway';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateFiles } from './certificate';
import { type Secrets } from './secrets';

const lastOf = (home: string) => join(home, 'demo.last.json');

/** Takes demo.json away, which says that all is ready; the secrets in it are kept for this start. */
export function takeDemo(home: string): Demo | undefined {
  const demo = readDemo(demoFileIn(home));
  if (!demo) return readDemo(lastOf(home));
  renameSync(demoFileIn(home), lastOf(home));
  return demo;
}

/** Makes the demo organization unless `last` knows its secrets, and writes demo.json. */
export async function openDemo(
  home: string,
  last: Demo | undefined,
  secrets: Secrets,
  certificate: CertificateFiles,
  { server }: GatewayConfig,
): Promise<Demo> {
  const admin = {
    organization: ROOT_ORGANIZATION.key,
    username: 'admin',
    password: secrets.adminPassword,
    consumerKey: CLI_CONSUMER_KEY,
    consumerSecret: secrets.cliSecret,
  };
  const made = last ?? (await withApi());
  const { publicUrl } = server;
  const now = { ...made, tokenUrl: `${publicUrl}/token`, issuer: `${publicUrl}/t/${made.organization}`, admin };
  writeDemo(demoFileIn(home), now);
  rmSync(lastOf(home), { force: true });
  return now;

  async function withApi(): Promise<Demo> {
    // An operator's certificate is for another name than this process reaches itself by.
    const own = server.tlsCertFile === certificate.certFile;
    const ca = own ? readFileSync(certificate.certFile, 'utf8') : undefined;
    const api = new Api({ url: `https://localhost:${server.port}`, ca, insecure: !own }, admin);
    try {
      return await demo(api);
    } finally {
      await api.close();
    }
  }
}
