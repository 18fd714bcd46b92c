// A registry in a process of its own, for tests that kill it or measure it. Prints its port.
import { serveRegistry } from '../../src/registry-server/server.ts';

const [storage = ''] = process.argv.slice(2);
const { address } = await serveRegistry({ storage, host: '127.0.0.1', port: 0 }, new AbortController().signal);
console.log(address.port);
