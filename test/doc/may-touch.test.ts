import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/paths.ts';

/** What of the machine it touches; `nothing` is for everyone, `never` for nobody but cli/. */
type Kind =
  | 'disk'
  | 'network'
  | 'programs'
  | 'machine'
  | 'process'
  | 'clock'
  | 'timers'
  | 'chance'
  | 'never'
  | 'nothing';

/** Each is a line of a file in every room. */
const plants: readonly (readonly [Kind, string])[] = [
  ['nothing', "import { createHash, type Hash } from 'node:crypto'"],
  ['nothing', "import { join } from 'node:path'"],
  ['nothing', 'export const given = new Date(5).toISOString()'],
  ['nothing', 'export const day = new Date(Date.UTC(2000, 1, 1)).getTime() + Date.parse("2000-01-01")'],
  ['nothing', 'export const most = Math.max(1, Math.floor(Math.PI))'],
  ['nothing', 'export const either = (given: AbortSignal) => AbortSignal.any([given, AbortSignal.abort()])'],
  ['nothing', 'export const isDate = (value: Date): value is Date => typeof value === "object"'],
  ['nothing', 'export const order = new Intl.Collator("en").compare'],
  ['nothing', 'export const constant = [5] as const'],
  ['disk', "import * as disk from 'node:fs'"],
  ['disk', "import 'fs/promises'"],
  ['disk', "export const lazily = await import('node:fs/promises')"],
  ['network', "import 'node:net'"],
  ['network', "import { request } from 'undici'"],
  ['network', "export const fetched = fetch('http://localhost')"],
  ['network', "export const socket = new WebSocket('ws://localhost')"],
  ['programs', "import 'node:child_process'"],
  ['programs', "import { execa } from 'execa'"],
  ['programs', "import 'node:worker_threads'"],
  ['machine', "import 'node:os'"],
  ['process', 'export const id = process.pid'],
  ['clock', "import 'node:perf_hooks'"],
  ['clock', 'export const now = Date.now()'],
  ['clock', 'export const clock = Date.now'],
  ['clock', 'export const text = Date()'],
  ['clock', 'export const date = new Date()'],
  ['clock', 'export const bare = new Date'],
  ['clock', "export const keyed = Date['now']()"],
  ['clock', 'export const { now: taken } = Date'],
  ['clock', "export const inside = new Date(Date['now']())"],
  ['clock', 'export const renamed = Date'],
  ['clock', 'export const formatted = new Intl.DateTimeFormat().format()'],
  ['clock', 'export const { DateTimeFormat } = Intl'],
  ['clock', "export const formatter = new Intl['DateTimeFormat']()"],
  ['clock', 'export const since = performance.now()'],
  ['clock', "export const stamp = new Event('x').timeStamp"],
  ['clock', "export const modified = new File([], 'x').lastModified"],
  ['timers', 'export const slept = Atomics.wait(new Int32Array(1), 0, 0, 1)'],
  ['timers', 'export const { port1 } = new MessageChannel()'],
  ['timers', "import 'node:timers'"],
  ['timers', "import * as timers from 'node:timers/promises'"],
  ['timers', 'export const timer = setTimeout(() => {}, 1)'],
  ['timers', 'export const beat = setInterval(() => {}, 1)'],
  ['timers', 'export const deadline = AbortSignal.timeout(1)'],
  ['timers', "export const keyedDeadline = AbortSignal['timeout'](1)"],
  ['timers', 'export const { timeout } = AbortSignal'],
  ['chance', 'export const drawn = Math.random()'],
  ['chance', "export const keyedDrawn = Math['random']()"],
  ['chance', 'export const { random } = Math'],
  ['chance', 'export const numbers = Math'],
  ['chance', "import { randomBytes } from 'node:crypto'"],
  ['chance', "import * as everything from 'node:crypto'"],
  ['chance', "export const later = (await import('node:crypto')).randomUUID()"],
  ['chance', 'export const uuid = crypto.randomUUID()'],
  ['never', "import { env } from 'node:process'"],
  ['never', "export const path = process.env['PATH']"],
  ['never', 'export const { env } = process'],
  ['never', 'export const machine = process'],
  ['never', "export const keyedPath = process['env']"],
  ['never', 'export const { pid } = process'],
  ['never', "export const net = process.getBuiltinModule('node:net')"],
  ['never', 'export const ticks = process.hrtime()'],
  ['never', 'export const age = process.uptime()'],
  ['never', 'export const again = globalThis.Date.now()'],
  ['never', 'export const always = global.Date'],
  ['never', 'export const cores = navigator.hardwareConcurrency'],
  ['never', "import { createRequire } from 'node:module'"],
  ['never', "import 'node:vm'"],
  ['never', "import 'node:inspector'"],
  ['never', "import 'node:v8'"],
  ['never', "import { DatabaseSync } from 'node:sqlite'"],
  ['never', "import chalk from 'chalk'"],
  ['never', "export const made = new Function('return process')()"],
  ['never', "export const called = Function('return process')()"],
  ['never', "export const imported = await import(['node', 'fs'].join(':'))"],
  ['never', "console.log('printed')"],
  ['never', 'export const a = (5 as unknown) as string'],
  ['never', 'export const b = 5 as unknown as string'],
  ['never', 'export const c = 5 as never as string'],
  ['never', 'export const d = <string>(5 as unknown)'],
  ['never', 'export const e = <string><unknown>5'],
  ['never', 'export const f = 5 as any as string'],
];

interface Rules {
  readonly rooms: Readonly<Record<string, { readonly touches?: readonly string[] }>>;
  readonly engine: { readonly touches: readonly string[] };
  readonly reasons: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const { rooms, engine, reasons } = (await import(pathToFileURL(join(root, '.dependency-cruiser.mjs')).href)) as Rules;
const touches = Object.entries({ ...rooms, engine }).map(([room, { touches = [] }]) => ({ room, touches }));

test('what a room may not touch is refused by Biome or by dependency-cruiser, line by line', (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'cip-may-touch-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  for (const name of ['.biome.json', '.lint', '.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
    cpSync(join(root, name), join(scratch, name), { recursive: true });
  for (const name of ['undici', 'execa', 'chalk']) {
    mkdirSync(join(scratch, 'node_modules', name), { recursive: true });
    writeFileSync(join(scratch, 'node_modules', name, 'index.js'), '');
  }
  for (const { room } of touches) {
    mkdirSync(join(scratch, 'src', room), { recursive: true });
    writeFileSync(join(scratch, 'src', room, 'planted.ts'), plants.map(([, line]) => `${line};\n`).join(''));
  }
  const refused = new Set([...byBiome(scratch), ...byImports(scratch)]);
  for (const { room, touches: allowed } of touches) {
    const passed = plants.filter((_, at) => !refused.has(`src/${room}/planted.ts:${at + 1}`));
    const right = plants.filter(([kind]) => kind === 'nothing' || allowed.includes(kind));
    assert.deepEqual(passed, right, room);
  }
});

test('time, chance and the process are touched only where a reason is given', () => {
  const named = ['process', 'clock', 'timers', 'chance'];
  for (const { room, touches: allowed } of touches) {
    assert.deepEqual(
      Object.keys(reasons[room] ?? {}),
      allowed.filter((kind) => named.includes(kind)),
      room,
    );
  }
});

/** `file:line` of each error. */
function byBiome(scratch: string): readonly string[] {
  const { stdout } = run(scratch, 'biome', [
    'lint',
    '--vcs-enabled=false',
    '--reporter=github',
    '--max-diagnostics=none',
    'src',
  ]);
  const rules = 'plugin|lint/style/(?:noRestrictedGlobals|noRestrictedImports|noProcessEnv)|lint/suspicious/noConsole';
  const found = stdout.matchAll(new RegExp(`^::error title=(?:${rules}),file=.*?(src/[^,]*),line=(\\d+),`, 'gm'));
  return [...found].map(([, file, line]) => `${file}:${line}`);
}

/** `file:line` of each import that is not allowed. */
function byImports(scratch: string): readonly string[] {
  const { stdout } = run(scratch, 'depcruise', ['--output-type', 'json', 'src']);
  const { modules } = JSON.parse(stdout) as {
    readonly modules: readonly {
      readonly source: string;
      readonly dependencies: readonly { readonly module: string; readonly valid: boolean }[];
    }[];
  };
  return modules.flatMap(({ source, dependencies }) =>
    dependencies
      .filter(({ valid }) => !valid)
      .flatMap(({ module }) =>
        plants.flatMap(([, line], at) =>
          new RegExp(`'(?:node:)?${module}'`).test(line) ? [`${source}:${at + 1}`] : [],
        ),
      ),
  );
}

function run(cwd: string, tool: string, args: readonly string[]): { readonly stdout: string } {
  const [program, path] = binary(tool);
  return spawnSync(program, [...path, ...args], { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
}

function binary(tool: string): readonly [string, readonly string[]] {
  const name = tool === 'biome' ? '@biomejs/biome' : 'dependency-cruiser';
  const { bin } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
    readonly bin: Readonly<Record<string, string>>;
  };
  return [process.execPath, [join(root, 'node_modules', name, bin[tool]!)]];
}
