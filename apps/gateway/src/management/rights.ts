import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/**
 * Who may use an operation of the management API: operators always; an organization's own admins, or its publishers as well,
 * for what is of their own organization.
 */
export type Right = 'operator' | 'admin' | 'publisher';

/** What an operation, or all of a controller's, are for. */
export interface Required {
  right: Right;
  /** Members of the body that are the operator's all the same. */
  operatorsOnly: readonly string[];
}

export const REQUIRED = 'keyward:required-right';

/** Says who may; on a method it goes before its controller's. */
export const Requires = (right: Right, operatorsOnly: readonly string[] = []): CustomDecorator =>
  SetMetadata(REQUIRED, { right, operatorsOnly } satisfies Required);
