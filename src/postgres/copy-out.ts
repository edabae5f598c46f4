/**
 * Streaming `COPY ... TO STDOUT` into a file. The server wraps every row in a message of its own; here the wrapping is cut
 * out of the network's buffers in place: nothing is made for a row.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';

import type { Client, Connection as DriverConnection, Submittable } from 'pg';

import { InternalError } from '../errors.ts';

export interface CopiedOut {
  /** Rows that the server says it sent. */
  readonly rows: number;
  /** Bytes of the longest of them. */
  readonly longestRow: number;
}

/**
 * Ends when the server has said how many rows there were and all of them are in the file. `head` stands in front of them.
 * Rejects with what the server, the network or the disk says.
 */
export async function copyOutTo(client: Client, sql: string, path: string, head = ''): Promise<CopiedOut> {
  const file = createWriteStream(path, { mode: 0o600, highWaterMark: 1 << 20 });
  const failed = once(file, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => undefined);
  const closed = once(file, 'close');
  try {
    if (head !== '') file.write(head);
    const copied = await Promise.race([copy(client, sql, file), failed]);
    file.end();
    await Promise.race([closed, failed]);
    return copied;
  } finally {
    file.destroy();
    await closed.catch(() => undefined);
  }
}

async function copy(client: Client, sql: string, file: WriteStream): Promise<CopiedOut> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOutQuery(sql, file, resolve, reject));
  });
}

/** The driver's socket, and what it listens with. */
interface Socket {
  listeners(event: 'data'): readonly Listener[];
  on(event: 'data', listener: Listener): void;
  off(event: 'data', listener: Listener): void;
  pause(): void;
  resume(): void;
}
type Listener = (chunk: Buffer) => void;

class CopyOutQuery implements Submittable {
  readonly #sql: string;
  readonly #file: WriteStream;
  readonly #resolve: (copied: CopiedOut) => void;
  readonly #reject: (error: Error) => void;
  readonly #unwrap = new Unwrapper();
  #giveBack: (rest: Buffer) => void = () => undefined;
  #rows = -1;

  constructor(sql: string, file: WriteStream, resolve: (copied: CopiedOut) => void, reject: (error: Error) => void) {
    this.#sql = sql;
    this.#file = file;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** The socket is ours from here to the first message that is not part of the copy. */
  submit(connection: DriverConnection): void {
    const socket = (connection as unknown as { readonly stream: Socket }).stream;
    const [driver] = socket.listeners('data');
    if (driver === undefined) throw new InternalError('the driver does not listen to its socket');
    const own: Listener = (chunk) => this.#take(socket, chunk);
    socket.off('data', driver);
    socket.on('data', own);
    this.#giveBack = (rest) => {
      this.#giveBack = () => undefined;
      socket.off('data', own);
      socket.on('data', driver);
      if (rest.length > 0) driver(rest);
    };
    connection.query(this.#sql);
  }

  #take(socket: Socket, chunk: Buffer): void {
    const { rows, rest } = this.#unwrap.unwrap(chunk);
    if (rows.length > 0 && !this.#file.destroyed && !this.#file.write(rows)) {
      socket.pause();
      const resume = (): void => {
        this.#file.off('drain', resume).off('close', resume);
        socket.resume();
      };
      this.#file.on('drain', resume).on('close', resume);
    }
    if (rest !== undefined) this.#giveBack(rest);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? -1);
  }

  handleError(error: Error): void {
    this.#giveBack(Buffer.alloc(0));
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    const { rows, longestRow } = this.#unwrap;
    if (rows === this.#rows) this.#resolve({ rows, longestRow });
    else this.#reject(new InternalError(`COPY sent ${rows} rows and said ${this.#rows}`));
  }
}

const COPY_DATA = 0x64; // d
const COPY_OUT_RESPONSE = 0x48; // H
const NOTICES: ReadonlySet<number> = new Set([0x4e, 0x53, 0x41]); // N, S and A may come at any time
const HEADER = 5;

/** Reads messages `type, length, content`, cut anywhere into chunks. */
class Unwrapper {
  rows = 0;
  longestRow = 0;
  readonly #header = Buffer.alloc(HEADER);
  #headerFilled = 0;
  /** Bytes of the current message that are still to come. */
  #pending = 0;
  #isRow = false;

  /** `rows`: the content of this chunk's rows, in its own memory. `rest`: set when the copy is over, from the message that ended it on. */
  unwrap(chunk: Buffer): { readonly rows: Buffer; readonly rest: Buffer | undefined } {
    const at = { read: 0, write: 0 };
    while (at.read < chunk.length) {
      if (this.#pending > 0) this.#content(chunk, at);
      else if (this.#readHeader(chunk, at) && !this.#begin()) {
        return { rows: chunk.subarray(0, at.write), rest: this.#rest(chunk.subarray(at.read)) };
      }
    }
    return { rows: chunk.subarray(0, at.write), rest: undefined };
  }

  #content(chunk: Buffer, at: { read: number; write: number }): void {
    const end = Math.min(chunk.length, at.read + this.#pending);
    if (this.#isRow) {
      chunk.copyWithin(at.write, at.read, end);
      at.write += end - at.read;
    }
    this.#pending -= end - at.read;
    at.read = end;
  }

  /** True when the five bytes are complete. */
  #readHeader(chunk: Buffer, at: { read: number }): boolean {
    const end = Math.min(chunk.length, at.read + HEADER - this.#headerFilled);
    for (; at.read < end; at.read += 1, this.#headerFilled += 1) this.#header[this.#headerFilled] = chunk[at.read] ?? 0;
    return this.#headerFilled === HEADER;
  }

  /** Begins a message; false when it is the driver's. */
  #begin(): boolean {
    const type = this.#header[0] ?? 0;
    this.#isRow = type === COPY_DATA;
    if (!this.#isRow && type !== COPY_OUT_RESPONSE && !NOTICES.has(type)) return false;
    this.#headerFilled = 0;
    this.#pending = this.#header.readInt32BE(1) - 4;
    if (this.#isRow) {
      this.rows += 1;
      this.longestRow = Math.max(this.longestRow, this.#pending);
    }
    return true;
  }

  /** With the header in front, which may have come in another chunk. */
  #rest(after: Buffer): Buffer {
    return Buffer.concat([this.#header, after]);
  }
}
