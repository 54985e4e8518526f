import type { LoggerService } from '@nestjs/common';
import { freePort, startNats, temporaryDirectory } from '@keyward/testing';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openWire, startCall } from './index';
import { connectToNats } from './nats-connection';

const ignore = (): void => undefined;

let said: string[];
const logger: LoggerService = { log: ignore, error: ignore, warn: (text: string) => said.push(text) };
beforeEach(() => (said = []));

/** Until it is said, or the test is out of time. */
const untilSaid = async (what: RegExp) => {
  while (!said.some((line) => what.test(line))) await pause(20);
};

describe('a connection to NATS', () => {
  it('says what it waits for, without a password, until NATS is there', async () => {
    const port = await freePort();
    const at = `127.0.0.1:${port}`;
    const connecting = connectToNats({ url: `nats://token:canary@${at}`, name: 'token', logger });
    await untilSaid(/REFUSED/);
    const nats = await startNats({ port });
    await (await connecting).close();
    await nats.stop();
    expect(said).toContain(`waiting for NATS at nats://${at}: CONNECTION_REFUSED`);
    expect(said.join()).not.toContain('canary');
  });

  describe('whose password is changed', () => {
    let directory: string;
    beforeAll(async () => (directory = await temporaryDirectory()));
    afterAll(() => rmSync(directory, { recursive: true }));

    const start = (port: number, password: string) => {
      const configFile = join(directory, 'nats.conf');
      writeFileSync(configFile, `authorization { user: token, password: ${password} }`);
      return startNats({ port, configFile });
    };

    it('waits for one that refuses it from the beginning', async () => {
      const port = await freePort();
      let nats = await start(port, 'another');
      const connecting = connectToNats({ url: nats.url, name: 'token', user: 'token', password: 'right', logger });
      await untilSaid(/Authorization Violation/);
      await nats.stop();
      nats = await start(port, 'right');
      await (await connecting).close();
      await nats.stop();
    });

    it('comes back however often it was refused, and says so once', async () => {
      const port = await freePort();
      let nats = await start(port, 'right');
      const wire = await openWire({ url: nats.url, name: 'token', user: 'token', password: 'right', logger });
      wire.respond('probe', 'probe', () => Promise.resolve({ ok: 'here' }));
      const heard: boolean[] = [];
      wire.onConnection((connected) => heard.push(connected));

      await nats.stop();
      nats = await start(port, 'another');
      await untilSaid(/AUTHORIZATION_VIOLATION/);
      await pause(1000); // some more refusals
      await nats.stop();
      nats = await start(port, 'right');
      while (!wire.connected) await pause(20);
      await wire.reachable();
      expect(await wire.request('probe', {}, startCall(1000), 1000)).toEqual({ ok: 'here' });
      await pause(200); // in which it would be said again
      expect(heard).toEqual([false, true]);
      await wire.close();
      await nats.stop();
    });
  });
});
