import { isIPv4 } from 'node:net';

/** Counts of what is there, by how many first bits are said, then by these. */
type ByLength = Map<number, Map<bigint, number>>;

/** Addresses and ranges of them (CIDR): what one is in is found by as many look-ups as there are lengths, however many ranges. */
export class AddressRanges {
  private readonly ofFour: ByLength = new Map();
  private readonly ofSix: ByLength = new Map();

  add(range: string): void {
    this.change(range, 1);
  }

  /** The same one may have been added several times, in other words. */
  delete(range: string): void {
    this.change(range, -1);
  }

  has(address: string): boolean {
    if (this.ofFour.size + this.ofSix.size === 0) return false;
    const { isFour, size, value } = numbered(address);
    for (const [bits, prefixes] of isFour ? this.ofFour : this.ofSix)
      if (prefixes.has(value >> BigInt(size - bits))) return true;
    return false;
  }

  private change(range: string, by: number): void {
    const [address = '', length] = range.split('/');
    const { isFour, size, value, skipped } = numbered(address, length === undefined ? undefined : Number(length));
    const bits = length === undefined ? size : Number(length) - skipped;
    const byLength = isFour ? this.ofFour : this.ofSix;
    const prefixes = byLength.get(bits) ?? new Map<bigint, number>();
    byLength.set(bits, prefixes);
    const prefix = value >> BigInt(size - bits);
    const count = (prefixes.get(prefix) ?? 0) + by;
    if (count > 0) prefixes.set(prefix, count);
    else prefixes.delete(prefix);
    if (prefixes.size === 0) byLength.delete(bits);
  }
}

interface Numbered {
  isFour: boolean;
  /** Bits. */
  size: number;
  value: bigint;
  /** Bits of an IPv4 address's mapped form that are not in `value` (RFC 4291 §2.5.5.2). */
  skipped: number;
}

const MAPPED = 0xffffn;

/** An address as a number; a mapped one is that of IPv4, unless a range of them is wider than all of these. */
function numbered(address: string, bits = 128): Numbered {
  if (isIPv4(address)) return { isFour: true, size: 32, value: fourOf(address), skipped: 0 };
  const value = sixOf(address);
  return bits >= 96 && value >> 32n === MAPPED
    ? { isFour: true, size: 32, value: value & 0xffff_ffffn, skipped: 96 }
    : { isFour: false, size: 128, value, skipped: 0 };
}

const fourOf = (address: string): bigint =>
  BigInt(address.split('.').reduce((value, part) => value * 256 + Number(part), 0));

/** RFC 4291 §2.2. */
function sixOf(address: string): bigint {
  const hex = address.replace(/\d+\.\d+\.\d+\.\d+$/, (four) => {
    const value = fourOf(four);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail = ''] = hex.split('::');
  const [first, last] = [head, tail].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return BigInt(`0x${[...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join('')}`);
}
