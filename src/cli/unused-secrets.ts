import { posix } from 'node:path';
import type { Dockerfile, Instruction, RunMount } from '../dockerfile/dockerfile.ts';
import { suggestionFor } from '../dockerfile/suggestion.ts';
import type { Notice } from '../project/project.ts';
import { isLoginSecret } from '../remote/logins.ts';
import { unusedSecret, unusedSsh } from './image-failure.ts';

/** One notice for each secret that no RUN mounts. None where a variable decides what is mounted. */
export function unusedSecrets(given: readonly string[], dockerfiles: Iterable<Dockerfile>): readonly Notice[] {
  const idOf = (mount: RunMount) =>
    mount.id ?? mount.source ?? (mount.target ? posix.basename(mount.target) : mount.env);
  const mountable = given.filter((id) => !isLoginSecret(id));
  return unusedMounts(mountable, dockerfiles, { type: 'secret', idOf, notice: unusedSecret });
}

/** The same of SSH agents. */
export function unusedAgents(given: readonly string[], dockerfiles: Iterable<Dockerfile>): readonly Notice[] {
  return unusedMounts(given, dockerfiles, { type: 'ssh', idOf: ({ id = 'default' }) => id, notice: unusedSsh });
}

function unusedMounts(
  given: readonly string[],
  dockerfiles: Iterable<Dockerfile>,
  kind: {
    readonly type: RunMount['type'];
    readonly idOf: (mount: RunMount) => string | undefined;
    readonly notice: (id: string, meant: string | undefined) => Notice;
  },
): readonly Notice[] {
  if (given.length === 0) return [];
  const mounted = new Set<string>();
  for (const { stages } of dockerfiles) {
    for (const mount of stages.flatMap(({ instructions }) => instructions.flatMap(mountsOf))) {
      if (
        mount.type !== kind.type &&
        !mount.fields.some(({ key, value = '' }) => key === 'type' && value.includes('$'))
      )
        continue;
      const id = kind.idOf(mount);
      if (id === undefined || id.includes('$')) return [];
      mounted.add(id);
    }
  }
  const lacking = [...mounted].filter((id) => !given.includes(id));
  return given.filter((id) => !mounted.has(id)).map((id) => kind.notice(id, suggestionFor(id, lacking)));
}

function mountsOf(instruction: Instruction): readonly RunMount[] {
  const inner = instruction.keyword === 'ONBUILD' ? instruction.instruction : instruction;
  return inner.keyword === 'RUN' ? inner.mounts : [];
}
