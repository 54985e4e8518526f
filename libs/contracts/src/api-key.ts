import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
} from 'class-validator';
import { feed } from './feed';
import { IsNullable } from './nullable';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';
import { IsTime } from './time';

const KINDS = ['production', 'sandbox'] as const;
const STATES = ['active', 'disabled'] as const;
/** `johns.org/shop/*`, `*.johns.org`: a host and, if wanted, a path; a `*` stands for anything, and there are ten at most. */
const REFERRER = /^(?!(?:[^*]*\*){11})[A-Za-z0-9*.-]{1,253}(?::\d{1,5})?(?:\/[\w\-.~%!$&'()*+,;=:@/]*)?$/;
const LONGEST_REFERRER = 300;

/** What gateways hold of an API key that may be used: nothing that it could be made of. */
export class ApiKeyRecord {
  organizationId: string;
  applicationId: string;
  kind: 'production' | 'sandbox';
  /** SHA-256 of the key, base64: it has 256 bits, so nobody finds it by trying. */
  hash: string;
  /** Addresses and ranges of them (CIDR) that it may come from; empty: any. */
  addresses: string[];
  /** Pages that it may be sent from, by their `Referer`; empty: any, or none. */
  referrers: string[];
  /** ISO 8601. */
  expiresAt?: string;
}

/** Every API key that is not disabled. */
export const apiKeys = feed<ApiKeyRecord>('key-manager.api-keys');

/** An API key as developers see it: itself is shown once. */
export class ApiKey {
  id: string;
  applicationId: string;
  name: string;
  kind: 'production' | 'sandbox';
  state: 'active' | 'disabled';
  addresses: string[];
  referrers: string[];
  expiresAt: string | null;
  createdAt: string;
}

class ApiKeySettings {
  /** What it is for. */
  @IsOptional() @IsString() @MaxLength(100) name?: string;
  @IsOptional() @IsArray() @ArrayUnique() @ArrayMaxSize(50) @IsString({ each: true }) addresses?: string[];
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(50)
  @MaxLength(LONGEST_REFERRER, { each: true })
  @Matches(REFERRER, { each: true })
  referrers?: string[];
  /** `null`: it does not end by itself. */
  @IsNullable() @IsTime() expiresAt?: string | null;
}

export class GenerateApiKey extends ApiKeySettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) application: string;
  /** Production when absent. */
  @IsOptional() @IsIn(KINDS) kind?: 'production' | 'sandbox';
}

/** A new key, and the key itself, which is not kept. */
export class GeneratedApiKey {
  key: ApiKey;
  apiKey: string;
}

export class ListApiKeys extends PageRequest {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) application: string;
}

export class NameApiKey {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) application: string;
  /** Its id. */
  @IsString() @MaxLength(100) apiKey: string;
}

/** Changes what is present. */
export class UpdateApiKey extends ApiKeySettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) application: string;
  @IsString() @MaxLength(100) apiKey: string;
  @IsOptional() @IsIn(STATES) state?: 'active' | 'disabled';
}

export class ApiKeyPage extends Page<ApiKey> {}

/** Errors: `not_found` without the application; `invalid_request` for what is no address. */
export const generateApiKey = rpc('key-manager.api-key.generate', GenerateApiKey, GeneratedApiKey);
export const listApiKeys = rpc('key-manager.api-key.list', ListApiKeys, ApiKeyPage, { repeatable: true });
/** Errors of these: `not_found`. */
export const findApiKey = rpc('key-manager.api-key.find', NameApiKey, ApiKey, { repeatable: true });
export const updateApiKey = rpc('key-manager.api-key.update', UpdateApiKey, ApiKey, { repeatable: true });
/** It opens nothing from then on. */
export const deleteApiKey = rpc('key-manager.api-key.delete', NameApiKey, Empty);
