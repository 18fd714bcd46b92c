import { cp, rm } from 'node:fs/promises';
import { serveRegistry } from '../../src/registry-server/server.ts';

const never = new AbortController().signal;

export interface CopiedRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly storage: string;
  /** Ends it and leaves its storage, as a template for others. */
  close(): Promise<void>;
}

/** A registry on loopback that starts with what another had in `template`; disposing removes its storage. */
export async function copiedRegistry(template: string | undefined, storage: string): Promise<CopiedRegistry> {
  if (template !== undefined) await cp(template, storage, { recursive: true });
  const server = await serveRegistry({ storage, host: '127.0.0.1', port: 0 }, never);
  return {
    host: `127.0.0.1:${server.address.port}`,
    storage,
    close: () => server.close(),
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(storage, { recursive: true });
    },
  };
}
