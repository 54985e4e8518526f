import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { source } from 'axe-core';
import type { TestUser } from './operator';
import { chromium, type Browser, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const found = () => [process.env['CHROMIUM_BIN'] ?? '', ...PLACES].find((path) => path !== '' && existsSync(path));

/** A real browser: `CHROMIUM_BIN`, or the system's, which is installed where that can be done without asking. */
export async function startChromium(): Promise<Browser> {
  if (!found() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], { stdio: 'ignore' });
  }
  const executablePath = found();
  if (!executablePath)
    throw new Error('These tests need Chromium: apt install chromium, or say where it is with CHROMIUM_BIN.');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

const STANDARD = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** Those rules of axe that look at colours and sizes: all that one page's look can change, as no style hides anything. */
export const LOOK_RULES = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'];

/** What axe finds wrong with a page as it is shown (WCAG 2.2 A and AA), or what these rules do. */
export async function violationsOf(page: Page, runOnly: string[] = STANDARD): Promise<string[]> {
  // The page's own policy lets no script in but its files: this one comes from the browser itself.
  const client = await page.context().newCDPSession(page);
  const evaluate = async (expression: string): Promise<unknown> => {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await client.send('Runtime.evaluate', options);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  if (!(await evaluate('"axe" in globalThis'))) await evaluate(`${source};0`);
  const found = await evaluate(`axe.run(document, { runOnly: ${JSON.stringify(runOnly)} })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`);
  await client.detach();
  return found as string[];
}

/** Signs in on the page that is open, and allows what is then asked for. */
export async function signInOn(page: Page, { username, password }: Pick<TestUser, 'username' | 'password'>) {
  const allow = page.getByRole('button', { name: 'Allow' });
  const name = page.getByLabel('User name');
  await allow.or(name).first().waitFor();
  if (await name.isVisible()) {
    await name.fill(username);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  // Agreed to before, it is not asked again.
  await page.waitForLoadState();
  if (await allow.isVisible()) await allow.click();
}

/** Writes a picture of a page for the documents: `SCREENSHOTS=docs/images npm test`. */
export async function picture(page: Page, name: string): Promise<void> {
  const directory = process.env['SCREENSHOTS'];
  if (directory) await page.screenshot({ path: join(directory, `${name}.png`) });
}

/** A relying party that takes whatever it is answered. */
export interface Callback {
  redirectUri: string;
  /** What came, newest last. */
  answers: Record<string, string>[];
  stop: () => Promise<void>;
}

/** Listens on this machine, as a native application does (RFC 8252 §7.3). */
export async function startCallback(): Promise<Callback> {
  const answers: Record<string, string>[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const posted = new URLSearchParams(Buffer.concat(chunks).toString());
      if (pathname === '/callback') answers.push(Object.fromEntries(request.method === 'POST' ? posted : searchParams));
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<title>Back</title><h1>Back at the application</h1>');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    redirectUri: `http://127.0.0.1:${port}/callback`,
    answers,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
