import { Type } from 'class-transformer';
import { IsObject, ValidateNested } from 'class-validator';
import type { Class } from './rpc';

/** What makes a member, as a rule of class-validator keeps it: types that are derived of others come to it with the rule. */
export interface NestedContext {
  nested: () => Class<object>;
}

/**
 * A member that is itself of a class of the contracts, or with `each` a list of such. That it is one is a rule of its own:
 * `ValidateNested` goes through lists, and lists of lists, wherever they are.
 */
export function Nested(type: NestedContext['nested'], { each = false } = {}): PropertyDecorator {
  const context: NestedContext = { nested: type };
  const rules = [IsObject({ each }), ValidateNested({ each, context }), Type(type)];
  return (target, key) => rules.forEach((rule) => rule(target, key));
}
