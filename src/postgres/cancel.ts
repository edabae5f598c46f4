/** Stopping a statement that runs, from beside its session: the protocol's cancel request, on a connection of its own. */
import type { ConnectionOptions } from 'node:tls';

import pg, { type Client } from 'pg';

import { connectionOf, type Driver } from './connect.ts';
import type { ClientOptions } from './options.ts';

/** How long a server may take to stop a statement before the session is given up. */
const PATIENCE_MS = 5_000;

/** While the result is in use, an abort stops what runs; the statement then fails. */
export function cancelOnAbort(driver: Driver, options: ClientOptions, signal: AbortSignal): Disposable {
  const timers: NodeJS.Timeout[] = [];
  const cancel = (): void => {
    sendCancel(driver, options);
    timers.push(setTimeout(() => connectionOf(driver.client).stream.destroy(), PATIENCE_MS));
  };
  signal.addEventListener('abort', cancel, { once: true });
  return {
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', cancel);
      timers.forEach((timer) => clearTimeout(timer));
    },
  };
}

/** The driver's low-level connection: its types are not public. */
interface RawConnection {
  connect(port: number | string, host?: string): void;
  on(event: 'connect' | 'sslconnect' | 'error', listener: () => void): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

function sendCancel({ client, ssl }: Driver, options: ClientOptions): void {
  const { processID, secretKey } = client as unknown as Client & { readonly processID: number; readonly secretKey: number };
  const Raw = pg.Connection as unknown as new (config: { ssl: ConnectionOptions | false }) => RawConnection;
  const connection = new Raw({ ssl });
  const cancel = (): void => connection.cancel(processID, secretKey);
  connection.on('error', () => undefined); // best effort: the session is given up after a while
  connection.on('connect', () => (ssl === false ? cancel() : connection.requestSsl()));
  connection.on('sslconnect', cancel);
  if (options.host.startsWith('/')) connection.connect(`${options.host}/.s.PGSQL.${options.port}`);
  else connection.connect(options.port, options.host);
}
