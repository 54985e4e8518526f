import type { LoggerService } from '@nestjs/common';
import { freePort, startNats } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';
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
});
