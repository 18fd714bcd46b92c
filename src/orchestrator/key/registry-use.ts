import type { Dockerfile, Instruction, KeyValue, Stage } from '../../dockerfile/dockerfile.ts';
import { assertNever } from '../../result.ts';

const registryArgument = 'REGISTRY';

/**
 * Whether the value of REGISTRY can reach the image other than by naming images: through an instruction that expands
 * it, or the environment of a RUN in whose stage it is declared, directly or inside another argument's default.
 * Only then is it part of a build key: the same sources give the same image under any registry.
 */
export function usesRegistry(dockerfile: Dockerfile): boolean {
  const global = new Set([registryArgument]);
  for (const { args } of dockerfile.globalArgs) {
    for (const arg of args) if (mentions(arg.value ?? '', global)) global.add(arg.key);
  }
  const stages = new Map<string, ReadonlySet<string>>();
  for (const stage of dockerfile.stages) {
    const carriers = carriersIn(stage, global, stages);
    if (carriers === undefined) return true;
    if (stage.name !== undefined) stages.set(stage.name, carriers);
  }
  return false;
}

/** The arguments in scope at the end of the stage that carry the value; undefined where one of them is used. */
function carriersIn(
  stage: Stage,
  global: ReadonlySet<string>,
  earlier: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlySet<string> | undefined {
  const base = stage.from.image;
  // A variable may name any stage above.
  const inherited = base.includes('$')
    ? [...earlier.values()].flatMap((names) => [...names])
    : earlier.get(base.toLowerCase());
  const carriers = new Set(inherited ?? []);
  for (const instruction of stage.instructions) {
    if (instruction.keyword === 'ARG') {
      for (const arg of instruction.args) {
        if (!carries(arg, global, carriers)) continue;
        // The history says what other arguments are worth.
        if (arg.key !== registryArgument) return undefined;
        carriers.add(arg.key);
      }
    } else if (instruction.keyword !== 'ONBUILD' && uses(instruction, carriers)) {
      return undefined;
    }
  }
  // Where its triggers run, all that the stage declares is in scope, above them or not.
  const triggers = stage.instructions.flatMap((one) => (one.keyword === 'ONBUILD' ? [one.instruction] : []));
  return triggers.some((trigger) => declaresRegistry(trigger) || uses(trigger, carriers)) ? undefined : carriers;
}

/** `ARG REGISTRY` takes the value given to the build, `ARG X` that of the global X, `ARG X=…` what it is made of. */
function carries(arg: KeyValue, global: ReadonlySet<string>, carriers: ReadonlySet<string>): boolean {
  if (arg.key === registryArgument) return true;
  return arg.value === undefined ? global.has(arg.key) : mentions(arg.value, carriers);
}

function uses(instruction: Instruction, carriers: ReadonlySet<string>): boolean {
  if (carriers.size === 0) return false;
  switch (instruction.keyword) {
    case 'RUN':
      return true;
    case 'COPY':
      // `--from` names an image; where it stands among the flags does not matter to the rest.
      return mentions(withoutFrom(instruction.text), carriers) || bodiesMention(instruction.heredocs, carriers);
    case 'ADD':
      return mentions(instruction.text, carriers) || bodiesMention(instruction.heredocs, carriers);
    case 'ARG':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'ENV':
    case 'EXPOSE':
    case 'HEALTHCHECK':
    case 'LABEL':
    case 'MAINTAINER':
    case 'ONBUILD':
    case 'SHELL':
    case 'STOPSIGNAL':
    case 'USER':
    case 'VOLUME':
    case 'WORKDIR':
      return mentions(instruction.text, carriers);
    default:
      return assertNever(instruction);
  }
}

/** A trigger runs in another Dockerfile, where it may well be used. */
function declaresRegistry(instruction: Instruction): boolean {
  return instruction.keyword === 'ARG' && instruction.args.some((arg) => arg.key === registryArgument);
}

function withoutFrom(text: string): string {
  return text.replace(/(\s)--from=\S+/i, '$1');
}

function bodiesMention(heredocs: readonly { readonly body: string }[], names: ReadonlySet<string>): boolean {
  return heredocs.some((heredoc) => mentions(heredoc.body, names));
}

/** `$NAME`, `${NAME}`, `${NAME:-…}`, at any depth. Errs to yes where the `$` is escaped. */
function mentions(text: string, names: ReadonlySet<string>): boolean {
  for (const [, name] of text.matchAll(/\$\{?(\w+)/g)) if (names.has(name!)) return true;
  return false;
}
