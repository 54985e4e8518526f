import { createPrivateKey } from 'node:crypto';
import { newSigningKeyPair } from './jws';
import { KeyStock } from './key-stock';

describe('the stock of RS256 key pairs', () => {
  it('C-20 JK-03 gives everyone a pair of their own, also more at once than it holds and after it was stopped', async () => {
    const stock = new KeyStock(2);
    stock.start();
    const pairs = await Promise.all(Array.from({ length: 5 }, () => stock.take()));
    stock.stop();
    pairs.push(await stock.take());
    expect(new Set(pairs.map(({ publicJwk }) => publicJwk.kid)).size).toBe(6);
    for (const { publicJwk, privateJwk } of pairs) {
      expect(publicJwk).toMatchObject({ kty: 'RSA', alg: 'RS256', n: privateJwk.n });
      expect(publicJwk).not.toHaveProperty('d');
      const key = createPrivateKey({ key: privateJwk, format: 'jwk' });
      expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65537n });
    }
  });

  it('C-20 fills up by itself, and again after some were taken', async () => {
    const stock = new KeyStock(1);
    stock.start();
    const kids = new Set<string>();
    for (let round = 0; round < 2; round++) {
      await stock.spare();
      kids.add((await stock.take()).publicJwk.kid);
    }
    await stock.spare();
    stock.stop();
    expect(kids.size).toBe(2);
  });

  it('C-20 C-30 who waits for a key waits for that one alone, however many more are wanted that nobody waits for', async () => {
    const pair = await newSigningKeyPair('ES256');
    const making: (() => void)[] = [];
    const stock = new KeyStock(2, () => new Promise((resolve) => making.push(() => resolve(pair))));
    stock.start();
    const order: string[] = [];
    const spares = Array.from({ length: 5 }, () => stock.spare().then(() => order.push('spare')));
    const taken = stock.take().then(() => order.push('taken'));
    // The first is for the stock, the second for who waits, and no more than that.
    expect(making).toHaveLength(2);
    making[1]!();
    await taken;
    expect(order).toEqual(['taken']);
    while (order.length < 6) {
      for (const made of making.splice(0)) made();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(spares);
    stock.stop();
  });

  it('C-20 that is to hold none makes them as they are needed, and what is in no hurry does not wait for it', async () => {
    const stock = new KeyStock(0);
    stock.start();
    await stock.spare();
    const pairs = await Promise.all([stock.take(), stock.take(), stock.take()]);
    expect(new Set(pairs.map(({ publicJwk }) => publicJwk.kid)).size).toBe(3);
    stock.stop();
  });
});
