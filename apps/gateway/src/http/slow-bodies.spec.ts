import { once } from 'node:events';
import { connect } from 'node:http2';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { certificate } from '../../test/certificate';
import { holdTime } from '../../test/held-time';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { raw } from '../../test/raw';

const FORM = 'application/x-www-form-urlencoded';

let proxied: Proxied;
beforeAll(async () => {
  holdTime();
  proxied = await startProxied((upstream) => [api(upstream, { resources: [resource('POST', '/*')] })]);
});
afterAll(async () => {
  jest.useRealTimers();
  await proxied.close();
});

/** Lets seconds go by until something is there; says how many. */
async function secondsUntil(there: Promise<unknown>): Promise<number> {
  let isThere = false;
  void there.then(() => (isThere = true));
  let seconds = 0;
  for (; !isThere; seconds++) {
    jest.advanceTimersByTime(1000);
    await pause(20);
  }
  return seconds;
}

it('X-11 slow-loris: a body that does not come to an end is given up', async () => {
  const head = `POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\n`;
  const slow = raw(proxied.gateway.url, `${head}Content-Length: 100\r\n\r\ngrant_type=`);
  const http2 = connect(proxied.gateway.url, { ca: (await certificate()).cert, servername: 'localhost' });
  const slowStream = http2.request({ ':method': 'POST', ':path': '/token', 'content-type': FORM });
  slowStream.on('error', () => undefined).write('grant_type=');
  const answered = once(slowStream, 'response');
  expect(await secondsUntil(Promise.all([slow, answered]))).toBeGreaterThan(10);
  expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
  expect((await answered)[0]).toMatchObject({ ':status': 408 });
  http2.destroy();
});

it('X-11 slow-loris: a body that goes on to an API is given up later', async () => {
  const dispatcher = new Agent({ connect: { ca: (await certificate()).cert } });
  const { authorization } = await proxied.bearer();
  let arrived = 0;
  proxied.upstream.server.on('request', () => arrived++);
  let finish = () => {};
  const more = new Promise<void>((resolve) => (finish = resolve));
  const uploaded = request(`${proxied.gateway.url}/t/johnsorg/pizza/x`, {
    ...{ dispatcher, method: 'POST', headers: { authorization } },
    body: Readable.from(
      (async function* () {
        yield 'first';
        await more;
        yield ' and last';
      })(),
    ),
  });
  const trickling = raw(
    proxied.gateway.url,
    `POST /t/johnsorg/pizza/x HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 100\r\n\r\nslow`,
  );
  while (arrived < 2) await pause(10);
  jest.advanceTimersByTime(12_000); // longer than any body for Keyward itself may take
  await pause(100);
  finish();
  const { statusCode, body } = await uploaded;
  expect([statusCode, ((await body.json()) as { body: string }).body]).toEqual([200, 'first and last']);
  await secondsUntil(trickling);
  expect(await trickling).toMatch(/^HTTP\/1\.1 408 /);
  await dispatcher.close();
});
