import { Client, type ClientConfig } from 'pg';
import { isBroken, unavailable } from './failures';

interface Pipeline {
  /** Statements that were sent and not yet answered. */
  inFlight: number;
  client?: Promise<Client>;
}

/**
 * Connections that any number of statements share at once: a statement is sent without waiting for the answers before it,
 * so few connections, on both sides, do the work of many. Each statement is a transaction of its own.
 */
export class Pipelines {
  private readonly pipelines: Pipeline[];
  /** Whether it has ended, and not begun again. */
  private ended = false;

  constructor(
    private readonly config: ClientConfig,
    count: number,
  ) {
    this.pipelines = Array.from({ length: count }, () => ({ inFlight: 0 }));
  }

  /** Runs a named prepared statement. Throws what the driver throws; when a connection is lost, to all of its statements. */
  async query(name: string, text: string, values: unknown[]): Promise<object[]> {
    if (this.ended) throw unavailable('the service has ended');
    const pipeline = this.leastBusy();
    const connected = (pipeline.client ??= this.connect(pipeline));
    pipeline.inFlight++;
    try {
      const { rows } = await (await connected).query<object>({ name, text, values });
      return rows;
    } catch (error) {
      if (isBroken(error)) forget(pipeline, connected);
      throw error;
    } finally {
      pipeline.inFlight--;
    }
  }

  /** Connections are opened as they are needed. */
  begin(): void {
    this.ended = false;
  }

  /** Ends the connections, each after the statements that were sent; there are no others. */
  async end(): Promise<void> {
    this.ended = true;
    await Promise.allSettled(this.pipelines.map(async ({ client }) => (await client)?.end()));
  }

  /** The first of those: where there is little to do, one connection does it and has all in its caches. */
  private leastBusy(): Pipeline {
    return this.pipelines.reduce((least, one) => (one.inFlight < least.inFlight ? one : least));
  }

  private connect(pipeline: Pipeline): Promise<Client> {
    const client = new Client({ ...this.config, pipeline: true });
    const connected = client.connect();
    // A connection that is lost fails its statements, which is where that is handled.
    const lost = () => forget(pipeline, connected);
    client.on('error', lost).on('end', lost);
    connected.catch(lost);
    return connected;
  }
}

/** The next statement opens another connection. */
function forget(pipeline: Pipeline, connected: Promise<Client>): void {
  if (pipeline.client === connected) pipeline.client = undefined;
}
