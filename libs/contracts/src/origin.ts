import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { rpc } from './rpc';

/** Whose script asks, as a browser says it (RFC 6454 §7). */
export class CheckOrigin {
  @Matches(/^[\x21-\x7e]{1,300}$/) origin: string;
  /** The client that was proven; absent in a preflight, which names none. */
  @IsOptional() @IsString() @MaxLength(255) clientId?: string;
}

export class OriginCheck {
  allowed: boolean;
}

/** Whether the client, or any client, has registered this origin. */
export const checkOrigin = rpc('key-manager.origin.check', CheckOrigin, OriginCheck, { repeatable: true });
