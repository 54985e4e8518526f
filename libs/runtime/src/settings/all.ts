import type { SettingsClass } from '../setting';
import { BusSettings } from './bus';
import { DatabaseSettings, MigrationSettings } from './database';
import { HashingSettings } from './hashing';
import { SealingSettings, SigningKeySettings } from './keys';
import { ClientLimitSettings, PasswordLimitSettings, RegistrationLimitSettings } from './limits';
import { OAuthSettings } from './oauth';
import { AdminSettings, CliClientSettings } from './operator';
import { OutboundSettings } from './outbound';
import { ProcessSettings } from './process';
import { ProxySettings } from './proxy';
import { ServerSettings } from './server';
import { SessionSettings } from './sessions';

/** Every settings class: what deployment.toml may hold, and the generated reference. */
export const ALL_SETTINGS: Readonly<Record<string, SettingsClass>> = {
  Process: ProcessSettings,
  Gateway: ServerSettings,
  'API proxy': ProxySettings,
  'Services and key manager': BusSettings,
  Database: DatabaseSettings,
  Migrations: MigrationSettings,
  'Grants and tokens': OAuthSettings,
  'Sessions on the sign-in pages': SessionSettings,
  'Limits for passwords': PasswordLimitSettings,
  'Limits for client secrets': ClientLimitSettings,
  'Limits for client registration': RegistrationLimitSettings,
  'Password hashing': HashingSettings,
  'Key encryption': SealingSettings,
  'Signing keys': SigningKeySettings,
  'Requests to other servers': OutboundSettings,
  "Operator's user": AdminSettings,
  "Operator's client": CliClientSettings,
};
