import { option } from './option.ts';
import { toggle } from './schemas.ts';

const wholeNumber = 'it must be a whole number from 1 to 256';

/** How far a command goes: how much at once, when it stops, what it may do. */
export const runOptions = {
  jobs: option({
    alias: 'j',
    kind: 'string',
    value: 'N',
    example: '2',
    description: 'Work on this many images at once (default: the number of CPUs, at most 4)',
    group: 'How',
    schema: ({ z }) =>
      z.coerce.number(wholeNumber).int(wholeNumber).min(1, wholeNumber).max(256, wholeNumber).optional(),
  }),
  stopOnFirstError: option({
    kind: 'boolean',
    description: 'Start nothing new after an error; --no-stop-on-first-error is --keep-going',
    group: 'How',
    default: 'true',
    negation: 'false',
    schema: toggle,
  }),
  keepGoing: option({
    alias: 'k',
    kind: 'boolean',
    description: 'After an error, continue with images that do not depend on the failed one',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  dryRun: option({
    alias: 'n',
    kind: 'boolean',
    description: 'Show what would be done, and do none of it',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
  check: option({
    kind: 'boolean',
    description: 'Change nothing; exit with 3 if there is something to do',
    group: 'How',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  allowDowngrade: option({
    kind: 'boolean',
    description: 'Also lower references to a newer version than the project has',
    group: 'How',
    default: 'false',
    fromEnvironment: false,
    schema: toggle,
  }),
  allowLostOwners: option({
    kind: 'boolean',
    description: 'Also publish images whose RUN steps could give files to no user but root (see cip doctor)',
    group: 'How',
    default: 'false',
    schema: toggle,
  }),
} as const;
