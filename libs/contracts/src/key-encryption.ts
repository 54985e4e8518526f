import { IsOptional, Matches } from 'class-validator';
import { Empty, rpc } from './rpc';

/** A key-encryption key that seals, or that something is sealed under. */
export class KeyEncryptionKey {
  id: string;
  /** Whether it is the one that seals now. */
  newest: boolean;
  /** Whether what is sealed under it can be opened by the instance that answers. */
  configured: boolean;
  /** How many signing keys and secrets of the key manager are sealed under it: at 0 it can be taken away. */
  sealed: number;
}

export class KeyEncryptionUse {
  keys: KeyEncryptionKey[];
}

/** One step; without `after` it begins. */
export class Rewrap {
  /** `next` of the step before. */
  @IsOptional()
  @Matches(/^[0-9a-f-]{36} [\w-]{1,100}$/, { message: 'after is not a `next` of this' })
  after?: string;
}

/** What one step did. */
export class Rewrapped {
  /** The key that everything is sealed under afterwards. */
  newest: string;
  rewrapped: number;
  /** What did not open, so that it stayed as it is; the log says why. */
  failed: number;
  /** How many are still sealed under other keys. */
  remaining: number;
  /** There may be more: go on with it as `after`. */
  next?: string;
}

export const describeKeyEncryption = rpc('key-manager.key-encryption.describe', Empty, KeyEncryptionUse, {
  repeatable: true,
});
/** Seals under the newest key-encryption key what is sealed under others, a step at a time. Doing it twice does no harm. */
export const rewrap = rpc('key-manager.key-encryption.rewrap', Rewrap, Rewrapped, { repeatable: true });
