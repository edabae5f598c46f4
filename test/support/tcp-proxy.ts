/** A network that misbehaves on purpose: a TCP proxy on 127.0.0.1 in front of a server. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A connection is reset when these bytes pass by: once, then everything passes again. */
export interface Cut {
  readonly match: RegExp;
  /** Counts only on a connection whose client has sent this before: `COMMIT` after an `INSERT`. */
  readonly armedBy?: RegExp;
  /** Who sends them; the client when left out. */
  readonly side?: 'client' | 'server';
  /**
   * Where they are at that moment. `before`: not forwarded. `during`: forwarded, and the connection reset at once, so that
   * the other side may have acted on them or not. `after`: forwarded, acted on, and the answer swallowed.
   */
  readonly when: 'before' | 'during' | 'after';
  /** Nothing is cut: the bytes wait until this is done, and are then forwarded. */
  readonly pause?: () => Promise<void>;
  /** Which occurrence; 1 is the next one. */
  readonly nth?: number;
}

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How often a cut has struck. */
  readonly cuts: number;
  /** The URL with this proxy in place of its server. */
  through(url: string): string;
  /** Forwards everything as it comes, once what a pause was for is done. */
  pass(): Promise<void>;
  /** Holds each piece for so many milliseconds, in both directions. */
  delay(ms: number): Promise<void>;
  /** Accepts, and never says or forwards anything. */
  blackhole(): Promise<void>;
  /** Nobody listens; connections that exist go on. */
  refuse(): Promise<void>;
  cut(cut: Cut): Promise<void>;
  /** Resets every connection now. */
  reset(): void;
}

type Mode = { readonly kind: 'pass' | 'blackhole' | 'refuse' } | { readonly kind: 'delay'; readonly ms: number };

/** Bytes of the past that a match may begin in. */
const OVERLAP = 256;

export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const proxy = new Proxy(targetPort);
  await proxy.listen();
  return proxy;
}

class Proxy implements TcpProxy {
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #port = 0;
  #mode: Mode = { kind: 'pass' };
  #cut: Cut | undefined;
  #nth = 1;
  #pausing: Promise<void> = Promise.resolve();
  #cuts = 0;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  get port(): number {
    return this.#port;
  }

  get cuts(): number {
    return this.#cuts;
  }

  through(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.#port);
    return through.href;
  }

  async pass(): Promise<void> {
    this.#cut = undefined;
    await this.#pausing;
    await this.#become({ kind: 'pass' });
  }

  async delay(ms: number): Promise<void> {
    await this.#become({ kind: 'delay', ms });
  }

  async blackhole(): Promise<void> {
    await this.#become({ kind: 'blackhole' });
  }

  async refuse(): Promise<void> {
    await this.#become({ kind: 'refuse' });
  }

  async cut(cut: Cut): Promise<void> {
    this.#cut = cut;
    this.#nth = cut.nth ?? 1;
    await this.#become({ kind: 'pass' });
  }

  reset(): void {
    for (const link of [...this.#links]) link.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
    await this.#close();
  }

  async listen(): Promise<void> {
    const server = createServer((client) => this.#accept(client));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #become(mode: Mode): Promise<void> {
    this.#mode = mode;
    if (mode.kind === 'refuse') await this.#close();
    else if (this.#server === undefined) await this.listen();
  }

  /** Stops listening. Existing connections are let be, so the end of the server is not waited for. */
  async #close(): Promise<void> {
    this.#server?.close();
    this.#server = undefined;
  }

  #accept(client: Socket): void {
    const server = connect(this.#targetPort, '127.0.0.1');
    const link = new Link(client, server, () => this.#links.delete(link));
    this.#links.add(link);
    client.on('data', (bytes: Buffer) => {
      this.#forward(link, 'client', bytes);
    });
    server.on('data', (bytes: Buffer) => {
      this.#forward(link, 'server', bytes);
    });
  }

  /** Pieces of one direction leave in the order in which they came: each waits for the one before it. */
  #forward(link: Link, from: 'client' | 'server', bytes: Buffer): void {
    link.enqueue(from, async () => {
      const mode = this.#mode;
      if (mode.kind === 'blackhole') return;
      if (mode.kind === 'delay') await sleep(mode.ms);
      if (link.swallows === from) this.#reset(link);
      else if (this.#matches(link, from, bytes)) await this.#strike(link, from, bytes);
      else link.send(from, bytes);
    });
  }

  #matches(link: Link, from: 'client' | 'server', bytes: Buffer): boolean {
    const cut = this.#cut;
    if (cut === undefined) return false;
    const text = link.hear(from, bytes);
    if (from === 'client' && cut.armedBy !== undefined && cut.armedBy.test(text.now)) link.armed = cut;
    if (from !== (cut.side ?? 'client') || (cut.armedBy !== undefined && link.armed !== cut)) return false;
    if (!cut.match.test(text.now) || cut.match.test(text.before)) return false;
    this.#nth -= 1;
    if (this.#nth > 0) return false;
    this.#cut = undefined;
    link.struck = cut;
    return true;
  }

  async #strike(link: Link, from: 'client' | 'server', bytes: Buffer): Promise<void> {
    const { when, pause } = link.struck ?? { when: 'before' };
    if (pause !== undefined) {
      this.#cuts += 1;
      this.#pausing = pause();
      await this.#pausing.catch(() => undefined);
      link.send(from, bytes);
      return;
    }
    if (when === 'before') {
      this.#reset(link);
      return;
    }
    link.send(from, bytes);
    if (when === 'during') this.#reset(link);
    else link.swallows = from === 'client' ? 'server' : 'client';
  }

  #reset(link: Link): void {
    this.#cuts += 1;
    link.reset();
  }
}

/** One connection through the proxy. */
class Link {
  readonly #sockets: { readonly client: Socket; readonly server: Socket };
  readonly #queue = { client: Promise.resolve(), server: Promise.resolve() };
  readonly #past = { client: '', server: '' };
  struck: Cut | undefined;
  /** The cut whose condition this connection has met. */
  armed: Cut | undefined;
  /** The side whose next bytes end the connection. */
  swallows: 'client' | 'server' | undefined;

  constructor(client: Socket, server: Socket, onClose: () => void) {
    this.#sockets = { client, server };
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      // prettier-ignore
      from.setNoDelay(true);
      // What ends one side ends the other; why does not matter here.
      from.on('error', () => undefined);
      from.on('end', () => {
        this.enqueue(from === client ? 'client' : 'server', async () => {
          to.end();
        });
      });
      from.on('close', () => {
        if (!to.destroyed && !from.readableEnded) to.resetAndDestroy();
        onClose();
      });
    }
  }

  enqueue(from: 'client' | 'server', step: () => Promise<void>): void {
    this.#queue[from] = this.#queue[from].then(step);
  }

  send(from: 'client' | 'server', bytes: Buffer): void {
    const { client, server } = this.#sockets;
    const [source, target] = from === 'client' ? [client, server] : [server, client];
    if (target.destroyed || target.writableEnded || target.write(bytes)) return;
    source.pause();
    target.once('drain', () => source.resume());
  }

  /** What one side has said lately, without and with these bytes: a text may come in two pieces. */
  hear(from: 'client' | 'server', bytes: Buffer): { readonly before: string; readonly now: string } {
    const before = this.#past[from];
    const now = before + bytes.toString('latin1');
    this.#past[from] = now.slice(-OVERLAP);
    return { before, now };
  }

  reset(): void {
    for (const socket of Object.values(this.#sockets)) socket.resetAndDestroy();
  }
}
