import { availableParallelism } from 'node:os';
import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../setting';

/** Argon2id (OWASP Password Storage: at least 19 MiB, 2 iterations, 1 lane) and the queue before it. */
export class HashingSettings {
  @Setting({ env: 'ARGON2_MEMORY_KIB', description: 'Memory of one hash, KiB.' })
  @IsInt()
  @Min(19456)
  @Max(1_048_576)
  memory: number = 19456;

  @Setting({ env: 'ARGON2_ITERATIONS', description: 'Passes over the memory.' })
  @IsInt()
  @Min(2)
  @Max(20)
  iterations: number = 2;

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
}
