import { createHash } from 'node:crypto';
import { LOGO_LIMIT, ServiceError, type Branding } from '@keyward/contracts';

/** A picture that browsers show and that cannot carry script: no SVG (abuse 39). */
export interface Logo {
  type: NonNullable<Branding['logoType']>;
  bytes: Buffer;
  /** Names it in URLs: another picture is another name. */
  digest: string;
}

/** Pixels each way. */
const [LEAST, MOST] = [16, 1024];
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** Reads a picture by what is in it, whatever its sender calls it. Throws `invalid_request`. */
export function readLogo(base64: string): Logo {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length > LOGO_LIMIT) throw invalid(`may have ${LOGO_LIMIT / 1024} KiB`);
  const png = pngSize(bytes);
  const size = png ?? jpegSize(bytes);
  if (!size) throw invalid('must be a PNG or JPEG');
  if (!size.every((pixels) => pixels >= LEAST && pixels <= MOST))
    throw invalid(`must have ${LEAST} to ${MOST} pixels each way`);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return { type: png ? 'image/png' : 'image/jpeg', bytes, digest };
}

type Size = [width: number, height: number];

/** ISO/IEC 15948 §5.2, §11.2.1: the signature, and a header that comes first. */
const pngSize = (bytes: Buffer): Size | undefined =>
  bytes.length > 33 && bytes.subarray(0, PNG.length).equals(PNG)
    ? [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
    : undefined;

/** ISO/IEC 10918-1 §B.1.1.3, §B.2.2: segments up to the start of the frame, which has the size. */
function jpegSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
  }
  return undefined;
}

const invalid = (text: string) => new ServiceError('invalid_request', `the logo ${text}`);
