import {
  AdminSettings,
  BusSettings,
  DatabaseSettings,
  HashingSettings,
  PasswordLimitSettings,
  type Config,
} from '@keyward/runtime';

/** The settings of the directory. */
export const DIRECTORY_SETTINGS = {
  database: DatabaseSettings,
  hashing: HashingSettings,
  limits: PasswordLimitSettings,
  admin: AdminSettings,
};

/** Those of a process of its own, which needs a wire. */
export const DIRECTORY_PROCESS_SETTINGS = { ...DIRECTORY_SETTINGS, bus: BusSettings };

export type DirectoryConfig = Config<typeof DIRECTORY_SETTINGS>;
