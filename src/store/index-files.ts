import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './atomic-file.ts';
import type { Claims } from './claims.ts';
import { explained, systemErrorCode } from './failure.ts';
import type { StorePaths } from './paths.ts';
import type { Session } from './session.ts';

/** Indexes of layers by name; what is in them is the engine's business. */
export class IndexFiles {
  readonly #paths: StorePaths;
  readonly #session: Session;
  readonly #claims: Claims;

  constructor(paths: StorePaths, session: Session, claims: Claims) {
    this.#paths = paths;
    this.#session = session;
    this.#claims = claims;
  }

  /** `name`: hex digits of a DiffID, and a suffix if the caller likes. */
  async get(name: string): Promise<Buffer | undefined> {
    const path = this.#path(name);
    try {
      if ((await this.#claims.claim(path)) === undefined) return undefined;
      return await readFile(path);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw explained(error, path);
    }
  }

  /** Readers see the whole of it or nothing. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name);
    try {
      await replaceFile({ path, bytes, temp: this.#session.tempPath('layer-index') });
    } catch (error) {
      throw explained(error, path);
    }
  }

  #path(name: string): string {
    if (!/^[0-9a-z][0-9a-z._-]*$/.test(name)) throw new Error(`not a name of an index: ${name}`);
    return join(this.#paths.indexes, name);
  }
}
