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
    }
  });
});
