const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds as a number, or as API Manager writes them: `"3600"`, `"60m"`, `"12h"`, `"1d"`. Anything else stays as it is. */
export function seconds(written: unknown): unknown {
  const match = /^(-?\d{1,12})([smhd]?)$/.exec(String(written).trim());
  return match ? Number(match[1]) * (UNITS[match[2] || 's'] ?? 1) : written;
}
