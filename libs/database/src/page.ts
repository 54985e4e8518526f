import { ServiceError, type Page } from '@keyward/contracts';

/** A page of what was read with one more than `limit`; that one only tells that there is a next page. */
export function pageOf<T>(read: T[], limit: number, keyOf: (item: T) => string): Page<T> {
  const items = read.slice(0, limit);
  const last = items.at(-1);
  return read.length > limit && last ? { items, next: keyOf(last) } : { items };
}

/** Throws `invalid_request` for what is no one's key: PostgreSQL takes no NUL. */
export function checkCursor(after: string): void {
  if (after.includes('\0')) throw new ServiceError('invalid_request', 'after is not the end of a page');
}
