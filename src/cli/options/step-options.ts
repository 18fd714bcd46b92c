import { isIP } from 'node:net';
import { type Ulimit, type UlimitName, ulimitNames } from '../../engine/executor/ulimits.ts';
import { isHostName } from '../../engine/frontend/host-name.ts';
import { failed, ok, type Result } from '../../result.ts';
import { invalidWord } from '../failure.ts';
import { option } from './option.ts';
import { parsedBy } from './schemas.ts';

/** What all RUN steps of an image have that no instruction says. */
export const stepOptions = {
  addHost: option({
    kind: 'list',
    value: 'NAME:IP',
    description: 'Add a line to /etc/hosts of RUN steps; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: (kit) => kit.z.array(parsedBy(kit, parseHost)).default([]),
  }),
  hostname: option({
    kind: 'string',
    value: 'NAME',
    description: 'Give RUN steps this host name (default: buildkitsandbox)',
    group: 'How',
    fromEnvironment: false,
    schema: (kit) => parsedBy(kit, parseHostName).optional(),
  }),
  network: option({
    kind: 'string',
    value: 'default|none|host',
    description: 'The network of RUN steps that do not name another',
    group: 'How',
    default: 'default',
    fromEnvironment: false,
    schema: ({ z }) => z.enum(['default', 'none', 'host']),
  }),
  shmSize: option({
    kind: 'string',
    value: 'SIZE',
    example: '128m',
    description: 'Size of /dev/shm in RUN steps (default: 64m)',
    group: 'How',
    fromEnvironment: false,
    schema: (kit) => parsedBy(kit, parseSize).optional(),
  }),
  ulimit: option({
    kind: 'list',
    value: 'NAME=SOFT[:HARD]',
    description: 'A limit of RUN steps, as of ulimit; may be repeated',
    group: 'How',
    fromEnvironment: false,
    schema: (kit) => kit.z.array(parsedBy(kit, parseUlimit)).default([]),
  }),
} as const;

function parseHost(text: string): Result<{ readonly name: string; readonly ip: string }> {
  const [, name = '', address = ''] = /^([^:=]+)[:=](.+)$/.exec(text.toLowerCase()) ?? [];
  const ip = address.replace(/^\[(.*)\]$/, '$1');
  if (ip === 'host-gateway')
    return failed([
      invalidWord('steps have no gateway to the machine', 'write the address of the machine, or use --network host'),
    ]);
  if (!isHostName(name) || isIP(ip) === 0)
    return failed([invalidWord('it is no name with an address', 'write --add-host db.example.com:192.0.2.7')]);
  return ok({ name, ip: isIP(ip) === 6 ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip });
}

function parseHostName(text: string): Result<string> {
  if (isHostName(text)) return ok(text);
  return failed([invalidWord('it is no host name', 'write letters, digits, dots and dashes, at most 64 of them')]);
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

function parseSize(text: string): Result<number> {
  const [, digits, unit = ''] = /^(\d+)([bkmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  const size = Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN);
  if (size > 0 && Number.isSafeInteger(size)) return ok(size);
  return failed([invalidWord('it is no size', 'write for example --shm-size 128m')]);
}

function parseUlimit(text: string): Result<Ulimit> {
  const [, name = '', first = '', second = first] = /^(\w+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? [];
  const [soft, hard] = [Number(first), Number(second)];
  if (!isUlimit(name) || first === '' || !Number.isSafeInteger(soft) || !Number.isSafeInteger(hard))
    return failed([
      invalidWord('it is no limit', `write for example --ulimit nofile=1024:4096; names: ${ulimitNames.join(', ')}`),
    ]);
  if (hard !== -1 && (soft === -1 || soft > hard))
    return failed([invalidWord('the soft limit is above the hard one', `write --ulimit ${name}=${hard}:${hard}`)]);
  return ok({ name, soft, hard });
}

function isUlimit(name: string): name is UlimitName {
  return (ulimitNames as readonly string[]).includes(name);
}
