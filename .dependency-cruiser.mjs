// The architecture as rules: who may import whom. doc/architecture.md explains the rooms and is drawn from this.

/** Room → what it may import besides itself and the files that everyone may import. */
const may = {
  oci: [],
  tar: [],
  dockerfile: [],
  store: ['oci'],
  context: ['oci', 'dockerfile'],
  layer: ['oci', 'tar'],
  registry: ['oci'],
  'registry-server': ['oci', 'store'],
  project: ['oci', 'dockerfile'],
  'engine/solver': ['oci'],
  'engine/executor': ['oci'],
  'engine/snapshot': ['oci', 'layer', 'store'],
  'engine/cache': ['oci', 'store', 'engine/snapshot/snapshot', 'engine/solver/result-cache'],
  'engine/op': ['oci', 'layer', 'store', 'context', 'engine/solver', 'engine/executor', 'engine/snapshot'],
  'engine/frontend': [
    'oci',
    'dockerfile',
    'context',
    'engine/solver/vertex',
    'engine/op/op-definition',
    'engine/op/chmod',
  ],
  'engine/exporter': ['oci', 'tar', 'store', 'layer', 'registry', 'engine/snapshot', 'engine/frontend/lower-input'],
  worker: ['oci', 'builder', 'engine', 'store', 'registry', 'dockerfile'],
  orchestrator: ['oci', 'project', 'dockerfile', 'context', 'registry', 'store', 'builder'],
};

const roots = ['result', 'progress', 'semaphore', 'map-bounded', 'remove-tree', 'read-regular-file'].map(
  (file) => `^src/${file}\\.ts$`,
);
const pathOf = (room) => `^src/${room}(/|\\.ts$)`;

export default {
  forbidden: [
    ...Object.entries(may).map(([room, others]) => ({
      name: `${room.replace('/', '-')}-imports-down-only`,
      severity: 'error',
      comment: `src/${room} may import ${others.join(', ') || 'nothing'}, result.ts and progress.ts: see doc/architecture.md`,
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: [pathOf(room), ...others.map(pathOf), ...roots] },
    })),
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      comment: 'cli/ prints, exits and reads the environment; whoever needs something of it is to be given it.',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    { name: 'no-circular', severity: 'error', from: { path: '^(src|test)/' }, to: { circular: true } },
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
