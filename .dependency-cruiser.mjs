// The architecture as rules: who may import whom. doc/architecture.md explains the rooms and is drawn from this.

/**
 * Room → what it may import besides itself and the files that everyone may import, and what of the machine it may touch.
 * Whatever is not named here needs a reason: pure rooms are tested without a disk, a network, or a clock.
 */
export const rooms = {
  oci: { imports: [] },
  tar: { imports: [] },
  dockerfile: { imports: [] },
  // All others run programs by it, and so with an environment that they chose.
  program: { imports: [], touches: ['disk', 'programs', 'process', 'timers'] },
  ssh: { imports: [], touches: ['disk', 'network', 'chance'] },
  store: { imports: ['oci'], touches: ['disk', 'process', 'clock', 'timers', 'chance'] },
  context: { imports: ['oci', 'dockerfile'], touches: ['disk'] },
  lint: { imports: ['oci', 'dockerfile', 'context/global-values', 'context/base-for-other'] },
  layer: { imports: ['oci', 'tar', 'program'], touches: ['disk', 'machine'] },
  registry: { imports: ['oci', 'program'], touches: ['disk', 'network', 'clock', 'timers', 'chance'] },
  remote: {
    imports: ['oci', 'dockerfile', 'tar', 'layer', 'program', 'registry', 'store'],
    touches: ['disk', 'network'],
  },
  'registry-server': { imports: ['oci', 'store'], touches: ['disk', 'network', 'clock', 'timers', 'chance'] },
  project: { imports: ['oci', 'dockerfile'], touches: ['disk', 'process', 'chance'] },
  'engine/solver': { imports: ['oci'] },
  'engine/executor': {
    imports: ['oci', 'program'],
    touches: ['disk', 'network', 'machine', 'process', 'timers', 'chance'],
  },
  'engine/snapshot': { imports: ['oci', 'layer', 'store', 'program'], touches: ['disk'] },
  'engine/cache': {
    imports: ['oci', 'layer', 'store', 'registry', 'engine/snapshot/snapshot', 'engine/solver/result-cache'],
    touches: ['disk'],
  },
  'engine/op': {
    imports: [
      'oci',
      'dockerfile',
      'layer',
      'store',
      'context',
      'remote',
      'ssh',
      'engine/solver',
      'engine/executor',
      'engine/snapshot',
    ],
    touches: ['disk'],
  },
  'engine/frontend': {
    imports: [
      'oci',
      'dockerfile',
      'context',
      'remote/remote-pin',
      'engine/solver/vertex',
      'engine/op/op-definition',
      'engine/op/chmod',
    ],
  },
  'engine/exporter': {
    imports: ['oci', 'tar', 'store', 'layer', 'registry', 'engine/snapshot', 'engine/frontend/lower-input'],
    // Of the network the sockets of Docker and Podman, and the class that writes to named pipes without a thread.
    touches: ['disk', 'network', 'timers', 'chance'],
  },
  worker: {
    imports: ['oci', 'builder', 'engine', 'store', 'registry', 'dockerfile', 'program'],
    touches: ['disk', 'network', 'machine', 'process', 'clock', 'timers'],
  },
  'orchestrator/key': { imports: ['oci', 'dockerfile', 'context', 'project'] },
  'orchestrator/state': {
    imports: ['oci', 'dockerfile', 'context', 'project', 'registry', 'remote', 'store', 'orchestrator/key'],
    touches: ['timers'],
  },
  'orchestrator/plan': {
    imports: ['oci', 'dockerfile', 'context', 'project', 'store', 'orchestrator/key', 'orchestrator/state'],
  },
  'orchestrator/run': {
    imports: [
      'oci',
      'context',
      'project',
      'store',
      'builder',
      'orchestrator/key',
      'orchestrator/state',
      'orchestrator/plan',
    ],
  },
  'orchestrator/publish': {
    imports: ['oci', 'project', 'registry', 'store', 'orchestrator/state', 'orchestrator/plan', 'orchestrator/run'],
  },
};

/** The files between the floors, which put the rooms together. Those of cli/ may touch all but programs. */
export const engine = { touches: ['disk', 'machine', 'process'] };

/** Room → what it may touch of time, chance and the process instead of being handed it → why. Shown in doc/architecture.md. */
export const reasons = {
  program: {
    process: 'the environment of a program that is to have all of it',
    timers: 'how long a program gets',
  },
  store: {
    process: 'who holds a lock is told by its process; whose directory it is, by its user',
    clock: 'how long a lock was silent, on the one clock that never goes back; life signs',
    timers: 'waiting for a lock, giving life signs',
    chance: 'names that no other process takes; who waits for one lock does not ask in step',
  },
  registry: {
    clock: 'when a token ends, how slow a transfer is; tests give their own (`RegistryHooks`)',
    timers: 'pauses between attempts, deadlines of replies',
    chance: 'pauses of several clients are not to be the same; tests give their own (`RegistryHooks`)',
  },
  'registry-server': {
    clock: 'how slow a client sends, how long a reply took',
    timers: 'the end of connections that do not end',
    chance: 'ids of uploads, which nobody is to guess',
  },
  ssh: { chance: 'signatures that have a random number in them' },
  project: {
    process: 'whether the one that was interrupted in a cascade still runs',
    chance: 'names of journals that no other process takes',
  },
  engine: { process: 'its user and its architecture' },
  'engine/executor': {
    process: 'its own ids and architecture; ending what it started',
    timers: 'how long a helper gets to start and to end',
    chance: 'a word that only its own trial knows',
  },
  'engine/exporter': {
    timers: 'looking again whether a pipe has a reader',
    chance: 'names of unfinished files that no other process takes',
  },
  worker: {
    process: 'it is one: the entry of a program, as cli/ is',
    clock: 'it hands the engine its clock, as cli/ does to the others: a function crosses no process border',
    timers: 'how long the other process gets to answer and to end',
  },
  'orchestrator/state': { timers: 'how long a registry is waited for where the store has an answer' },
};

/** What of the machine a room may touch → the modules that do; chance, and what needs no import, is in .biome.json. */
const modules = {
  disk: ['fs', 'fs/promises'],
  network: ['net', 'http', 'http2', 'https', 'tls', 'dgram', 'dns', 'dns/promises', 'undici'],
  programs: ['child_process', 'worker_threads', 'cluster', 'execa'],
  machine: ['os'],
  clock: ['perf_hooks'],
  timers: ['timers', 'timers/promises'],
};

/** Those of Node's that touch nothing. Any other, such as `module`, `vm` and `process`, would be a way around these rules. */
const harmless = [
  'assert',
  'assert/strict',
  'async_hooks',
  'buffer',
  'crypto',
  'events',
  'path',
  'path/posix',
  'stream',
  'stream/consumers',
  'stream/promises',
  'string_decoder',
  'url',
  'util',
  'zlib',
];

/** Those that print, or that speak to a person. */
const terminal = ['chalk', 'listr2', 'yargs', 'readline', 'readline/promises', 'tty'];

const roots = [
  'result',
  'progress',
  'semaphore',
  'map-bounded',
  'next-turn',
  'remove-tree',
  'read-regular-file',
  'tree-path',
].map((file) => `^src/${file}\\.ts$`);
const pathOf = (room) => `^src/${room}(/|\\.ts$)`;
/** As a module of Node's, or as a package. */
const moduleNamed = (name) => `^((node:)?${name}|node_modules/${name}/.*)$`;

export default {
  forbidden: [
    ...Object.entries(rooms).map(([room, { imports }]) => ({
      name: `${room.replace('/', '-')}-imports-down-only`,
      severity: 'error',
      comment: `src/${room} may import ${imports.join(', ') || 'nothing'}, result.ts and progress.ts: see doc/architecture.md`,
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: [pathOf(room), ...imports.map(pathOf), ...roots] },
    })),
    ...Object.entries(modules).map(([what, names]) => ({
      name: `${what}-touched-only-where-it-may-be`,
      severity: 'error',
      comment: `this room may not touch the ${what}: see doc/architecture.md`,
      from: {
        path: '^src/',
        pathNot: [
          ...(what === 'programs' ? [] : ['^src/cli/']),
          ...(engine.touches.includes(what) ? ['^src/engine/[^/]*$'] : []),
          // isIP() asks nobody.
          '^src/engine/frontend/ports\\.ts$',
          ...roots,
          ...Object.entries(rooms).flatMap(([room, { touches = [] }]) =>
            touches.includes(what) ? [`^src/${room}/`] : [],
          ),
        ],
      },
      to: { path: names.map(moduleNamed) },
    })),
    {
      name: 'no-way-around',
      severity: 'error',
      comment: 'a module of Node that is not in the lists of this file: say what of the machine it touches.',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['core'],
        pathNot: [...harmless, ...terminal, ...Object.values(modules).flat()].map(moduleNamed),
      },
    },
    {
      name: 'nothing-unknown',
      severity: 'error',
      comment: 'nobody can say what of the machine it touches.',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'only-cli-prints',
      severity: 'error',
      comment: 'whoever has something to tell returns it, or hands it to the progress that it was given.',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: terminal.map(moduleNamed) },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      comment: 'cli/ prints, exits and reads the environment; whoever needs something of it is to be given it.',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'but for a failure.ts that names itself, of whose functions it tells the reasons.',
      from: { path: '^((?:src|test)/.+)$' },
      to: { circular: true, pathNot: '^$1$' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
    {
      name: 'src-does-not-know-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
  },
};
