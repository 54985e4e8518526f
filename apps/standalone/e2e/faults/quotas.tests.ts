import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Answer, Processes } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';

let processes: Processes;
let upstream: Server;
let reached = 0;

/** An API of the demo organization whose plan is a quota of the month; a call through one of the gateways. */
async function limited(name: string, requests: number): Promise<(gateway: number) => Promise<Answer>> {
  const { deployment, gatewayUrls } = processes;
  const { organization } = deployment.demo;
  const run = (...args: string[]) => deployment.cliJson(...args, '--org', organization);
  await run('plans', 'create', 'api', name, '--requests', String(requests), '--unit', 'month');
  const file = join(processes.access.directory ?? '', `${name}.json`);
  const body = {
    ...{ name, version: '1', context: `/${name}`, plan: name },
    upstreams: { production: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
    resources: [{ verb: 'GET', template: '/*', authentication: 'none', scopes: [] }],
  };
  await writeFile(file, JSON.stringify(body));
  await run('api', 'create', file);
  await run('api', 'publish', name);
  const call = (gateway: number) => deployment.send(`${gatewayUrls[gateway]}/t/${organization}/${name}/1/x`);
  for (const gateway of [0, 1, 2]) while ((await call(gateway)).status === 404) await pause(20);
  return call;
}

/** Calls through all gateways at once until each says that nothing is left. */
async function exhaust(call: (gateway: number) => Promise<Answer>, gateways: number[]): Promise<void> {
  const clients = gateways.flatMap((gateway) => Array<number>(8).fill(gateway));
  const until = async (gateway: number) => {
    for (;;) {
      const { status, body } = await call(gateway);
      expect([200, 429, 503]).toContain(status);
      if (status !== 429) continue;
      expect(body.code).toBe('900800');
      return;
    }
  };
  await Promise.all(clients.map(until));
}

/** Quotas hold for all gateways together. */
export function quotas(started: () => Processes): void {
  describe('quotas', () => {
    beforeAll(async () => {
      processes = started();
      upstream = createServer((_, response) => {
        reached++;
        response.end('{}');
      }).listen(0, '127.0.0.1');
      await once(upstream, 'listening');
    });
    afterAll(() => upstream.close());

    test('900800 three gateways together pass no more than one quota', async () => {
      reached = 0;
      const call = await limited('three', 1000);
      await exhaust(call, [0, 1, 2]);
      expect(reached).toBeLessThanOrEqual(1000);
      // A part of ten and a half of the next one may stay with each of two.
      expect(reached).toBeGreaterThanOrEqual(1000 - 2 * 15);
    });

    test('900800 a gateway that is killed costs its part of the quota and no more', async () => {
      reached = 0;
      const call = await limited('killed', 1000);
      const [, , third] = processes.services.gateway;
      while (reached < 300) await Promise.all([0, 1, 2].map(call));
      await third?.kill('SIGKILL');
      await exhaust(call, [0, 1]);
      expect(reached).toBeLessThanOrEqual(1000);
      expect(reached).toBeGreaterThanOrEqual(1000 - 3 * 15);
      await third?.start();
    });

    test('900900 without the catalog nothing passes uncounted; with it all goes on', async () => {
      reached = 0;
      const call = await limited('away', 1000);
      processes.services.catalog.forEach((instance) => instance.signal('SIGSTOP'));
      let last = await call(0);
      for (let n = 0; n < 30 && last.status === 200; n++) last = await call(0);
      expect([last.status, last.headers['retry-after'], last.body.code]).toEqual([503, '1', '900900']);
      expect(reached).toBeLessThanOrEqual(3 * 15);
      processes.services.catalog.forEach((instance) => instance.signal('SIGCONT'));
      while ((await call(0)).status !== 200) await pause(50);
      await exhaust(call, [0, 1, 2]);
      expect(reached).toBeLessThanOrEqual(1000);
    });
  });
}
