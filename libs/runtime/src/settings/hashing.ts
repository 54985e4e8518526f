import { availableParallelism } from 'node:os';
import { IsInt, Max, Min } from 'class-validator';
import { Setting, type Checked, type Problem } from '../setting';

/** OWASP Password Storage: at least 19 MiB, 2 iterations, 1 lane. */
const LEAST = { memory: 19456, iterations: 2 };
const inProduction = (least: number) => `In production at least ${least}.`;

/** Argon2id and the queue before it. */
export class HashingSettings implements Checked {
  @Setting({ env: 'ARGON2_MEMORY_KIB', description: `Memory of one hash, KiB. ${inProduction(LEAST.memory)}` })
  @IsInt()
  @Min(1024)
  @Max(1_048_576)
  memory: number = LEAST.memory;

  @Setting({ env: 'ARGON2_ITERATIONS', description: `Passes over the memory. ${inProduction(LEAST.iterations)}` })
  @IsInt()
  @Min(1)
  @Max(20)
  iterations: number = LEAST.iterations;

  @Setting({ env: 'ARGON2_PARALLELISM', description: 'Lanes of one hash.' })
  @IsInt()
  @Min(1)
  @Max(16)
  parallelism: number = 1;

  @Setting({
    env: 'HASHING_CONCURRENCY',
    description: 'Hashes computed at once.',
    default: { text: 'the number of cores', value: () => availableParallelism() },
  })
  @IsInt()
  @Min(1)
  @Max(256)
  concurrency: number;

  @Setting({ env: 'HASHING_QUEUE', description: 'Passwords that may wait for a hash; further ones are answered 503.' })
  @IsInt()
  @Min(0)
  @Max(10_000)
  queue: number = 64;

  /** Hashes that are cheaper are for tests, which make many. */
  problems(production: boolean): Problem[] {
    if (!production) return [];
    return (['memory', 'iterations'] as const)
      .filter((field) => this[field] < LEAST[field])
      .map((field) => ({ field, expected: `must not be less than ${LEAST[field]} in production` }));
  }
}
