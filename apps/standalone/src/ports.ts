import { createServer, type AddressInfo } from 'node:net';
import { StartError } from './start-error';

/** Refuses a port that is taken before anything slow is started. */
export async function assertFree(port: number, host: string): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new StartError(`Port ${port} is taken. PORT_OFFSET=1 npm start uses ${port + 1}, and so on.`, {
        cause: error,
      });
    throw new StartError(`Keyward cannot listen on ${host}, port ${port} (${code}).`, { cause: error });
  }
  await new Promise((resolve) => server.close(resolve));
}

/** A port of this machine alone: the one that is wanted, or any other where it is taken. */
export async function portNear(wanted: number): Promise<number> {
  for (const port of [wanted, 0]) {
    const server = createServer();
    const listening = new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(port, 'localhost', resolve),
    );
    if (await listening.then(() => true).catch(() => false)) {
      const { port: found } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      return found;
    }
  }
  throw new StartError('Keyward finds no free port for its demo page.');
}
