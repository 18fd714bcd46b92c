import { posix } from 'node:path';
import { bindSelector } from '../../context/selector.ts';
import type { RunMount } from '../../dockerfile/dockerfile.ts';
import { expand } from '../../dockerfile/expand.ts';
import { expandMount } from '../../dockerfile/instructions/run-mount.ts';
import { invalidMount } from '../../dockerfile/value-failure.ts';
import { type Failure, ok } from '../../result.ts';
import type { ExecMount, Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { sourceOf } from './copy.ts';
import { invalidValue } from './failure.ts';
import type { InstructionContext } from './lowering-context.ts';
import { resolvePath } from './resolve-path.ts';
import type { StageState } from './stage-state.ts';
import { step } from './step.ts';

interface MountContext {
  readonly state: StageState;
  readonly context: InstructionContext;
  /** How many SSH agents were mounted before it. */
  readonly agents: number;
  /** Adds an input to the step and returns how many there are then. */
  readonly addInput: (vertex: Vertex<Step>) => number;
}

/** Types that have no place of their own. */
const needsTarget: readonly RunMount['type'][] = ['bind', 'cache', 'tmpfs'];

/** What one `--mount` means; undefined when it was reported or an image below it is not known yet. */
export function lowerRunMount(written: RunMount, place: MountContext): ExecMount | undefined {
  const { state, context } = place;
  const { lowering } = context;
  const expanded = expandMount(written, (word) => {
    const result = expand(word, state.valueOf, lowering.expansion);
    return result.ok ? ok(result.value.value) : result;
  });
  if (!expanded.ok) {
    lowering.fail(...expanded.failure);
    return undefined;
  }
  const mount = expanded.value;
  const problem = impossibleNumber(mount);
  if (problem) {
    lowering.fail(problem);
    return undefined;
  }
  const { target } = mount;
  if (target === undefined && needsTarget.includes(mount.type)) {
    const hint = `add where it is to be, for example target=${mount.type === 'cache' ? '/root/.cache' : '/mnt'}`;
    lowering.fail(invalidMount(`is of type ${mount.type} and has no target`, mount.at, hint));
    return undefined;
  }
  if (target !== undefined && posix.isAbsolute(target) && resolvePath(target, '/') === '/') {
    lowering.fail(
      invalidValue(
        { what: 'the target of a mount', value: target, hint: 'mount it at a directory below the root' },
        mount.at,
      ),
    );
    return undefined;
  }
  const absolute = target === undefined ? undefined : resolvePath(target, state.workdir);
  switch (mount.type) {
    case 'bind':
      return lowerBind(mount, { ...place, target: absolute ?? '/', source: mount.source ?? '' });
    case 'tmpfs':
      return { type: 'tmpfs', target: absolute ?? '/', size: sizeOf(mount.size, mount, context) };
    case 'cache': {
      const seed = mount.from && sourceOf(mount.from, state, context);
      if (mount.from && !seed) return undefined;
      const source = clean(mount.source ?? '');
      return {
        type: 'cache',
        id: mount.id ?? absolute ?? '/',
        target: absolute ?? '/',
        sharing: mount.sharing ?? 'shared',
        readonly: mount.readonly,
        // What a seed has is known only when there is one.
        mode: seed && !mount.mode ? undefined : numberOf(mount.mode, 0o755, 8),
        uid: seed && !mount.uid ? undefined : numberOf(mount.uid, 0),
        gid: seed && !mount.gid ? undefined : numberOf(mount.gid, 0),
        seed: seed && { input: place.addInput(seed), source },
      };
    }
    case 'secret': {
      const env = mount.env;
      const id = mount.id ?? mount.source ?? (absolute ? posix.basename(absolute) : env);
      if (!id) {
        context.lowering.fail(
          invalidValue({ what: 'the id of a secret', value: '', hint: 'write --mount=type=secret,id=NAME' }, mount.at),
        );
        return undefined;
      }
      return {
        type: 'secret',
        id,
        target: absolute ?? (env === undefined ? `/run/secrets/${posix.basename(id)}` : undefined),
        env,
        required: mount.required ?? false,
        mode: numberOf(mount.mode, 0o400, 8) & 0o777,
        uid: numberOf(mount.uid, 0),
        gid: numberOf(mount.gid, 0),
      };
    }
    case 'ssh': {
      if (mount.source !== undefined) {
        lowering.fail(invalidMount('is of type ssh and cannot have source', mount.at, 'name the agent with id='));
        return undefined;
      }
      return {
        type: 'ssh',
        id: mount.id ?? 'default',
        target: absolute ?? `/run/buildkit/ssh_agent.${place.agents}`,
        required: mount.required ?? false,
        mode: numberOf(mount.mode, 0o600, 8) & 0o777,
        uid: numberOf(mount.uid, 0),
        gid: numberOf(mount.gid, 0),
      };
    }
  }
}

/** Files of the context are selected like those of a COPY, so .dockerignore holds and only they are part of the key. */
function lowerBind(
  mount: RunMount,
  place: MountContext & { readonly target: string; readonly source: string },
): ExecMount | undefined {
  const { state, context, target, addInput } = place;
  const source = clean(place.source);
  const from = mount.from ? sourceOf(mount.from, state, context) : contextFiles(place.source, mount, context);
  return from && { type: 'bind', input: addInput(from), source, target, readonly: mount.readonly };
}

function contextFiles(source: string, { at }: RunMount, { lowering, stage }: InstructionContext): Vertex<Step> {
  const { image, context, epoch } = lowering.input;
  const text = `RUN --mount=type=bind,source=${source}`;
  const name = source === '' ? '.' : source;
  const base = step({ op: { kind: 'scratch' }, inputs: [], name: 'FROM scratch' });
  return step(
    {
      op: {
        kind: 'copy',
        source: { type: 'context' },
        ...bindSelector(source),
        inline: [],
        destination: '/',
        link: true,
        unpack: false,
        mtime: lowering.mtime,
        epoch,
      },
      inputs: [base],
      name: `[internal] files of the context: ${name}`,
    },
    { origin: { image, stage: stage.name ?? `${stage.index}`, at, text }, context },
  );
}

/** Relative to the source's root, whatever `..` says. */
function clean(path: string): string {
  return resolvePath(path, '/').slice(1);
}

/** Digits are checked when the mount is expanded; here, whether the system has such a mode or owner. */
function impossibleNumber({ mode, uid, gid, at }: RunMount): Failure | undefined {
  if (numberOf(mode, 0, 8) > 0o7777)
    return invalidValue({ what: 'the mode of a mount', value: mode!, hint: 'write at most mode=7777' }, at);
  const id = [uid, gid].find((text) => numberOf(text, 0) > ID_LIMIT);
  return id === undefined
    ? undefined
    : invalidValue({ what: 'the owner of a mount', value: id, hint: `write at most ${ID_LIMIT}` }, at);
}

/** 2³²-1 means nobody to chown(2). */
const ID_LIMIT = 0xffff_fffe;

/** The text was checked when the mount was expanded. */
function numberOf(text: string | undefined, fallback: number, radix = 10): number {
  return text === undefined || text === '' ? fallback : Number.parseInt(text, radix);
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

function sizeOf(text: string | undefined, mount: RunMount, context: InstructionContext): number | undefined {
  if (text === undefined || text === '') return undefined;
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(text);
  if (match) return Math.floor(Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1));
  context.lowering.fail(
    invalidValue({ what: 'size of a tmpfs', value: text, hint: 'write for example size=64m' }, mount.at),
  );
  return undefined;
}
