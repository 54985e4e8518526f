import { Outbound, type SealingSettings } from '@keyward/runtime';
import { ConfiguredKey } from './configured-key';
import type { KeyEncryption } from './key-encryption';
import { Sealing } from './sealing';
import { VaultTransit } from './vault-transit';
import type { SignIn } from './vault-sign-in';

/** Vault is named by the operator, not by somebody else: it may be anywhere. */
const ANYWHERE = ['0.0.0.0/0', '::/0'];

/** The key-encryption keys of the settings: the newest seals, all open. `close` ends the connections to the server that keeps one. */
export function configuredSealing(settings: SealingSettings): { sealing: Sealing; close: () => Promise<void> } {
  const { keyEncryptionKey, otherKeys, provider } = settings;
  const keys: KeyEncryption[] = [...(keyEncryptionKey ? [keyEncryptionKey] : []), ...otherKeys].map(
    (key) => new ConfiguredKey(key),
  );
  const outbound = new Outbound({ addresses: ANYWHERE, caFile: settings.vaultCaFile });
  const vault = vaultOf(settings, outbound);
  const all = provider === 'vault' ? [...vault, ...keys] : [...keys, ...vault];
  const [newest, ...others] = all;
  if (!newest) throw new Error('there is no key-encryption key');
  return { sealing: new Sealing(newest, ...others), close: () => outbound.close() };
}

function vaultOf(settings: SealingSettings, outbound: Outbound): VaultTransit[] {
  const { vaultUrl: url, vaultMount: mount, vaultKey: key, vaultNamespace: namespace } = settings;
  const signIn = signInOf(settings);
  return url && key && signIn ? [new VaultTransit({ url, mount, key, namespace, signIn }, outbound)] : [];
}

function signInOf(settings: SealingSettings): SignIn | undefined {
  const { vaultToken: token, vaultRoleId: roleId, vaultSecretId: secretId, vaultKubernetesRole: role } = settings;
  if (token) return { by: 'token', token };
  if (roleId && secretId) return { by: 'approle', roleId, secretId };
  return role ? { by: 'kubernetes', role, tokenFile: settings.vaultKubernetesTokenFile } : undefined;
}
