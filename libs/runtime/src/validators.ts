import { accessSync, constants, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { registerDecorator, type ValidationOptions } from 'class-validator';

const decorate =
  (name: string, message: string, validate: (value: string) => boolean, options?: ValidationOptions) =>
  (prototype: object, propertyName: string): void =>
    registerDecorator({
      name,
      target: prototype.constructor,
      propertyName,
      options,
      validator: {
        validate: (value: unknown) => typeof value === 'string' && validate(value),
        defaultMessage: () => message,
      },
    });

const schemesOf = (schemes: string[]): string => schemes.map((scheme) => `${scheme}://`).join(' or ');

function parsed(value: string, schemes: string[]): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url && url.hostname !== '' && schemes.includes(url.protocol.slice(0, -1)) ? url : undefined;
}

/** A URL of one of these schemes with a host. */
export const IsUrl = (schemes: string[]) =>
  decorate('isUrl', `must be a URL with ${schemesOf(schemes)}`, (value) => parsed(value, schemes) !== undefined);

/** A URL that is scheme, host and port alone. */
export const IsOrigin = (schemes: string[]) =>
  decorate('isOrigin', `must be ${schemesOf(schemes)} with a host, and a port if any, nothing after`, (value) => {
    const url = parsed(value, schemes);
    return url !== undefined && value.toLowerCase() === `${url.protocol}//${url.host}`;
  });

/** A file that can be read now. */
export const IsReadableFile = () =>
  decorate('isReadableFile', 'must name a file that can be read', (path) => {
    try {
      accessSync(path, constants.R_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });

/** An IP address or a CIDR range. */
export const IsAddressRange = (options?: ValidationOptions) =>
  decorate(
    'isAddressRange',
    'must be IP addresses or CIDR ranges, separated by commas',
    (value) => {
      const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(value) ?? [];
      const version = isIP(address);
      return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128);
    },
    options,
  );

/** Whether a host name of a URL is this machine. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(host);
