import { formatRegistry } from '../oci/registry-name.ts';
import { failureJson } from '../orchestrator/plan/failure-json.ts';
import { planJson } from '../orchestrator/plan/plan-json.ts';
import { whyJson } from '../orchestrator/plan/why-json.ts';
import { assertNever, type Failure } from '../result.ts';
import type { Invocation } from './invocation.ts';
import { checkOfInvalid } from './render/check.ts';

/**
 * What `--json` prints of a command that ended before it had anything to print: the document of that command with nothing
 * in it but the failures. So there is one document in every ending, except for a command line that is wrong.
 */
export function failedDocument(invocation: Invocation, failures: readonly Failure[]): object {
  const { command, options } = invocation;
  const all = failures.map((failure) => failureJson(failure));
  switch (command) {
    case 'why':
      return whyJson([], failures);
    case 'plan':
      return noPlan(invocation, failures);
    case 'build':
    case 'publish-locally':
    case 'publish':
      return options.dryRun
        ? noPlan(invocation, failures)
        : {
            schema: 'cip.report/v1',
            command,
            registry: registryOf(invocation),
            images: [],
            complete: false,
            made: [],
            tagsMoved: 0,
            tags: [],
            failures: all,
          };
    case 'check':
      return checkOfInvalid(failures);
    case 'cascade-version-updates':
      return { schema: 'cip.cascade/v1', bumps: [], edits: [], files: [], failures: all };
    case 'build-image':
      return { schema: 'cip.image/v1', names: [], pushed: [], failures: all };
    case 'graph':
      return { schema: 'cip.graph/v1', nodes: [], edges: [], external: [], failures: all };
    case 'doctor':
      return { schema: 'cip.doctor/v1', checks: [], failures: all };
    case 'upload-all-to-local-registry':
    case 'pull-latest-from-local-registry':
    case 'pull-latest-from-remote-registry':
    case 'pull':
      return { schema: 'cip.transfer/v1', command, ...nothingCopied, failures: all };
    case 'cache du':
      return { schema: 'cip.cache/v1', command, kinds: [], entries: [], failures: all };
    case 'cache prune':
      return { schema: 'cip.cache/v1', command, freed: 0, entries: [], dryRun: options.dryRun, failures: all };
    case 'cache verify':
      return {
        schema: 'cip.cache/v1',
        command,
        checked: 0,
        size: 0,
        broken: [],
        unpacked: { checked: 0, unknown: 0, broken: [] },
        failures: all,
      };
    case 'image ls':
      return { schema: 'cip.images/v1', command, images: [], failures: all };
    case 'image copy':
      return { schema: 'cip.copy/v1', failures: all };
    case 'push':
      return { schema: 'cip.push/v1', pushed: [], failures: all };
    case 'image inspect':
      return { schema: 'cip.image-content/v1', failures: all };
    case 'image diff':
      return { schema: 'cip.image-diff/v1', failures: all };
    case 'image rm':
      return { schema: 'cip.images/v1', command, removed: [], failures: all };
    case 'registry ls':
      return { schema: 'cip.registry/v1', command, repositories: [], tags: [], failures: all };
    case 'registry rm':
      return { schema: 'cip.registry/v1', command, removed: [], failures: all };
    // They have no `--json`.
    case 'registry serve':
    case 'completion':
    case 'help':
      return { failures: all };
    default:
      return assertNever(command);
  }
}

const nothingCopied = { copied: [], present: [], missing: [], conflicts: [], failed: [], notCopied: [], tags: [] };

function noPlan(invocation: Invocation, failures: readonly Failure[]): object {
  return planJson({
    command: isPublish(invocation) ? 'publish' : 'build',
    registry: registryOf(invocation),
    images: [],
    failures,
    criticalPath: { images: [], duration: 0, isRecorded: false },
  });
}

/** Empty where a publish was not told one. */
function registryOf(invocation: Invocation): string {
  const { localRegistry, remoteRegistry } = invocation.options;
  const isRemote = invocation.command === 'publish' || invocation.positionals[0]?.toLowerCase() === 'publish';
  const registry = isPublish(invocation) && isRemote ? remoteRegistry : localRegistry;
  return registry === undefined ? '' : formatRegistry(registry);
}

function isPublish({ command, positionals }: Invocation): boolean {
  const word = command === 'plan' ? positionals[0]?.toLowerCase() : command;
  return word === 'publish' || word === 'publish-locally';
}
