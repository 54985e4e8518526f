import { parseOptions } from '@node-rs/argon2';
import { ServiceError } from '@keyward/contracts';
import type { Call } from '@keyward/bus';
import type { HashingPool } from './hashing-pool';
import type { HashingResult } from './hashing-thread';
import { generatePassword } from './password-policy';

/** Argon2id as RFC 9106 names its parameters; memory in KiB. */
export interface Argon2Parameters {
  memory: number;
  iterations: number;
  parallelism: number;
}

/** Hashes and verifies passwords as PHC strings. */
export class Passwords {
  private constructor(
    private readonly pool: HashingPool,
    private readonly parameters: Argon2Parameters,
    private readonly dummy: string,
  ) {}

  /** Computes one hash, so a machine that cannot do it does not start. */
  static async start(pool: HashingPool, parameters: Argon2Parameters, call: Call): Promise<Passwords> {
    const dummy = await hash(pool, generatePassword(), call);
    return new Passwords(pool, parameters, dummy);
  }

  hash(password: string, call: Call): Promise<string> {
    return hash(this.pool, password, call);
  }

  /** Without a PHC string: takes as long as a wrong password would, and is wrong (BF-06). */
  async verify(phc: string | null, password: string, call: Call): Promise<boolean> {
    const compared = phc ?? this.dummy;
    const result = await this.pool.run({ password, phc: compared, beside: this.besideOf(compared) }, call);
    if (!('matches' in result)) throw new Error(`the stored hash cannot be verified: ${reason(result)}`);
    return phc !== null && result.matches;
  }

  /** Whether a hash was made with other parameters than those of now (C-03). */
  isOutdated(phc: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(phc);
    const { memory, iterations, parallelism: lanes } = this.parameters;
    const same = memoryCost === memory && timeCost === iterations && parallelism === lanes;
    return !(same && phc.startsWith('$argon2id$'));
  }

  /**
   * The work that a hash of before was made with less than one of now: or else it would be found out by time who has not signed
   * in since the parameters were raised (BF-06). Where they were lowered it still takes longer, until the next sign-in: what an
   * unknown user would have cost before is nowhere known.
   */
  private besideOf(phc: string): string | undefined {
    if (!this.isOutdated(phc)) return undefined;
    const { memoryCost, timeCost } = parseOptions(phc);
    const { memory, iterations, parallelism } = this.parameters;
    // Its time grows with what is written: the memory, as often as there are passes over it.
    const each = Math.floor((memory * iterations - memoryCost * timeCost) / iterations);
    // RFC 9106 §3.1: at least eight blocks a lane.
    return each < 8 * parallelism ? undefined : this.dummy.replace(/\$m=\d+,/, `$m=${each},`);
  }
}

async function hash(pool: HashingPool, password: string, call: Call): Promise<string> {
  const result = await pool.run({ password }, call);
  if ('phc' in result) return result.phc;
  throw new ServiceError('server_error', undefined, { detail: reason(result) });
}

const reason = (result: HashingResult): string => ('failure' in result ? result.failure : 'unexpected answer');
