import { ServiceError } from '@keyward/contracts';

/** What cannot be done as asked. */
export const invalid = (description: string): ServiceError => new ServiceError('invalid_request', description);
/** What something else stands in the way of. */
export const conflict = (description: string): ServiceError => new ServiceError('conflict', description);
/** What the organization does not have: that and nowhere look the same. */
export const notFound = (description: string): ServiceError => new ServiceError('not_found', description);

/** Refuses text that PostgreSQL would not keep as it is: NUL, and lone surrogates. Throws `invalid_request`. */
export function checkText(name: string, text: string): void {
  if (/[\0\p{Cs}]/u.test(text)) throw invalid(`${name} must not contain control characters`);
}
