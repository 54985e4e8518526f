import { Api, demo, type Demo, type DemoApi, demoFileIn, readDemo, writeDemo } from '@keyward/cli';
import { CLI_CONSUMER_KEY, ROOT_ORGANIZATION } from '@keyward/contracts';
import { type GatewayConfig } from '@keyward/gateway';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateFiles } from './certificate';
import { registerRelyingParty } from './relying-party/register';
import { type Secrets } from './secrets';

const lastOf = (home: string) => join(home, 'demo.last.json');

/** Takes demo.json away, which says that all is ready; the secrets in it are kept for this start. */
export function takeDemo(home: string): Demo | undefined {
  const demo = readDemo(demoFileIn(home));
  if (!demo) return readDemo(lastOf(home));
  renameSync(demoFileIn(home), lastOf(home));
  return demo;
}

/** How this process reaches itself; an operator's certificate is for another name than that, and not checked. */
export function ownAddress(
  { port, tlsCertFile }: GatewayConfig['server'],
  { certFile }: CertificateFiles,
): { url: string; ca?: string } {
  const ca = tlsCertFile === certFile ? readFileSync(certFile, 'utf8') : undefined;
  return { url: `https://localhost:${port}`, ca };
}

/** Makes the demo organization unless `last` knows its secrets, and its relying party for `port`. */
export async function openDemo(
  last: Demo | undefined,
  secrets: Secrets,
  certificate: CertificateFiles,
  { server }: GatewayConfig,
  port: number,
  upstream: string,
): Promise<Demo> {
  const admin = {
    organization: ROOT_ORGANIZATION.key,
    username: 'admin',
    password: secrets.adminPassword,
    consumerKey: CLI_CONSUMER_KEY,
    consumerSecret: secrets.cliSecret,
  };
  const made = last ?? (await withApi((api) => demo(api, { upstream })));
  const relyingParty =
    last?.relyingParty && new URL(last.relyingParty.url).port === String(port)
      ? last.relyingParty
      : await withApi((api) => registerRelyingParty(api, made.organization, port));
  const { publicUrl } = server;
  const issuer = `${publicUrl}/t/${made.organization}`;
  const api = movedTo(publicUrl, made.api);
  const now = { ...made, relyingParty, tokenUrl: `${publicUrl}/token`, issuer, admin, api };
  return now;

  async function withApi<T>(work: (api: Api) => Promise<T>): Promise<T> {
    const { url, ca } = ownAddress(server, certificate);
    const api = new Api({ url, ca, insecure: ca === undefined }, admin);
    try {
      return await work(api);
    } finally {
      await api.close();
    }
  }
}

/** Writes demo.json, which says that all is ready. */
export function publishDemo(home: string, made: Demo): void {
  writeDemo(demoFileIn(home), made);
  rmSync(lastOf(home), { force: true });
}

/** Where the gateway is now. */
const movedTo = (origin: string, api: DemoApi | undefined): DemoApi | undefined => {
  const move = (url: string) => origin + new URL(url).pathname;
  return api && { readUrl: move(api.readUrl), updateUrl: move(api.updateUrl) };
};
