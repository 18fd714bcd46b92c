import type { AddInstruction, CopyInstruction } from '../../dockerfile/dockerfile.ts';
import { parseIgnorePattern } from '../../dockerfile/dockerignore.ts';
import { expand } from '../../dockerfile/expand.ts';
import { pathPattern } from '../../dockerfile/path-pattern.ts';
import { isRemoteSource } from '../../dockerfile/remote-source.ts';
import { excessOf } from '../../tree-path.ts';
import { applyChmod } from '../op/chmod.ts';
import type { CopyOp, FetchedSource, Step } from '../op/op-definition.ts';
import type { Vertex } from '../solver/vertex.ts';
import { invalidChmodFlag, invalidValue, located } from './failure.ts';
import type { InstructionContext } from './lowering-context.ts';
import { resolvePath } from './resolve-path.ts';
import type { StageState } from './stage-state.ts';

/** Adds a copy operation on top of the stage; its source is the context, a stage above or an image. */
export function lowerCopy(instruction: CopyInstruction, state: StageState, context: InstructionContext): void {
  const from = instruction.from && sourceOf(instruction.from, state, context);
  if (instruction.from && !from) return;
  const source: CopyOp['source'] = from ? { type: 'input' } : { type: 'context' };
  pushCopy({ instruction, state, context, source, from, parents: instruction.parents, unpack: false });
}

/**
 * What `--from` names. Variables of the lines above the first FROM may be used in it: BuildKit refuses that, so the
 * Dockerfile is then not portable, and a warning says so.
 */
export function sourceOf(
  from: NonNullable<CopyInstruction['from']>,
  state: StageState,
  context: InstructionContext,
): Vertex<Step> | undefined {
  const { lowering, stage, foreign } = context;
  const name = expand(from.value, lowering.globals, lowering.expansion);
  if (!name.ok) {
    lowering.fail(...located(name.failure, from.at));
    return undefined;
  }
  const others = name.value.used.filter((variable) => variable !== 'REGISTRY');
  if (others.length > 0) {
    lowering.warnings.push(
      `${from.at.file}:${from.at.line}: --from=${from.value} uses ${others.join(', ')}, which other builders refuse`,
    );
  }
  const { value: source } = name.value;
  return lowering.source(source, { before: stage.index, platform: state.platform, at: from.at, foreign });
}

/** What COPY and ADD have in common. */
export function pushCopy(options: {
  readonly instruction: CopyInstruction | AddInstruction;
  readonly state: StageState;
  readonly context: InstructionContext;
  readonly source: CopyOp['source'];
  readonly from?: Vertex<Step> | undefined;
  readonly parents: boolean;
  readonly unpack: boolean;
  /** The sources among those of the instruction that are no paths. */
  readonly fetched?: readonly FetchedSource[] | undefined;
}): void {
  const { instruction, state, context, source, from, parents, unpack, fetched } = options;
  const { at, text, keyword, link } = instruction;
  const exclude = instruction.exclude.flatMap((pattern) => {
    const parsed = parseIgnorePattern(pattern);
    if (!parsed.ok) context.lowering.fail({ ...parsed.failure, at });
    return parsed.ok ? [parsed.value] : [];
  });
  const fill = (word: string) => context.expand(word, state.valueOf, at);
  const words = instruction.sources.map(fill);
  const patterns = fetched === undefined ? words : words.filter((word) => !isRemoteSource(word));
  for (const pattern of patterns) {
    const parsed = pathPattern(pattern);
    if (!parsed.ok) context.lowering.fail({ ...parsed.failure, at });
  }
  const destination = fill(instruction.destination);
  const chown = instruction.chown === undefined ? undefined : fill(instruction.chown);
  const chmod = instruction.chmod === undefined ? undefined : fill(instruction.chmod);
  if (chmod && applyChmod(chmod, 0, false) === undefined) {
    context.lowering.fail(invalidChmodFlag(chmod, at));
  }
  const inline = instruction.heredocs.map(({ name, body, expand: expands }) => ({
    name,
    content: expands ? context.expandHeredoc(body, state.valueOf, at) : body,
  }));
  const target = absoluteDestination(destination, state.workdir);
  const paths = [target, ...inline.map(({ name }) => `${target}/${name}`)];
  const excess = paths.map((path) => excessOf(path.replace(/\/+/g, '/'))).find((one) => one !== undefined);
  if (excess !== undefined) {
    const what = `the destination of ${keyword}`;
    context.lowering.fail(invalidValue({ what, value: target, hint: `it has ${excess}` }, at));
    return;
  }
  if (words.length + inline.length > 1 && !target.endsWith('/')) {
    context.lowering.warnings.push(
      `${at.file}:${at.line}: ${keyword} has several sources: unless ${destination} is a directory by then, the last one replaces the others (write ${destination}/)`,
    );
  }
  const op: CopyOp = {
    kind: 'copy',
    source,
    patterns,
    ...(fetched !== undefined && { fetched }),
    inline,
    destination: target,
    chown: chown || undefined,
    chmod: chmod || undefined,
    exclude,
    link,
    parents,
    unpack,
    mtime: context.lowering.mtime,
    epoch: context.lowering.input.epoch,
  };
  const flags = [parents && '--parents', chown && `--chown=${chown}`, chmod && `--chmod=${chmod}`].filter(Boolean);
  const names = [...words, ...inline.map(({ name }) => `<<${name}`)];
  const createdBy = [keyword, ...flags, ...names, destination, '# buildkit'].join(' ');
  context.push(state, { op, inputs: from ? [from] : [], text, at, createdBy });
}

/** Keeps what a trailing slash, `.` or `..` at the end says: the destination is a directory. */
function absoluteDestination(destination: string, workdir: string): string {
  const path = resolvePath(destination, workdir);
  const isDirectory = destination === '' || /(^|\/)\.{0,2}$/.test(destination);
  return isDirectory && path !== '/' ? `${path}/` : path;
}
