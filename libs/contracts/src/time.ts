import { isISO8601, ValidateBy } from 'class-validator';

/** RFC 3339 §5.6, or its date, or without seconds: other forms of ISO 8601, weeks and days of the year, are no `Date`. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/i;

/** A text that is a time: `2026-11-21T10:00:00Z`. */
export const IsTime = (): PropertyDecorator =>
  ValidateBy({
    name: 'isTime',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' &&
        TIME.test(value) &&
        isISO8601(value, { strict: true }) &&
        !Number.isNaN(Date.parse(value)),
      defaultMessage: (about) => `${about?.property ?? 'it'} must be a time such as 2026-11-21T10:00:00Z`,
    },
  });
