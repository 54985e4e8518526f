import { Bus, LocalExchange, startCall } from '@keyward/bus';
import { getJwks, type PublicJwk } from '@keyward/contracts';
import { Revocations } from '@keyward/runtime';
import { exportJWK, generateKeyPair } from 'jose';
import { Clock } from '../clock';
import { PublicKeys } from './public-keys';

const ORGANIZATION = '019a0000-0000-7000-8000-00000000000a';
const exchange = new LocalExchange();
const call = () => startCall(2500);
const none = (of: LocalExchange) => new Revocations(new Bus(of.wire()), { passwordChange: true });

let published: PublicJwk[];
let asked: { times: number; now: number; mostAtOnce: number };
let keys: PublicKeys;

async function publish(kid: string): Promise<void> {
  const { publicKey } = await generateKeyPair('ES256');
  published.push({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' } as PublicJwk);
}

beforeAll(() => {
  exchange.wire().respond(getJwks.subject, 'key-manager', async () => {
    asked.times++;
    asked.mostAtOnce = Math.max(asked.mostAtOnce, ++asked.now);
    const answer = { ok: { keys: [...published] } };
    await new Promise((resolve) => setTimeout(resolve, 5));
    asked.now--;
    return answer;
  });
});

beforeEach(async () => {
  [published, asked] = [[], { times: 0, now: 0, mostAtOnce: 0 }];
  keys = new PublicKeys(new Bus(exchange.wire()), new Clock(), none(exchange));
  await publish('first');
});

describe('the public keys of an organization', () => {
  it('are asked for once', async () => {
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.find(ORGANIZATION, 'first', call())));
    expect(new Set(found).size).toBe(1);
    expect(found[0]).toBeDefined();
    expect(asked.times).toBe(1);
  });

  it('JK-05 have the one that has just begun to sign, also while an older answer is under way', async () => {
    expect(await keys.find(ORGANIZATION, 'second', call())).toBeUndefined();
    const older = keys.find(ORGANIZATION, 'third', call());
    while (asked.now === 0) await new Promise((resolve) => setImmediate(resolve));
    await publish('second');
    expect(await keys.find(ORGANIZATION, 'second', call())).toBeDefined();
    await older;
  });

  it('abuse 48 are asked for one after the other, whatever is made up', async () => {
    const names = Array.from({ length: 200 }, (_, n) => `made-up-${n}`);
    const found = await Promise.all(names.map((kid) => keys.find(ORGANIZATION, kid, call())));
    expect(new Set(found)).toEqual(new Set([undefined]));
    expect(asked).toMatchObject({ times: 2, mostAtOnce: 1 });
  });

  it('are asked for again after a failure', async () => {
    const nobody = new PublicKeys(new Bus(new LocalExchange().wire()), new Clock(), none(exchange));
    for (let time = 0; time < 2; time++)
      await expect(nobody.find(ORGANIZATION, 'first', call())).rejects.toMatchObject({
        code: 'temporarily_unavailable',
      });
  });
});
