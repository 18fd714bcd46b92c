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
  program: { imports: [], touches: ['disk', 'programs'] },
  store: { imports: ['oci'], touches: ['disk'] },
  context: { imports: ['oci', 'dockerfile'], touches: ['disk'] },
  layer: { imports: ['oci', 'tar', 'program'], touches: ['disk', 'machine'] },
  registry: { imports: ['oci', 'program'], touches: ['disk', 'network'] },
  'registry-server': { imports: ['oci', 'store'], touches: ['disk', 'network'] },
  project: { imports: ['oci', 'dockerfile'], touches: ['disk'] },
  'engine/solver': { imports: ['oci'] },
  'engine/executor': { imports: ['oci', 'program'], touches: ['disk', 'network', 'machine'] },
  'engine/snapshot': { imports: ['oci', 'layer', 'store', 'program'], touches: ['disk'] },
  'engine/cache': { imports: ['oci', 'store', 'engine/snapshot/snapshot', 'engine/solver/result-cache'] },
  'engine/op': {
    imports: ['oci', 'layer', 'store', 'context', 'engine/solver', 'engine/executor', 'engine/snapshot'],
    touches: ['disk'],
  },
  'engine/frontend': {
    imports: ['oci', 'dockerfile', 'context', 'engine/solver/vertex', 'engine/op/op-definition', 'engine/op/chmod'],
  },
  'engine/exporter': {
    imports: ['oci', 'tar', 'store', 'layer', 'registry', 'engine/snapshot', 'engine/frontend/lower-input'],
    // Of the network the class alone that writes to named pipes without a thread.
    touches: ['disk', 'network'],
  },
  worker: {
    imports: ['oci', 'builder', 'engine', 'store', 'registry', 'dockerfile', 'program'],
    touches: ['disk', 'network', 'machine'],
  },
  'orchestrator/key': { imports: ['oci', 'dockerfile', 'context', 'project'] },
  'orchestrator/state': {
    imports: ['oci', 'dockerfile', 'context', 'project', 'registry', 'store', 'orchestrator/key'],
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

/** What of the machine a room may touch → the modules that do. */
const modules = {
  disk: ['fs', 'fs/promises'],
  network: ['net', 'http', 'http2', 'https', 'tls', 'dgram', 'dns', 'dns/promises', 'undici'],
  programs: ['child_process', 'worker_threads', 'cluster', 'execa'],
  machine: ['os'],
};

/** Those that print, or that speak to a person. */
const terminal = ['chalk', 'listr2', 'yargs', 'readline', 'readline/promises', 'tty'];

const roots = ['result', 'progress', 'semaphore', 'map-bounded', 'remove-tree', 'read-regular-file', 'tree-path'].map(
  (file) => `^src/${file}\\.ts$`,
);
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
          ...(what === 'programs' ? [] : ['^src/cli/', '^src/engine/[^/]*$']),
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
