import {
  BusSettings,
  ClientLimitSettings,
  CliClientSettings,
  DatabaseSettings,
  OutboundSettings,
  RegistrationLimitSettings,
  SealingSettings,
  SigningKeySettings,
  type Config,
} from '@keyward/runtime';

/** The settings of the key manager. */
export const KEY_MANAGER_SETTINGS = {
  database: DatabaseSettings,
  sealing: SealingSettings,
  signingKeys: SigningKeySettings,
  limits: ClientLimitSettings,
  cliClient: CliClientSettings,
  outbound: OutboundSettings,
  registration: RegistrationLimitSettings,
};

/** Those of a process of its own, which needs a wire. */
export const KEY_MANAGER_PROCESS_SETTINGS = { ...KEY_MANAGER_SETTINGS, bus: BusSettings };

export type KeyManagerConfig = Config<typeof KEY_MANAGER_SETTINGS>;
