// The hardware's limit: bare argon2id verifications a second with the parameters given, as many at once as there are cores.
import { hash, verify } from '@node-rs/argon2';
import { availableParallelism } from 'node:os';

const [seconds, memoryCost, timeCost] = process.argv.slice(2).map(Number);
const phc = await hash('a password of the benchmark', { memoryCost, timeCost, parallelism: 1 });
const end = performance.now() + seconds * 1000;
let count = 0;
const start = performance.now();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    while (performance.now() < end) {
      await verify(phc, 'a password of the benchmark');
      count++;
    }
  }),
);
console.log(JSON.stringify({ perSecond: count / ((performance.now() - start) / 1000) }));
