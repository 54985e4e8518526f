import { ServiceError } from '@keyward/contracts';
import { isBroken, toThrow, unavailable } from './failures';

/** Runs one statement on a connection of the hot path. */
type Send = (name: string, text: string, values: unknown[]) => Promise<object[]>;

/**
 * A `SELECT`, also of a function that writes, that is done together with others of its kind. Where tenants' rows are meant,
 * it sets its organization itself: another's may be set when it begins.
 */
export interface Joint {
  name: string;
  text: string;
}

/** Only those of one group are joined, in an order that all keep: so no two transactions wait for each other's rows. */
export interface Place {
  group?: string;
  order?: string;
}

interface Asked {
  values: unknown[];
  order: string;
  /** Milliseconds of `performance.now()`. */
  since: number;
  resolve: (rows: object[]) => void;
  reject: (error: unknown) => void;
}

/** What waits for the statement before it. */
interface Line {
  waiting: Asked[];
  isBusy: boolean;
}

/** How many are joined. Each of these is a prepared statement on each connection, so there are few. */
const SIZES = [16, 8, 4, 2];
/** After so many milliseconds the next no longer wait for one that is held up. */
const PATIENCE_MS = 50;
/** Who has waited for so many milliseconds is not sent any more: with the longest that a statement may take then, nobody waits for more than 2 s. */
const LONGEST_MS = 500;

/**
 * While a statement is under way, others of its kind wait, and then go to PostgreSQL as one statement and one commit. They
 * are done one after the other, as they would be alone; where one fails, none is done, and each is tried by itself.
 */
export class JointStatements {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly send: Send) {}

  ask({ name, text }: Joint, values: unknown[], { group = '', order = '' }: Place): Promise<object[]> {
    const key = `${name} ${group}`;
    let line = this.lines.get(key);
    if (!line) this.lines.set(key, (line = { waiting: [], isBusy: false }));
    const { waiting } = line;
    const since = performance.now();
    const rows = new Promise<object[]>((resolve, reject) => waiting.push({ values, order, since, resolve, reject }));
    if (!line.isBusy) this.next(key, line, { name, text });
    return rows;
  }

  /** After whatever else has arrived at the same time. */
  private next(key: string, line: Line, joint: Joint): void {
    refuseLate(line);
    line.isBusy = line.waiting.length > 0;
    if (!line.isBusy) {
      this.lines.delete(key);
      return;
    }
    setImmediate(() => {
      const size = SIZES.find((one) => one <= line.waiting.length) ?? 1;
      let isOver = false;
      const over = () => {
        clearTimeout(patience);
        if (!isOver) this.next(key, line, joint);
        isOver = true;
      };
      const patience = setTimeout(over, PATIENCE_MS);
      void this.run(joint, line.waiting.splice(0, size)).finally(over);
    });
  }

  private async run({ name, text }: Joint, asked: Asked[]): Promise<void> {
    const alone = ({ values, resolve, reject }: Asked) => this.send(name, text, values).then(resolve, reject);
    const [first] = asked;
    if (!first || asked.length === 1) return first && alone(first);
    asked.sort((a, b) => (a.order < b.order ? -1 : Number(a.order > b.order)));
    const statement = joined(text, asked.length, first.values.length);
    const values = asked.flatMap((one) => one.values);
    try {
      const rows = (await this.send(`${name} *${asked.length}`, statement, values)) as { joint: number }[];
      const rowsOf = asked.map((): object[] => []);
      for (const { joint, ...row } of rows) rowsOf[joint]?.push(row);
      asked.forEach(({ resolve }, n) => resolve(rowsOf[n] ?? []));
    } catch (error) {
      // Not done, or nobody knows, or too slow for a second try. All else is the fault of one of them.
      if (isBroken(error) || toThrow(error) instanceof ServiceError) for (const { reject } of asked) reject(error);
      else await Promise.all(asked.map(alone));
    }
  }
}

/** The line is in the order of coming. */
function refuseLate({ waiting }: Line): void {
  const inTime = waiting.findIndex(({ since }) => performance.now() - since <= LONGEST_MS);
  for (const { reject } of waiting.splice(0, inTime < 0 ? waiting.length : inTime))
    reject(unavailable('too many before it'));
}

const statements = new Map<string, string>();

/** So many times the same `SELECT`, each with parameters of its own; `joint` says whose a row is. */
function joined(text: string, times: number, parameters: number): string {
  const key = `${times} ${text}`;
  const known = statements.get(key);
  if (known) return known;
  const copies = Array.from({ length: times }, (_, n) => {
    const copy = text.replace(/\$(\d+)/g, (_, number) => `$${Number(number) + n * parameters}`);
    return `SELECT ${n} AS joint, one.* FROM (${copy}) AS one`;
  });
  const statement = copies.join(' UNION ALL ');
  statements.set(key, statement);
  return statement;
}
