import { IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** Lets its bearer register clients (RFC 7591 §1.2). Its value is shown once. */
export class InitialAccessToken {
  id: string;
  organizationId: string;
  /** Free text: whom it was given to. */
  description: string;
  /** How many clients it may register, and has. */
  maxUses: number;
  uses: number;
  expiresAt: string;
  createdAt: string;
}

export class CreateInitialAccessToken {
  @IsUUID() organizationId: string;
  @IsOptional() @IsString() @MaxLength(200) description?: string;
  /** 1 when absent. */
  @IsOptional() @IsInt() @Min(1) @Max(1000) maxUses?: number;
  /** Seconds, a minute to 90 days; a day when absent. */
  @IsOptional() @IsInt() @Min(60) @Max(7776000) lifetime?: number;
}

/** A new one, and its value, shown once. */
export class CreatedInitialAccessToken {
  token: InitialAccessToken;
  initialAccessToken: string;
}

export class ListInitialAccessTokens extends PageRequest {
  @IsUUID() organizationId: string;
}

export class NameInitialAccessToken {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(36) id: string;
}

export class InitialAccessTokenPage extends Page<InitialAccessToken> {}

/** Errors: `conflict` when the organization has too many. */
export const createInitialAccessToken = rpc(
  'key-manager.initial-access-token.create',
  CreateInitialAccessToken,
  CreatedInitialAccessToken,
);
/** Those that are over too, for some weeks. */
export const listInitialAccessTokens = rpc(
  'key-manager.initial-access-token.list',
  ListInitialAccessTokens,
  InitialAccessTokenPage,
  { repeatable: true },
);
/** Clients that it has registered stay. Errors: `not_found`. */
export const revokeInitialAccessToken = rpc('key-manager.initial-access-token.revoke', NameInitialAccessToken, Empty);
