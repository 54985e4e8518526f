import type { SealingSettings } from '@keyward/runtime';
import { ConfiguredKey } from './configured-key';
import { Sealing } from './sealing';

/** The key-encryption keys of the settings: the newest seals, all open. */
export const configuredSealing = ({ keyEncryptionKey, otherKeys }: SealingSettings): Sealing =>
  new Sealing(new ConfiguredKey(keyEncryptionKey), ...otherKeys.map((key) => new ConfiguredKey(key)));
