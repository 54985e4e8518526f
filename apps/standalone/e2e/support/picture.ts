import { crc32, deflateSync } from 'node:zlib';

type Colour = [red: number, green: number, blue: number, alpha: number];

/** A PNG (ISO/IEC 15948) of these pixels. */
export function png(width: number, pixel: (x: number, y: number) => Colour, height = width): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8); // 8 bits each of red, green, blue and alpha
  const rows = Array.from({ length: height }, (_, y) => [
    0,
    ...Array.from({ length: width }, (_, x) => pixel(x, y)).flat(),
  ]);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    ...[signature, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.from(rows.flat())))],
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, sum]);
}

/** A disc with a white ring in it, on nothing. */
export const disc = (size: number, [red, green, blue]: [number, number, number]): Buffer =>
  png(size, (x, y) => {
    const centre = (size - 1) / 2;
    const distance = Math.hypot(x - centre, y - centre) / centre;
    const alpha = Math.round(255 * Math.min(1, Math.max(0, (1 - distance) * centre + 0.5)));
    return distance > 0.42 && distance < 0.62 ? [255, 255, 255, alpha] : [red, green, blue, alpha];
  });
