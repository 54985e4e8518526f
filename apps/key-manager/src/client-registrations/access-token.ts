import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TokenPrefix } from '@keyward/contracts';

/** What a token of registration is for; its first letters say so. */
type Purpose = Extract<TokenPrefix, 'kiat' | 'kcrt'>;

/** 256 random bits. */
export const newAccessToken = (purpose: Purpose): string => `${purpose}_${randomBytes(32).toString('base64url')}`;

/** What is stored of it (DR-08). */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Takes the same time wherever they differ. */
export const isSame = (token: string, hash: Buffer): boolean => timingSafeEqual(hashOf(token), hash);
