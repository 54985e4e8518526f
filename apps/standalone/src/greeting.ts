import { type Demo, type DemoApi, type RelyingParty } from '@keyward/cli';
import { relative } from 'node:path';
import { type Standalone } from './standalone';

/** What a start prints at its end; the curl line can be pasted as it is. */
export function greeting({ url, home, demo }: Standalone, seconds: string): string {
  const ready = `\nKeyward is ready at ${url} after ${seconds} s. Ctrl-C stops it.\n`;
  if (!demo) return ready;
  const near = relative(process.cwd(), home);
  const place = near.startsWith('..') ? home : near;
  const settings = place === '.keyward' ? '' : `KEYWARD_HOME=${place} `;
  return `${ready}
  organization  ${demo.organization}, user ${demo.username}
  operator      ${demo.admin.organization}, user ${demo.admin.username}
  secrets       ${place}/demo.json

Get a token:
  ${curl(demo)}
${demo.api ? guarded(demo, demo.api) : ''}${demo.relyingParty ? signIn(demo.relyingParty) : ''}
Administer it:
  ${settings}npx keyward orgs list
`;
}

const signIn = ({ url }: RelyingParty): string => `
Or sign in on a page and see the tokens:
  ${url}
`;

/** A token with the scope `read` alone is blocked where `update` is needed; one with both is not. */
function guarded(demo: Demo, { readUrl, updateUrl }: DemoApi): string {
  const token = `token() { ${curl(demo, '&scope=$1').replace('curl -k', 'curl -sk')} | sed 's/.*"access_token":"\\([^"]*\\).*/\\1/'; }`;
  const call = (method: string, scope: string, url: string) =>
    `curl -k -X ${method} -H "Authorization: Bearer $(token ${scope})" ${url}`;
  return `
Call an API: this passes, this is blocked for want of the scope update, and this passes:
  ${token}
  ${call('GET', 'read', readUrl)}
  ${call('PUT', 'read', updateUrl)}
  ${call('PUT', 'read+update', updateUrl)}
`;
}

/** The request of the password grant as API Manager's pages write it; generated secrets need no quoting. */
function curl({ tokenUrl, username, password, consumerKey, consumerSecret }: Demo, more = ''): string {
  const basic = Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64');
  const form = `grant_type=password&username=${username}&password=${password}${more}`;
  return `curl -k -d "${form}" -H "Authorization: Basic ${basic}" ${tokenUrl}`;
}
