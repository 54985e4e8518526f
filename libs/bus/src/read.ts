import { ServiceError, type Class } from '@keyward/contracts';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync, type MetadataStorage, type ValidationError } from 'class-validator';

rememberMetadata(getMetadataStorage());

/** Makes a message of what came in. Throws `invalid_request` with the first thing wrong; unknown members are left out. */
export function read<T extends object>(type: Class<T>, plain: unknown): T {
  const value = plainToInstance(type, plain ?? {});
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ServiceError('invalid_request', 'an object is expected');
  const [problem] = validateSync(value, { whitelist: true, forbidUnknownValues: false });
  if (problem) throw new ServiceError('invalid_request', explain(problem));
  return value;
}

function explain({ constraints, children }: ValidationError): string | undefined {
  const [inner] = children ?? [];
  return constraints ? Object.values(constraints)[0] : inner && explain(inner);
}

/**
 * For every message class-validator goes through every class it knows, and sorts what it finds by member. Ours use no groups,
 * so a class has one answer.
 */
function rememberMetadata(storage: MetadataStorage): void {
  const find = storage.getTargetValidationMetadatas.bind(storage);
  const found = new Map<unknown, ReturnType<typeof find>>();
  storage.getTargetValidationMetadatas = (type, ...how) => {
    const known = found.get(type) ?? find(type, ...how);
    found.set(type, known);
    return known;
  };
  const sort = storage.groupByPropertyName.bind(storage);
  const sorted = new WeakMap<object, ReturnType<typeof sort>>();
  storage.groupByPropertyName = (metadata) => {
    const known = sorted.get(metadata) ?? sort(metadata);
    sorted.set(metadata, known);
    return known;
  };
}
