/** What the pages' text is on, light and dark; see the style. */
const CARD = { light: '#ffffff', dark: '#171c23' };
const ENDS = { light: '#000000', dark: '#ffffff' };
const ON_BRAND = { light: '#ffffff', dark: '#0b1320' };
/** WCAG 2.2 §1.4.3, and a little for rounding. */
const CONTRAST = 4.6;

type Scheme = keyof typeof CARD;

/** An organization's colour as the pages use it: made darker or lighter until text in it, and on it, can be read. */
export function brandStyle(colour: string): string {
  const of = (scheme: Scheme) => `:root { --brand: ${readable(colour, scheme)}; --on-brand: ${ON_BRAND[scheme]}; }`;
  return `${of('light')}\n@media (prefers-color-scheme: dark) { ${of('dark')} }\n`;
}

function readable(colour: string, scheme: Scheme): string {
  for (let step = 0; step <= 20; step++) {
    const mixed = mix(colour, ENDS[scheme], step / 20);
    const enough = [CARD[scheme], ON_BRAND[scheme]].every((other) => contrast(mixed, other) >= CONTRAST);
    if (enough) return mixed;
  }
  return ENDS[scheme];
}

const channels = (colour: string): number[] => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function mix(colour: string, end: string, share: number): string {
  const to = channels(end);
  const mixed = channels(colour).map((from, n) => Math.round(from + ((to[n] ?? 0) - from) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/** WCAG 2.2, relative luminance and contrast ratio. */
export function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
