import { once } from 'node:events';
import { connect } from 'node:http2';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { certificate } from '../../test/certificate';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { raw } from '../../test/raw';

const FORM = 'application/x-www-form-urlencoded';

let proxied: Proxied;
beforeAll(async () => {
  proxied = await startProxied((upstream) => [api(upstream, { resources: [resource('POST', '/*')] })]);
});
afterAll(() => proxied.close());

it('X-11 slow-loris: a body that does not come to an end is given up, one that goes on to an API later', async () => {
  const dispatcher = new Agent({ connect: { ca: (await certificate()).cert } });
  const head = 'POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n';
  const slow = raw(proxied.gateway.url, `${head}Content-Length: 100\r\n\r\ngrant_type=`);
  const http2 = connect(proxied.gateway.url, { ca: (await certificate()).cert, servername: 'localhost' });
  const slowStream = http2.request({ ':method': 'POST', ':path': '/token', 'content-type': FORM });
  slowStream.on('error', () => undefined).write('grant_type=');
  const uploaded = request(`${proxied.gateway.url}/t/johnsorg/pizza/x`, {
    ...{ dispatcher, method: 'POST', headers: await proxied.bearer() },
    body: Readable.from(
      (async function* () {
        yield 'first';
        await pause(12_000); // longer than any body for Keyward itself may take
        yield ' and last';
      })(),
    ),
  });
  const { authorization } = await proxied.bearer();
  const trickling = raw(
    proxied.gateway.url,
    `POST /t/johnsorg/pizza/x HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 100\r\n\r\nslow`,
  );
  const [givenUp] = (await once(slowStream, 'response')) as [object];
  expect(givenUp).toMatchObject({ ':status': 408 });
  http2.destroy();
  expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
  const { statusCode, body } = await uploaded;
  expect([statusCode, ((await body.json()) as { body: string }).body]).toEqual([200, 'first and last']);
  expect(await trickling).toMatch(/^HTTP\/1\.1 408 /);
  await dispatcher.close();
});
