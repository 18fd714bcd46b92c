import type { Invocation } from './invocation.ts';
import { type PlannedCommand, plannedPublish } from './prepare.ts';

/** The commands that can be planned. */
export const plannable: readonly PlannedCommand['command'][] = ['build', 'publish-locally', 'publish'];

/** The first word is the command where it is one of the three; an image of that name is selected by `build build`. */
export function plannedCommand(
  invocation: Invocation<'remoteRegistry' | 'localRegistry' | 'allowLostOwners'>,
  typed: string,
): { readonly planned: PlannedCommand; readonly selectors: readonly string[] } {
  const [first = '', ...rest] = invocation.positionals;
  const { localRegistry } = invocation.options;
  switch (first.toLowerCase()) {
    case 'publish':
      return { planned: plannedPublish(invocation, `${typed} publish`), selectors: rest };
    case 'publish-locally':
      return { planned: { command: 'publish-locally', registry: localRegistry, lostOwners: 'allow' }, selectors: rest };
    case 'build':
      return { planned: { command: 'build', registry: localRegistry, lostOwners: 'allow' }, selectors: rest };
    default:
      return {
        planned: { command: 'build', registry: localRegistry, lostOwners: 'allow' },
        selectors: invocation.positionals,
      };
  }
}
