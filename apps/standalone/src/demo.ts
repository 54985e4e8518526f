import {
  Api,
  ApiError,
  CommandError,
  demo,
  type Demo,
  type DemoApi,
  demoFileIn,
  path,
  readDemo,
  SignInRefused,
  writeDemo,
} from '@keyward/cli';
import { CLI_CONSUMER_KEY, ROOT_ORGANIZATION } from '@keyward/contracts';
import { type GatewayConfig } from '@keyward/gateway';
import { patiently } from '@keyward/runtime';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateFiles } from './certificate';
import { registerRelyingParty } from './relying-party/register';
import { type Secrets } from './secrets';
import { StartError } from './start-error';

const GIVE_PASSWORD = 'If the password of admin was changed, start once with it in KEYWARD_ADMIN_PASSWORD: it is kept.';
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

/** What a start has for its demo. */
export interface DemoStart {
  /** Of the last start, where its database is still there. */
  last?: Demo;
  secrets: Secrets;
  certificate: CertificateFiles;
  /** Of the relying party, and of what is behind the API. */
  port: number;
  upstream: string;
  warn: (text: string) => void;
  /** Ends what is tried again. */
  signal: AbortSignal;
}

/**
 * Makes the demo organization unless `last` knows its secrets, and its relying party for the port. Where the operator may not
 * sign in, or something else is in the way that will be there the next time as well, it is what it was; nothing when nothing is
 * known of it.
 */
export async function openDemo({ server }: GatewayConfig, start: DemoStart): Promise<Demo | undefined> {
  const { last, secrets, certificate, port, upstream, warn, signal } = start;
  const admin = {
    organization: ROOT_ORGANIZATION.key,
    username: 'admin',
    password: secrets.adminPassword,
    consumerKey: CLI_CONSUMER_KEY,
    consumerSecret: secrets.cliSecret,
  };
  const { url, ca } = ownAddress(server, certificate);
  let [signedIn, made, relyingParty] = [false, last, last?.relyingParty];
  if (relyingParty && new URL(relyingParty.url).port !== String(port)) relyingParty = undefined;
  const complete = async () => {
    const api = new Api({ url, ca, insecure: ca === undefined }, admin);
    try {
      await api.get(path`organizations/${ROOT_ORGANIZATION.key}`);
      signedIn = true;
      made ??= await demo(api, { upstream });
      relyingParty ??= await registerRelyingParty(api, made.organization, port);
    } finally {
      await api.close();
    }
  };
  try {
    await patiently(complete, isPassing, { signal, between: 1000 });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (isPassing(error)) throw new StartError(error.message, { cause: error });
    warn(`the demo organization is left as it is. ${error.message}${signedIn ? '' : ` ${GIVE_PASSWORD}`}`);
  }
  if (!made) return undefined;
  const { publicUrl } = server;
  const issuer = `${publicUrl}/t/${made.organization}`;
  return {
    ...made,
    relyingParty,
    tokenUrl: `${publicUrl}/token`,
    issuer,
    admin: signedIn ? admin : { ...admin, password: undefined },
    api: movedTo(publicUrl, made.api),
  };
}

const PASSING = ['temporarily_unavailable', 'server_error'];
/** A machine that has just begun, or has other work as well, may refuse what it takes a little later. */
const isPassing = (error: unknown): boolean =>
  error instanceof CommandError &&
  !(error instanceof SignInRefused) &&
  !(error instanceof ApiError && !PASSING.includes(error.code));

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
