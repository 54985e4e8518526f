import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A user and a consumer key that together get tokens. */
export interface Credentials {
  organization: string;
  /** The whole login name. */
  username: string;
  password: string;
  consumerKey: string;
  consumerSecret: string;
}

/** A page where the demo user signs in and sees the tokens: a public client of the demo organization. */
export interface RelyingParty {
  url: string;
  consumerKey: string;
  redirectUri: string;
}

/** Resources of the demo organization's API: `GET readUrl` needs the scope `read`, `PUT updateUrl` needs `update`. */
export interface DemoApi {
  readUrl: string;
  updateUrl: string;
}

/** The demo organization's credentials, and the operator's for the management API. */
export interface Demo extends Credentials {
  tokenUrl: string;
  issuer: string;
  /** Without a password where the one that was known is not the operator's any more. */
  admin: Omit<Credentials, 'password'> & { password?: string };
  /** Of `npm start` alone. */
  relyingParty?: RelyingParty;
  /** Where there is an upstream for it. */
  api?: DemoApi;
}

/** Where `npm start` keeps its state: KEYWARD_HOME, or `.keyward` in the working directory. */
export const homeOf = (env: NodeJS.ProcessEnv): string => env['KEYWARD_HOME'] || '.keyward';

/** The file in a home that says how the server there is used. */
export const demoFileIn = (home: string): string => join(home, 'demo.json');

/** Reads such a file; undefined when there is none that can be read. */
export function readDemo(file: string): Demo | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Demo;
  } catch {
    return undefined;
  }
}

/** Appears whole or not at all: others wait for this file. */
export function writeDemo(file: string, demo: Demo): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
