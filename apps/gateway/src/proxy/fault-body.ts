import type { CompatibilityProfile } from '@keyward/contracts';
import type { Fault } from './fault';

/** What an answer says of a fault, and its media type. */
export interface FaultBody {
  type: string;
  text: string;
}

const JSON_TYPE = 'application/json; charset=UTF-8';
const XML_TYPE = 'application/xml; charset=UTF-8';

/**
 * A fault in words: neither the path nor the token is among them. Who comes from API Manager 2 or 3 reads XML unless JSON is
 * asked for, and that in a wrapper and with a number (compatibility.md §3.2); all others read what API Manager 4 says.
 */
export function bodyOf(fault: Fault, profile: CompatibilityProfile = 'rfc', accept = ''): FaultBody {
  const said = saidOf(fault);
  if (profile !== 'wso2-2.6' && profile !== 'wso2-3.2') return { type: JSON_TYPE, text: JSON.stringify(said) };
  if (/\bapplication\/json\b/i.test(accept))
    return { type: JSON_TYPE, text: JSON.stringify({ fault: { ...said, code: Number(said.code) } }) };
  return { type: XML_TYPE, text: xmlOf(said) };
}

interface Said {
  code: string;
  type?: string;
  message: string;
  description: string;
  nextAccessTime?: string;
}

function saidOf({ reason: { code, message, description }, until }: Fault): Said {
  const type = code.length === 3 ? 'Status report' : undefined;
  if (!until) return { code, type, message, description };
  const nextAccessTime = timeOf(until);
  return { code, message, description: `${description}You can access API after ${nextAccessTime}`, nextAccessTime };
}

function xmlOf(said: Said): string {
  const [prefix, namespace] = namespaceOf(said.code);
  const elements = Object.entries(said as unknown as Record<string, string | undefined>).flatMap(([name, text]) =>
    text === undefined ? [] : [`<${prefix}:${name}>${escaped(text)}</${prefix}:${name}>`],
  );
  return `<${prefix}:fault xmlns:${prefix}="http://wso2.org/apimanager${namespace}">${elements.join('')}</${prefix}:fault>`;
}

function namespaceOf(code: string): [prefix: string, path: string] {
  if (code.startsWith('9008')) return ['amt', '/throttling'];
  return code.startsWith('9009') ? ['ams', '/security'] : ['am', ''];
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** As API Manager writes it: `2026-Nov-21 16:00:00+0000 UTC`. */
function timeOf(until: Date): string {
  const [date = '', time = ''] = until.toISOString().split('T');
  const [year = '', , day = ''] = date.split('-');
  const month = until.toUTCString().slice(8, 11);
  return `${year}-${month}-${day} ${time.slice(0, 8)}+0000 UTC`;
}
