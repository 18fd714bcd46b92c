import { hash } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { explained, systemErrorCode } from './failure.ts';
import { Lock } from './lock.ts';
import type { Session } from './session.ts';

/**
 * A key → value file that only grows; of several records with one key the last counts. For what can be computed again,
 * such as results of steps.
 *
 *     \n<16 hex digits: start of the sha256 of the rest>\t<key, a JSON string>\t<value, JSON>
 *
 * A record begins with its line break instead of ending with it, so that one that a kill has cut off is closed by the
 * next. Lines whose sum is wrong are skipped. Each record is one write(2) with O_APPEND, which the kernel does not
 * interleave with those of other processes.
 */
export class RecordLog<T> {
  readonly #path: string;
  readonly #session: Session;
  readonly #value: z.ZodType<T>;
  readonly #compaction: Lock;
  /** Values as JSON: most are never asked for. */
  #records = new Map<string, string>();
  /** What was read. It stays open, so that its inode number cannot become that of its successor. */
  #file: FileHandle | undefined;
  #inode = 0;
  /** In bytes: how long the file was, and up to where its lines were whole. */
  #size = 0;
  #offset = 0;
  #refreshing: Promise<void> | undefined;

  constructor(path: string, session: Session, value: z.ZodType<T>) {
    this.#path = path;
    this.#session = session;
    this.#value = value;
    this.#compaction = new Lock(`${path}.lock`);
  }

  /** undefined also for a value of another shape, which another version of cip has written. */
  async get(key: string): Promise<T | undefined> {
    await this.#refresh();
    const json = this.#records.get(key);
    return json === undefined ? undefined : this.#value.safeParse(JSON.parse(json)).data;
  }

  /** Latest values, those that were written last at the end. */
  async *entries(): AsyncIterable<readonly [key: string, value: T]> {
    await this.#refresh();
    for (const [key, json] of [...this.#records]) {
      const value = this.#value.safeParse(JSON.parse(json));
      if (value.success) yield [key, value.data];
    }
  }

  /** Visible to all processes when it resolves. */
  async append(key: string, value: T): Promise<void> {
    const record = Buffer.from(recordOf(key, JSON.stringify(value)));
    try {
      // A compaction may put another file in place while we write to this one.
      for (let written = false; !written; ) {
        const file = await open(this.#path, 'a');
        try {
          await writeWhole(file, record);
          written = (await file.stat()).ino === (await inodeOf(this.#path));
        } finally {
          await file.close();
        }
      }
    } catch (error) {
      throw explained(error, this.#path);
    }
  }

  /**
   * Drops the records that others have superseded, those that `keep` does not want, and of the rest the oldest until there
   * are `atMost` bytes. A record that another process appends in the very moment may be lost if this one is killed in that
   * moment; no other is.
   */
  async compact(
    signal: AbortSignal,
    keep: (key: string, value: T) => boolean = () => true,
    atMost = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    await this.#compaction.hold(async () => {
      const old = await openIfThere(this.#path);
      if (old === undefined) return; // nothing was ever recorded
      try {
        await this.#replace(old, keep, atMost);
      } catch (error) {
        throw explained(error, this.#path);
      } finally {
        await old.close();
      }
    }, signal);
  }

  async #replace(old: FileHandle, keep: (key: string, value: T) => boolean, atMost: number): Promise<void> {
    const { records, offset } = await readRecords(old, 0);
    const kept = [...records].flatMap(([key, json]) => {
      const value = this.#value.safeParse(JSON.parse(json));
      return value.success && keep(key, value.data) ? [Buffer.from(recordOf(key, json))] : [];
    });
    const temp = this.#session.tempPath('records');
    const file = await open(temp, 'ax');
    try {
      await file.writeFile(Buffer.concat(newest(kept, atMost)));
      await file.datasync();
      await rename(temp, this.#path);
      const late = await readRecords(old, offset);
      for (const [key, json] of late.records) await writeWhole(file, Buffer.from(recordOf(key, json)));
    } catch (error) {
      await rm(temp, { force: true }); // a full disk has no room for half a log
      throw error;
    } finally {
      await file.close();
    }
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readNew().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #readNew(): Promise<void> {
    try {
      const { ino, size } = await stat(this.#path);
      if (ino === this.#inode && size === this.#size) return;
      if (ino !== this.#inode || size < this.#size) await this.#restart();
      this.#file ??= await open(this.#path);
      this.#inode = (await this.#file.stat()).ino;
      const { records, offset } = await readRecords(this.#file, this.#offset);
      for (const [key, json] of records) setLast(this.#records, key, json);
      this.#offset = offset;
      this.#size = size;
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw explained(error, this.#path);
      await this.#restart();
    }
  }

  /** What was read is of a file that is not there any more. */
  async #restart(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#inode = 0;
    this.#size = 0;
    this.#offset = 0;
    this.#records = new Map();
    await file?.close();
  }

  /** Ends reading; the next `get` would begin from the start. */
  async close(): Promise<void> {
    await this.#refreshing;
    await this.#restart();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw explained(error, path);
  }
}

/** `offset`: where to go on reading later. */
async function readRecords(file: FileHandle, from: number) {
  const records = new Map<string, string>();
  const block = Buffer.allocUnsafe(Math.min(Math.max((await file.stat()).size - from, 4096), 1 << 20));
  let offset = from;
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    const { bytesRead } = await file.read(block, 0, block.length, offset + rest.length);
    if (bytesRead === 0) break;
    const bytes = Buffer.concat([rest, block.subarray(0, bytesRead)]);
    const end = Math.max(bytes.lastIndexOf(lineBreak), 0);
    for (const line of bytes.toString('utf8', 0, end).split('\n')) addLine(line, records);
    offset += end;
    rest = bytes.subarray(end);
  }
  // The last line has no end to be recognised by: it is whole when its sum is right.
  if (addLine(rest.toString('utf8').trimStart(), records)) offset += rest.length;
  return { records, offset };
}

const lineBreak = 0x0a;

function addLine(line: string, records: Map<string, string>): boolean {
  const body = line.slice(17);
  const separator = body.indexOf('\t');
  if (separator < 0 || line.slice(0, 17) !== `${sumOf(body)}\t`) return false;
  setLast(records, JSON.parse(body.slice(0, separator)), body.slice(separator + 1));
  return true;
}

/** At the end, also where the key was there before. */
function setLast(records: Map<string, string>, key: string, json: string): void {
  records.delete(key);
  records.set(key, json);
}

/** As many of the last as have `atMost` bytes. */
function newest(records: readonly Buffer[], atMost: number): readonly Buffer[] {
  let bytes = records.reduce((sum, { length }) => sum + length, 0);
  let first = 0;
  for (; bytes > atMost && first < records.length; first += 1) bytes -= records[first]!.length;
  return records.slice(first);
}

function recordOf(key: string, json: string): string {
  const body = `${JSON.stringify(key)}\t${json}`;
  return `\n${sumOf(body)}\t${body}`;
}

function sumOf(body: string): string {
  return hash('sha256', body).slice(0, 16);
}

async function writeWhole(file: FileHandle, record: Buffer): Promise<void> {
  const { bytesWritten } = await file.write(record);
  // Cut off by a full disk: going on would mix with others' records, and trying again tells why.
  if (bytesWritten < record.length) await file.write(record);
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
