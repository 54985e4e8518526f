import { IsOptional } from 'class-validator';

/** Of a member that may be left out, and of which `null` says something: as a rule, to take away what is there. */
export const IsNullable = (): PropertyDecorator => IsOptional({ context: { nullable: true } });
