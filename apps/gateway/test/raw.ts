import { connect } from 'node:tls';
import { certificate } from './certificate';

/** Writes bytes to a server and reads its answer until a JSON body is there or the connection ends. */
export async function raw(url: string, request: string): Promise<string> {
  const { cert } = await certificate();
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ca: cert, servername: 'localhost' });
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('}')) socket.destroy();
    });
    socket.on('error', (error: Error) => (text ? resolve(text) : reject(error)));
    socket.on('close', () => resolve(text));
    socket.write(request);
  });
}
