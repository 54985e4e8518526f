import {
  BusSettings,
  DatabaseSettings,
  IssuerSettings,
  OAuthSettings,
  OutboundSettings,
  SessionSettings,
  type Config,
} from '@keyward/runtime';

/** What the token service needs to know. */
export const TOKEN_SETTINGS = {
  database: DatabaseSettings,
  issuer: IssuerSettings,
  oauth: OAuthSettings,
  sessions: SessionSettings,
  outbound: OutboundSettings,
};
export type TokenConfig = Config<typeof TOKEN_SETTINGS>;

/** The same as a process of its own, with the link to the others. */
export const TOKEN_PROCESS_SETTINGS = { ...TOKEN_SETTINGS, bus: BusSettings };
