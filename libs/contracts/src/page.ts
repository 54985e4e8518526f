import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** How lists are asked for: in the order of their natural key, `limit` (1 to 200) after the one named. */
export class PageRequest {
  @IsOptional() @IsString() @MaxLength(400) after?: string;
  /** A text when it comes in a query. */
  @Type(() => Number) @IsInt() @Min(1) @Max(200) limit: number = 50;
}

/** A part of a list; `next` is the `after` of the next part and absent at the end. */
export class Page<T> {
  items: T[];
  next?: string;
}
