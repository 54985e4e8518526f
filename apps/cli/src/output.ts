/** How a record is shown: a heading for each value, in this order. */
export type Columns<T> = Record<string, (record: T) => Value>;

type Value = string | number | boolean | readonly string[] | null | undefined;

/** One record, a line a value. */
export function recordText<T>(record: T, columns: Columns<T>): string {
  const lines = Object.entries(columns).map(([heading, value]) => [heading, cell(value(record))] as const);
  const width = Math.max(...lines.map(([heading]) => heading.length));
  return lines.map(([heading, text]) => `${heading.padEnd(width)}  ${text}\n`).join('');
}

/** A line a record below a line of headings. */
export function tableText<T>(records: readonly T[], columns: Columns<T>): string {
  const headings = Object.keys(columns).map((heading) => heading.toUpperCase());
  const rows = [headings, ...records.map((record) => Object.values(columns).map((value) => cell(value(record))))];
  const widths = headings.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((text, i) => text.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Names are other people's text: what would move the cursor or colour the terminal is not let through. */
function cell(value: Value): string {
  if (value === null || value === undefined || (typeof value === 'object' && value.length === 0)) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return (typeof value === 'object' ? value.join(', ') : String(value)).replace(/\p{Cc}/gu, '?');
}
