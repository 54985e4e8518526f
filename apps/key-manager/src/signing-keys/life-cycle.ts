import type { SigningKey } from '@keyward/contracts';

/** No access token lives longer: the longest lifetime that any setting allows. Seconds. */
export const LONGEST_TOKEN = 86_400;
/** How long verifiers may keep a JWKS, and clocks may differ. Seconds. */
export const LONGEST_CACHE = 86_400;

/**
 * When a signing key begins to sign and when it leaves the JWKS; `null` while no key follows it. Nothing but these times
 * decides what it is, so every instance agrees without being told.
 */
export interface Life {
  activatesAt: Date;
  expiresAt: Date | null;
}

/** `published` -> `active` -> `retiring`; `undefined` when it is gone. */
export function stateOf<Key extends Life>(
  key: Key,
  keys: readonly Key[],
  now: number,
): SigningKey['state'] | undefined {
  if (isGone(key, now)) return undefined;
  if (key.activatesAt.getTime() > now) return 'published';
  return key === activeAt(keys, now) ? 'active' : 'retiring';
}

/** The key that signs: of those that have begun, the one that began last. */
export function activeAt<Key extends Life>(keys: readonly Key[], now: number): Key | undefined {
  let active: Key | undefined;
  for (const key of keys)
    if (key.activatesAt.getTime() <= now && !isGone(key, now) && !(active && active.activatesAt >= key.activatesAt))
      active = key;
  return active;
}

export const isGone = (key: Life, now: number): boolean => key.expiresAt !== null && key.expiresAt.getTime() <= now;

/** When a key leaves whose successor signs from then on: no token of it is alive and no cache without the new one. */
export const expiryAfter = (successor: Date): Date =>
  new Date(successor.getTime() + (LONGEST_TOKEN + LONGEST_CACHE) * 1000);

/** The times of a rotation. Seconds. */
export interface Schedule {
  publishAhead: number;
  active: number;
}

/** Whether the successor of the newest key must be published now to have been known for `publishAhead` when it is due. */
export const isDue = (newest: Life, { publishAhead, active }: Schedule, now: number): boolean =>
  newest.activatesAt.getTime() + (active - publishAhead) * 1000 <= now;

/** When the successor of `newest` should begin: when `newest` has had its time, but never unannounced. */
export const successorBegins = (newest: Life, { publishAhead, active }: Schedule, now: number): Date =>
  new Date(Math.max(newest.activatesAt.getTime() + active * 1000, now + publishAhead * 1000));
