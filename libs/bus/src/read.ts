import { ServiceError, type Class, type NestedContext } from '@keyward/contracts';
import { getMetadataStorage, validateSync, type MetadataStorage, type ValidationError } from 'class-validator';

/** What a class has rules for. */
interface Member {
  name: string;
  /** Of what class it is, or each of a list. */
  nested?: Class<object>;
}

const storage = getMetadataStorage();
rememberMetadata(storage);
const members = new Map<Class<object>, Member[]>();

/** Makes a message of what came in. Throws `invalid_request` with the first thing wrong; unknown members are left out. */
export function read<T extends object>(type: Class<T>, plain: unknown): T {
  const came = plain ?? {};
  if (!isObject(came)) throw new ServiceError('invalid_request', 'an object is expected');
  const value = make(type, came);
  const [problem] = validateSync(value, { forbidUnknownValues: false });
  if (problem) throw new ServiceError('invalid_request', explain(problem));
  return value;
}

/** Its members alone are looked for, so that no name of what came has a meaning of its own, as `__proto__` has. */
function make<T extends object>(type: Class<T>, plain: Record<string, unknown>): T {
  const value = new type();
  for (const { name, nested } of membersOf(type))
    if (Object.hasOwn(plain, name))
      (value as Record<string, unknown>)[name] = nested ? makeNested(nested, plain[name]) : plain[name];
  return value;
}

/** What is no object stays as it is, for its rule to refuse. */
function makeNested(type: Class<object>, plain: unknown): unknown {
  if (Array.isArray(plain)) return plain.map((one) => makeNested(type, one));
  return isObject(plain) ? make(type, plain) : plain;
}

function membersOf(type: Class<object>): Member[] {
  const known = members.get(type);
  if (known) return known;
  const found = new Map<string, Member>();
  for (const { propertyName: name, context } of storage.getTargetValidationMetadatas(type, '', false, false)) {
    const { nested } = (context ?? {}) as Partial<NestedContext>;
    found.set(name, { name, nested: nested?.() ?? found.get(name)?.nested });
  }
  members.set(type, [...found.values()]);
  return membersOf(type);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function explain({ constraints, children }: ValidationError): string | undefined {
  const [inner] = children ?? [];
  return constraints ? Object.values(constraints)[0] : inner && explain(inner);
}

/**
 * For every message class-validator goes through every class it knows, and sorts what it finds by member. Ours use no groups,
 * so a class has one answer.
 */
function rememberMetadata(all: MetadataStorage): void {
  const find = all.getTargetValidationMetadatas.bind(all);
  const found = new Map<unknown, ReturnType<typeof find>>();
  all.getTargetValidationMetadatas = (type, ...how) => {
    const known = found.get(type) ?? find(type, ...how);
    found.set(type, known);
    return known;
  };
  const sort = all.groupByPropertyName.bind(all);
  const sorted = new WeakMap<object, ReturnType<typeof sort>>();
  all.groupByPropertyName = (metadata) => {
    const known = sorted.get(metadata) ?? sort(metadata);
    sorted.set(metadata, known);
    return known;
  };
}
