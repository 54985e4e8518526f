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

/** The demo organization's credentials, and the operator's for the management API. */
export interface Demo extends Credentials {
  tokenUrl: string;
  issuer: string;
  admin: Credentials;
}

/** Where `npm start` keeps its state: KEYWARD_HOME, or `.keyward` in the working directory. */
export const homeOf = (env: NodeJS.ProcessEnv): string => env['KEYWARD_HOME'] || '.keyward';

const fileIn = (home: string) => join(home, 'demo.json');

/** The home's demo.json; undefined when there is none that can be read. */
export function readDemo(home: string): Demo | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(home), 'utf8')) as Demo;
  } catch {
    return undefined;
  }
}

/** Appears whole or not at all: others wait for this file. */
export function writeDemo(home: string, demo: Demo): void {
  const draft = `${fileIn(home)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, fileIn(home));
}
