import { getMetadataStorage } from 'class-validator';

/** Field -> what `class-validator` holds it to: `['isInt', 'min 0']`. */
export function validated(Class) {
  const fields = new Map();
  for (const { propertyName, name, type, constraints } of getMetadataStorage().getTargetValidationMetadatas(
    Class,
    '',
    true,
    false,
  )) {
    const rules = fields.get(propertyName) ?? [];
    const values = (constraints ?? []).map(write).filter((value) => value !== undefined && typeof value !== 'function');
    // Decorators stand the other way round in the source.
    fields.set(propertyName, [[name ?? type, ...values].join(' '), ...rules]);
  }
  return fields;
}

/** A pattern as code; options of a decorator, which are objects, say nothing here. */
function write(value) {
  if (value instanceof RegExp) return `\`${value.source}\``;
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? undefined : value;
}
