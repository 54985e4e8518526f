import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { ServiceError } from '@keyward/contracts';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { hasPlainTexts, isPlainText } from '../http/text';

/**
 * What the management API takes, in one place for all of it: names of the path and queries without NUL (bodies are looked at where they
 * are read), members that are known and valid, and `null` only where it says something.
 */
class Validation extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Nothing has such a name.
    if (metadata.type === 'param' && typeof value === 'string' && !isPlainText(value))
      throw new ServiceError('not_found');
    if (metadata.type === 'query' && !hasPlainTexts(value)) throw invalid('a text of the query has NUL in it');
    const taken: unknown = await super.transform(value, metadata);
    if (metadata.type === 'body') refuseNulls(taken);
    return taken;
  }
}

/** Unknown members are refused, not dropped: nobody is to believe that one took effect (abuse 30). */
export const VALIDATION = new Validation({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  exceptionFactory: ([problem]: ValidationError[]) => invalid(explain(problem)),
});

/** class-validator takes `null` for a member that is left out; what is behind does not. */
function refuseNulls(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    value.forEach(refuseNulls);
    return;
  }
  const rules = getMetadataStorage().getTargetValidationMetadatas(value.constructor, '', false, false);
  for (const { type, propertyName, context } of rules) {
    const isNull = (value as Record<string, unknown>)[propertyName] === null;
    const isNullable = (context as { nullable?: boolean } | undefined)?.nullable === true;
    if (isNull && type === ValidationTypes.CONDITIONAL_VALIDATION && !isNullable)
      throw invalid(`${propertyName} must not be null`);
  }
  if (rules.length > 0) Object.values(value).forEach(refuseNulls);
}

function explain(problem: ValidationError | undefined): string | undefined {
  const [inner] = problem?.children ?? [];
  return problem?.constraints ? Object.values(problem.constraints)[0] : inner && explain(inner);
}

const invalid = (description: string | undefined): ServiceError => new ServiceError('invalid_request', description);
