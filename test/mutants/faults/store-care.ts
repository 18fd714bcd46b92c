import type { Fault } from '../fault.ts';

const inClaims = { file: 'src/store/claims.ts', tests: ['test/store/claims.test.ts'] };
const inChoice = { file: 'src/store/choose.ts', tests: ['test/store/choose.test.ts'] };
const inInventory = { file: 'src/store/inventory.ts', tests: ['test/store/claims.test.ts', 'test/store/care.test.ts'] };
const inRecords = { file: 'src/store/record-care.ts', tests: ['test/store/care.test.ts'] };
const unpackedTests = ['test/e2e/verify-unpacked.slow.test.ts'];
const inVerify = { file: 'src/store/verify-blobs.ts', tests: ['test/store/care.test.ts'] };
const inNames = { file: 'src/store/incomplete-images.ts', tests: ['test/store/care.test.ts'] };
const atTheEnd = {
  file: 'src/cli/care-after-build.ts',
  tests: ['test/e2e/cache.test.ts', 'test/cli/quantities.test.ts'],
};

const stages = ['test/e2e/no-cache-filter.test.ts'];
const inSolver = { file: 'src/engine/solver/solver.ts', tests: stages };

/** What is taken from a store and what never is. */
export const faults: readonly Fault[] = [
  {
    name: 'a claim leaves no time behind',
    ...inClaims,
    find: 'if (mtimeMs < this.#session.startedAt) await this.#keep(path);',
    replace: '',
  },
  {
    name: 'a claim does not wait for who takes things away',
    ...inClaims,
    find: 'return (await this.settled()) ? (await stat(path)).size : size;',
    replace: 'return size;',
  },
  {
    name: 'a claim that has waited does not look again',
    ...inClaims,
    find: '(await this.settled()) ? (await stat(path)).size : size',
    replace: '(await this.settled()) ? size : size',
  },
  {
    name: 'reading a blob does not claim it',
    file: 'src/store/blob.ts',
    find: 'if (mtimeMs < this.#session.startedAt) await this.#claims.claim(path);',
    replace: '',
    tests: ['test/store/claims.test.ts'],
  },
  {
    name: 'what is in use is taken',
    ...inChoice,
    find: '!isInUse && (wish.takesNeeded',
    replace: '(isInUse || !isInUse) && (wish.takesNeeded',
  },
  {
    name: 'what images need is taken unasked',
    ...inChoice,
    find: '(wish.takesNeeded || !isNeeded)',
    replace: '(wish.takesNeeded || !isNeeded || isNeeded)',
  },
  {
    name: 'the most recently used is taken first',
    ...inChoice,
    find: 'a.lastUse - b.lastUse',
    replace: 'b.lastUse - a.lastUse',
  },
  {
    name: 'of what was used at the same time the dearest is taken first',
    ...inChoice,
    find: 'ranks[a.kind]! - ranks[b.kind]!',
    replace: 'ranks[b.kind]! - ranks[a.kind]!',
  },
  {
    name: 'more is taken than the limit asks for',
    ...inChoice,
    find: 'total -= size;',
    replace: '',
  },
  {
    name: 'what is temporary counts for the size of a store',
    ...inChoice,
    find: "kind === 'temporary' ? sum : sum + size",
    replace: 'kind ? sum + size : sum',
  },
  {
    name: 'images with names are taken',
    ...inInventory,
    find: "kind: isNeeded ? 'image' : 'layer'",
    replace: "kind: isNeeded ? 'layer' : 'layer'",
  },
  {
    name: 'what a document in use names is taken',
    ...inInventory,
    find: 'isUsed(file) || held.has(file.name)',
    replace: 'isUsed(file)',
  },
  {
    name: 'unpacked layers of images count as needed by none',
    ...inInventory,
    find: 'for (const id of [...diffIDs, ...chainIDsOf(diffIDs)]) found.add(hexOf(id));',
    replace: '',
  },
  {
    name: 'what this process has used itself is never taken',
    ...inInventory,
    find: '(await oldestStart(paths, session))',
    replace: '(await oldestStart(paths))',
  },
  {
    name: 'records of what is gone stay',
    ...inRecords,
    find: 'origin !== undefined || isThere(blob.digest)',
    replace: 'origin !== undefined || blob.digest',
    only: 'without names everything is taken',
  },
  {
    name: 'a log grows for ever',
    ...inRecords,
    find: 'if (!isForced && before <',
    replace: 'if (!isForced || before <',
  },
  {
    name: 'a log is left with its oldest records',
    file: 'src/store/record-log.ts',
    find: 'return records.slice(first);',
    replace: 'return records.slice(0, records.length - first);',
    tests: ['test/store/care.test.ts'],
  },
  {
    name: 'verify removes what it was not asked to',
    ...inVerify,
    find: 'repairs && wrong.length > 0',
    replace: 'wrong.length > 0 || repairs',
  },
  {
    name: 'an image without one of its layers is whole',
    ...inNames,
    find: '=== undefined) missing.push(next);',
    replace: '=== undefined && next === root.digest) missing.push(next);',
  },
  {
    name: 'an incomplete image keeps one of its names',
    ...inNames,
    find: 'lacking.flatMap(([, one]) => one.names)',
    replace: 'lacking.map(([, one]) => one.names[0]!)',
  },
  {
    name: 'looking takes names away',
    ...inNames,
    find: 'repairs && unwanted.length > 0',
    replace: 'unwanted.length > 0',
  },
  {
    name: 'what broken documents name is looked for',
    ...inNames,
    find: 'seen.has(next) || broken.has(next)',
    replace: 'seen.has(next)',
  },
  {
    name: 'an image that lacks a layer is shown as whole',
    file: 'src/cli/commands/image-ls.ts',
    find: 'if (missing.length === 0) return summary;',
    replace: 'if (missing.length >= 0) return summary;',
    tests: ['test/e2e/damaged-store.slow.test.ts'],
    only: 'whoever meets the damage first',
  },
  {
    name: 'damage in the store is said to be in a registry',
    file: 'src/store/blob.ts',
    find: 'verifyStream(descriptor, where, damagedHint)',
    replace: 'verifyStream(descriptor, where)',
    tests: ['test/e2e/damaged-store.slow.test.ts'],
    only: 'whoever meets the damage first',
  },
  {
    name: 'where names cannot be read blobs are not verified',
    file: 'src/store/verify-blobs.ts',
    find: 'if (error instanceof FailureError) return new Map();',
    replace: '',
    tests: ['test/e2e/damaged-store.slow.test.ts'],
    only: 'names that cannot be read',
  },
  {
    name: 'verify believes what it reads',
    ...inVerify,
    find: "isGood: hash.digest('hex') === hexOf(digest)",
    replace: "isGood: hash.digest('hex') !== ''",
  },
  {
    name: 'nothing is taken after a build',
    ...atTheEnd,
    find: 'const freed = await takeAway(store, { limits, takesNeeded: true }, signal);',
    replace: 'const freed = await takeAway(store, { limits: { maxSize: Infinity }, takesNeeded: true }, signal);',
  },
  {
    name: 'without a limit all is taken after a build',
    ...atTheEnd,
    find: 'if (Object.values(limits).every((limit) => limit === undefined)) return;',
    replace: '',
  },

  {
    name: 'steps of the stages named are taken from the cache',
    ...inSolver,
    find: "if (is(vertex.op)) found.set(vertex.digest, 'itself');",
    replace: "if (is(vertex.op)) found.set(vertex.digest, 'above');",
  },
  {
    name: 'what stands on a step that was run anew is found by how it was made',
    ...inSolver,
    find: "found.set(digest, 'above');",
    replace: '',
    only: 'something else',
  },
  {
    name: 'what stands on a step that gave the same again is run anew',
    ...inSolver,
    find: "this.#anew.get(vertex.digest) === 'above' ? this.#context.cache : this.#cacheOf(vertex)",
    replace: 'this.#cacheOf(vertex)',
  },
  {
    name: 'a stage is known by its name as it was typed',
    file: 'src/engine/engine.ts',
    find: 'stage.ok ? [stage.value.name ?? String(stage.value.index)] : []',
    replace: 'stage.ok ? [wanted] : []',
    tests: stages,
  },
  {
    name: 'a stage that no Dockerfile has is passed over',
    file: 'src/cli/unknown-stages.ts',
    find: '!dockerfiles.some(',
    replace: 'dockerfiles.length === 0 && !dockerfiles.some(',
    tests: stages,
  },
  {
    name: 'what is pulled counts for no limit',
    file: 'src/cli/transfer-images.ts',
    find: "if (to === 'store' && transferred.copied.length > 0) world.storeGrew();",
    replace: '',
    tests: ['test/e2e/cache-care.slow.test.ts'],
    only: 'what is pulled over the limit',
  },
  ...(
    [
      [
        'content',
        'a byte of a file flips',
        "return digest === undefined ? 'unreadable' : 'content';",
        'return undefined;',
      ],
      ['type', 'a file is a directory', "if (node.type !== entry.type) return 'type';", ''],
      [
        'target',
        'a link leads elsewhere',
        "node.target !== entry.target) return 'target'",
        "node.target === '') return 'target'",
      ],
      ['link', 'another name is another file', "(isOther ? 'link' : undefined)", 'undefined'],
      ['mode', 'a mode has changed', 'node.mode !== entry.mode', 'node.mode > 0o7777'],
      ['owner', 'an owner has changed', 'node.uid !== entry.uid || ', ''],
      ['group', 'the group of a link', ' || node.gid !== entry.gid', ''],
      ['time', 'a time has changed', 'node.mtime !== entry.mtime', 'node.mtime < 0'],
      ['time of a directory', 'the time of a directory', 'return lesser;', 'return undefined;'],
      [
        'absence',
        'a file is gone',
        'isUnpacked(entry, hasDevices)) return',
        'isUnpacked(entry, false) && false) return',
      ],
      ['surplus', 'a file is more', "if (!isOnTheWay) return { path, what: 'added' };", ''],
      [
        'whiteout that is lost',
        'what was removed shows again',
        'for (const path of whiteouts ?? []) if',
        'for (const path of []) if',
      ],
      ['whiteout that hides', 'what is there is hidden', 'whiteouts !== undefined && !whiteouts.has(path)', 'false'],
    ] as const
  ).map(([what, only, find, replace]) => ({
    name: `verify does not see another ${what} of an unpacked layer`,
    file: 'src/layer/compare-unpacked.ts',
    find,
    replace,
    tests: unpackedTests,
    only: `${only}|an unpacked layer that has changed`,
  })),
  {
    name: 'locks of the dead stay until somebody waits for them',
    file: 'src/store/store.ts',
    find: 'for (const path of [paths.lock, paths.taking]) await new Lock(path, locks).clear();',
    replace: '',
    tests: ['test/store/lock.test.ts'],
  },
  {
    name: 'opening a store takes a lock from who holds it',
    file: 'src/store/lock.ts',
    find: 'if (target !== undefined && isDead(target)) await this.#removeStale(this.#path, target);',
    replace: 'if (target !== undefined) await this.#removeStale(this.#path, target);',
    tests: ['test/store/lock.test.ts'],
  },
  {
    name: 'what prune takes stays in the store when it is killed',
    file: 'src/store/care.ts',
    find: "const path = session.tempPath('taken');",
    replace: "const path = `${entry.path}.taken`; session.tempPath('taken');",
    tests: ['test/e2e/prune-kills.slow.test.ts'],
  },
  {
    name: 'verify takes an unpacked layer that a step stands on',
    file: 'src/store/care.ts',
    find: '() => store.claims.whileTaking(() => moveAside(store, entries, signal), signal),',
    replace:
      'async () => { const aside = []; for (const entry of entries) { const path = store.session.tempPath("taken"); await rename(entry.path, path); aside.push({ entry, path }); } return aside; },',
    tests: unpackedTests,
    only: 'that a step stands on',
  },
  {
    name: 'verify removes unpacked layers that it was not asked to',
    file: 'src/engine/snapshot/verify-unpacked.ts',
    find: 'repairs && paths.length > 0',
    replace: 'repairs || paths.length > 0',
    tests: unpackedTests,
    only: 'a file is gone|an unpacked layer that has changed',
  },
  {
    name: 'verify knows stacks of images alone',
    file: 'src/engine/snapshot/verify-unpacked.ts',
    find: 'for await (const layers of this.#others) add(layers);',
    replace: '',
    tests: unpackedTests,
    only: 'a stack that no image has|an unpacked layer that has changed',
  },
  {
    name: 'verify knows stacks of results alone',
    file: 'src/engine/snapshot/verify-unpacked.ts',
    find: 'add(Layered.safeParse(await jsonIn(path)).data?.rootfs.diff_ids ?? []);',
    replace: '',
    tests: unpackedTests,
    only: 'a stack that no record has|an unpacked layer that has changed',
  },
];
